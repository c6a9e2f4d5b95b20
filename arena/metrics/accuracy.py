"""The share of rulings that are right.

A ruling is right where the right answer is the most probable one; an exact tie counts one half. Every ruling weighs the
same: both orders and all repeats, and in a consultancy those on a consultant who argues for the right answer and those
on one who argues for a wrong one. Both are always played, so that their mean is what a judge reaches who does not know
which one it hears; where failures took more of one arm than of the other, the figures of the two arms say more.
"""

from __future__ import annotations

from arena import estimate
from arena.metric import Figure, Metric, Sample


class Accuracy(Metric):
    """Mean score, cluster-robust by source (Liang & Zeger 1986); Wilson (1927) where a source has one ruling."""

    failures: estimate.Failures = "excluded"
    """`wrong` scores rulings that cannot be read, and those that never came about, 0."""

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The accuracy of `sample`; `against` is not looked at."""
        used = estimate.scored(sample, self.failures)
        read = int(sample.read.sum())
        found = estimate.mean(used)
        if self.failures == "wrong" and len(used.values) > read:
            found = found._replace(method=f"{found.method}; {len(used.values) - read} failures counted wrong")
        return estimate.figure(self.label, found, used, read, (sample,))
