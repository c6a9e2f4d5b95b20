"""The judge's score in bits: the log of the probability it gave the right answer, less the price of further rounds.

A proper score: a judge does best to state what it believes, and pays for each round that it asks for.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample


class Reward(Metric):
    """Mean of log2 p(right) - price x rounds asked for (Michael 2023), cluster-robust by source as accuracy is.

    The price is the protocol's own: 0.05 bits in Michael 2023, none where a protocol has no price. Deviation: a
    probability below `least` counts as `least`, since a judge whose probabilities are read from a model may state 0,
    and one such ruling would be all that the mean shows.
    """

    least: float = Field(default=0.01, gt=0, lt=1)
    free: int = Field(default=1, ge=0)
    """Rounds that nobody asks for: the first here; 0 in Michael's data, where the judge pays for each round."""

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The mean of `sample`, without rulings that cannot be read; `against` is not looked at."""
        asked = np.maximum(0, sample.records.whole("rounds") - self.free)
        paid = sample.records.number("price") * asked
        used = Scores.some(sample, np.log2(np.maximum(self.least, sample.chance)) - paid)
        span = (float(np.log2(self.least) - paid[sample.read].max(initial=0)), 0.0)
        return estimate.figure(self.label, estimate.mean(used, span), used, len(used.values), (sample,))
