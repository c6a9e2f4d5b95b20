"""The logarithmic score: the log of the probability that the right answer was given, in bits."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample


class LogScore(Metric):
    """Mean of log2 p(right) (Good 1952), with an interval by the bootstrap over sources.

    0 is certainty of the right answer, -1 is no opinion between two; higher is better. A probability below `least`
    counts as `least`, since one that is read from a model may be 0.
    """

    least: float = Field(default=1e-4, gt=0, lt=1)

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The mean of `sample`, without rulings that cannot be read; `against` is not looked at."""
        used = Scores.some(sample, np.log2(np.maximum(self.least, sample.chance)))
        found = estimate.averaged(used, (float(np.log2(self.least)), 0))
        return estimate.figure(self.label, found, used, len(used.values), (sample,))
