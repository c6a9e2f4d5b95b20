"""The expected calibration error: how far judges' sureness is from how often they are right."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from arena import bootstrap, estimate
from arena.calibration import Mass, binned
from arena.estimate import Estimate, Scores
from arena.metric import Figure, Metric, Sample
from arena.rulings import Floats


class Ece(Metric):
    """Mean over rulings of |sureness - share right| of their bin (Naeini 2015), by the most probable answer; a tie is
    right by one half.

    The value is biased upwards, by about 0.05 for 400 rulings of a perfectly calibrated judge, since no bin is exactly
    right. The interval makes up for that: its lower end is the lesser of the percentile and its reflection about the
    value, and 0 where a perfectly calibrated judge would show as much in one of twenty samples; the upper end is the
    percentile of the bootstrap over sources, bins held fixed. Michael 2023 has bins of equal width.
    """

    bins: int = Field(default=10, ge=1)
    mass: Mass = "equal"

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The error of `sample`, without rulings that cannot be read; `against` is not looked at."""
        used = Scores.some(sample, sample.top - sample.score)
        numbers = binned(sample.top[sample.read], self.bins, self.mass)
        found = self._estimate(used, np.eye(self.bins)[numbers] * used.values[:, None])
        how = f"{len(np.unique(numbers))} bins of equal {'mass' if self.mass == 'equal' else 'width'}"
        found = found._replace(method=f"{how}, {found.method}")
        return estimate.figure(self.label, found, used, len(used.values), (sample,))

    def _estimate(self, used: Scores, gaps: Floats) -> Estimate:
        """`gaps` (n, bins) hold each ruling's gap in the column of its bin."""
        columns = np.column_stack([gaps, np.ones(len(gaps))])
        plain = estimate.resampled(used, columns, _error, (0, 1))
        if plain.value is None or plain.low is None or plain.high is None:
            return plain
        table = bootstrap.totals(used.groups(), columns)
        whole = table.sum(axis=0)
        table[:, :-1] -= np.outer(table[:, -1], whole[:-1] / whole[-1])
        chance = float(np.quantile(_error(bootstrap.sums(table)), 0.95))
        low = 0.0 if plain.value <= chance else max(0.0, min(plain.low, 2 * plain.value - plain.high))
        return plain._replace(low=low, high=min(1.0, plain.high))


def _error(sums: Floats) -> Floats:
    """(...,): from sums (..., bins + 1) of gaps by bin and of rulings."""
    found: Floats = np.abs(sums[..., :-1]).sum(axis=-1) / sums[..., -1]
    return found
