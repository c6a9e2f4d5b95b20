"""Which difference an experiment can see, and how many sources a difference needs, before anything is paid."""

from __future__ import annotations

from typing import NamedTuple


class Power(NamedTuple):
    """Of a paired difference between two protocols."""

    sources: int
    spread: float
    """Standard deviation over sources of the paired difference."""
    basis: str
    """Where the spread comes from: a pilot run, or stated accuracies and correlation."""
    smallest: float | None
    """The smallest difference that is seen with 80 % power at 5 %, two-sided; None with fewer than two sources."""
    wanted: float
    """A difference that somebody wants to see."""
    needed: int
    """Sources that `wanted` needs."""


def smallest(sources: int, spread: float, alpha: float = 0.05, power: float = 0.8) -> float | None:
    """The smallest true difference that a two-sided paired t test of `sources` sources sees with this power."""
    raise NotImplementedError


def needed(difference: float, spread: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many sources see a true `difference` with this power."""
    raise NotImplementedError


def spread(one: float, other: float, correlation: float) -> float:
    """Standard deviation of the difference of two scores with these accuracies and this correlation between them."""
    raise NotImplementedError
