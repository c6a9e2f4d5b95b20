"""The share of verdicts that change when the two answers are shown the other way round.

A judge that reads what is argued and not where it stands has 0; one that always takes the answer shown first has 1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from arena import estimate
from arena.estimate import Scored
from arena.metric import Figure, Metric, Sample
from arena.store.read import Record


class Flips(Metric):
    """Share of pairs of rulings, one in each presentation, whose most probable answers differ.

    Interval as for accuracy. A pair counts where both of its rulings can be read. In an exact tie two verdicts differ
    by the share of their most probable answers that they have not in common (Jaccard 1901): a tie in one of two
    counts one half, and the same tie in both counts 0. In a protocol that plays each order as a match of its own, a
    pair holds two transcripts, so that some of its flips come from what was said and not from the judge.
    """

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The share that flips in `sample`; `against` is not looked at."""
        used = [Scored(one.question, one.source, _differ(one, other)) for one, other in _pairs(sample.records)]
        return estimate.figure(self.label, estimate.mean(used), used, 2 * len(used), (sample,))


def _pairs(records: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Both orders of a match; where each order is a match, the two of the same question, arm and repeat."""
    swapped = {(r.match, r.judge) for r in records if r.order == 1}
    found: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for r in records:
        one = (r.match,) if (r.match, r.judge) in swapped else (r.question, r.arm, str(r.repeat))
        found[(r.protocol, r.cast, r.judge, *one)].append(r)
    return [(pair[0], pair[1]) for pair in found.values() if [r.state for r in pair] == ["read", "read"]]


def _differ(one: Record, other: Record) -> float:
    a, b = ({i for i, p in enumerate(r.p) if p == max(r.p)} for r in (one, other))
    return 1 - len(a & b) / len(a | b)
