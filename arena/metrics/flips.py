"""The share of verdicts that change when the two answers are shown the other way round.

A judge that reads what is argued and not where it stands has 0; one that always takes the answer shown first has 1.
"""

from __future__ import annotations

import numpy as np

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample
from arena.rulings import Floats, Ints, Mask


class Flips(Metric):
    """Share of pairs of rulings, one in each presentation, whose most probable answers differ.

    Interval as for accuracy. A pair counts where both of its rulings can be read. In an exact tie two verdicts differ
    by the share of their most probable answers that they have not in common (Jaccard 1901): a tie in one of two
    counts one half, and the same tie in both counts 0. In a protocol that plays each order as a match of its own, a
    pair holds two transcripts, so that some of its flips come from what was said and not from the judge.
    """

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The share that flips in `sample`; `against` is not looked at."""
        one, other = _pairs(sample)
        values = np.full(len(sample.records), np.nan)
        values[one] = _differ(sample.best[one], sample.best[other])
        used = Scores.some(sample, values, ~np.isnan(values))
        return estimate.figure(self.label, estimate.mean(used), used, 2 * len(one), (sample,))


def _pairs(sample: Sample) -> tuple[Ints, Ints]:
    """Both orders of a match; where each order is a match, the two of the same question, arm and repeat. Of two rows
    that can be read each, which."""
    rulings = sample.records
    ruled = _numbers([rulings.words("match").codes, rulings.words("judge").codes])
    swapped = np.isin(ruled, ruled[rulings.whole("order") == 1])
    alike = [rulings.words(name).codes for name in ("question", "arm", "protocol", "cast", "judge")]
    other = _numbers([*alike, rulings.whole("repeat")])
    pair = np.where(swapped, ruled, ruled.max(initial=0) + 1 + other)
    rows = np.argsort(pair, kind="stable")
    _, first, count = np.unique(pair[rows], return_index=True, return_counts=True)
    first = first[count == 2]
    one, two = rows[first], rows[first + 1]
    whole = sample.read[one] & sample.read[two]
    return one[whole], two[whole]


def _numbers(columns: list[Ints]) -> Ints:
    """(n,): rows numbered alike where all columns are alike."""
    found: Ints = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].ravel()
    return found


def _differ(one: Mask, other: Mask) -> Floats:
    found: Floats = 1 - (one & other).sum(axis=1) / np.maximum(1, (one | other).sum(axis=1))
    return found
