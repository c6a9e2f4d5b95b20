"""The Brier score: how far the probability of the right answer is from 1, squared."""

from __future__ import annotations

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample


class Brier(Metric):
    """Mean of (1 - p(right))^2 (Brier 1950), with an interval by the bootstrap over sources.

    0 is certainty of the right answer, 0.25 is no opinion between two, 1 is certainty of a wrong one; lower is better.
    With two answers this is scikit-learn's `brier_score_loss`; the sum over both answers would be twice as much.
    """

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The mean of `sample`, without rulings that cannot be read; `against` is not looked at."""
        used = Scores.some(sample, (1 - sample.chance) ** 2)
        return estimate.figure(self.label, estimate.averaged(used, (0, 1)), used, len(used.values), (sample,))
