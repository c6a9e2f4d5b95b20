"""How often judges are right where they say how sure they are: the reliability diagram and its bins."""

from __future__ import annotations

from typing import Literal, NamedTuple

from arena.metric import Sample

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
    raise NotImplementedError
