"""Bits per round: how much a round of argument moves the judge towards the right answer."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample
from arena.rulings import Floats, Ints, Mask


class Bits(Metric):
    """Sum of log2 p_final - log2 p_first over the sum of rounds (Michael 2023), by the bootstrap over sources.

    p is that of the right answer; first is the earliest belief of the same judge on the same transcript and
    presentation: before anyone spoke where that was asked, else after the first round. The rounds are those between it
    and the verdict. A probability below `least` counts as `least`.
    """

    least: float = Field(default=1e-4, gt=0, lt=1)

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """Of the rulings of `sample` with a belief on the way; `against` is not looked at."""
        first, after = _first(sample)
        rounds = (sample.records.whole("rounds") - after).astype(np.float64)
        gain = np.log2(np.maximum(self.least, sample.chance)) - np.log2(np.maximum(self.least, first))
        which = sample.read & ~np.isnan(first) & (rounds > 0)
        used = Scores.some(sample, gain, which)
        columns = np.stack([gain[which], rounds[which]], axis=1)
        most = -float(np.log2(self.least))
        found = estimate.resampled(used, columns, _rate, (-most, most))
        if not len(used.values):
            found = found._replace(method="needs beliefs on the way (`beliefs = true`)")
        return estimate.figure(self.label, found, used, len(used.values), (sample,))


def _rate(sums: Floats) -> Floats:
    found: Floats = sums[..., 0] / sums[..., 1]
    return found


def _first(sample: Sample) -> tuple[Floats, Ints]:
    """(n,) each: the probability of the right answer in the earliest readable belief that belongs to a ruling, NaN
    where there is none, and after which round it was held."""
    beliefs = Sample(sample.beliefs)
    held = _names(beliefs, beliefs.read)
    after = beliefs.records.whole("after")[beliefs.read]
    earliest: dict[tuple[str, str, int], int] = {}
    for row in np.argsort(-after, kind="stable").tolist():
        earliest[held[row]] = row
    rows = [earliest.get(name, -1) for name in _names(sample, np.ones_like(sample.read))]
    chance = np.append(beliefs.chance[beliefs.read], np.nan)
    return chance[rows], np.append(after, 0)[rows]


def _names(sample: Sample, which: Mask) -> list[tuple[str, str, int]]:
    """Match, judge and order of each ruling."""
    taken = sample.records.take(which)
    return list(
        zip(taken.words("match").list(), taken.words("judge").list(), taken.whole("order").tolist(), strict=True)
    )
