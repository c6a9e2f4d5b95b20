"""How often judges are right where they say how sure they are: the reliability diagram and its bins."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from arena import estimate
from arena.estimate import Scores
from arena.metric import Sample
from arena.rulings import Floats, Ints

Mass = Literal["equal", "width"]
"""How bins are cut: so that each holds as many rulings, or into equal parts of the scale."""


class Bin(NamedTuple):
    """Rulings of one judge that are about as sure as one another."""

    low: float
    high: float
    """The least and the greatest probability that a ruling of the bin gave its most probable answer."""
    mean_p: float
    """What they said on average."""
    share_right: float
    """How often they were right; a tie counts one half."""
    share_low: float | None
    share_high: float | None
    """The 95 % interval of `share_right`, by source; None where there is one source."""
    rulings: int
    sources: int


def reliability(sample: Sample, bins: int = 10, mass: Mass = "equal") -> tuple[Bin, ...]:
    """The readable rulings of a sample in up to `bins` bins by the probability of their most probable answer, the least
    sure first."""
    sure, used = sample.top[sample.read], Scores.some(sample, sample.score)
    numbers = binned(sure, bins, mass)
    return tuple(_bin(sure[numbers == one], used.take(numbers == one)) for one in np.unique(numbers))


def binned(sure: Floats, bins: int, mass: Mass) -> Ints:
    """(n,): the bin of each probability, numbered from 0; some may be empty.

    Equal probabilities share a bin: of equal mass, bins are cut at quantiles as scikit-learn's `calibration_curve`
    does, so that there are fewer where many probabilities are equal. Of equal width, a probability on an edge belongs
    to the bin above it.
    """
    if not len(sure):
        return np.zeros(0, dtype=np.int64)
    if mass == "width":
        return np.minimum(np.floor(np.round(sure * bins, 9)), bins - 1).astype(np.int64)
    edges = np.quantile(sure, np.arange(1, bins) / bins)
    return np.searchsorted(edges, sure).astype(np.int64)


def _bin(sure: Floats, used: Scores) -> Bin:
    share = estimate.mean(used)
    return Bin(
        low=float(sure.min()),
        high=float(sure.max()),
        mean_p=float(sure.mean()),
        share_right=float(used.values.mean()),
        share_low=share.low,
        share_high=share.high,
        rulings=len(sure),
        sources=len(np.unique(used.sources.codes)),
    )
