"""How strong debaters and judges are, on Elo's scale, from who turned which verdict."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine


class Rating(NamedTuple):
    """How strong one player is, in Elo points (400 for odds ten times as good) above the mean of its list."""

    name: str
    value: float
    low: float | None
    high: float | None
    """95 % interval by the bootstrap over sources; None where there is one source."""
    games: int
    """Verdicts that it took part in."""


class Ratings(NamedTuple):
    """The ratings of a run."""

    debaters: tuple[Rating, ...]
    """Whichever side they argued for."""
    right: tuple[Rating, ...]
    """As speakers for a right answer."""
    wrong: tuple[Rating, ...]
    """As speakers for a wrong answer: a Houdini rating (Engels 2025)."""
    judges: tuple[Rating, ...]
    """A Guard rating (Engels 2025): how well a judge tells right from wrong against these speakers."""
    connected: bool
    """Whether every two debaters are linked by verdicts, directly or through others; else their ratings cannot be
    compared across `components`."""
    components: tuple[tuple[str, ...], ...]
    """The debaters that can be compared, group by group."""
    unbeaten: tuple[str, ...]
    """Debaters that won or lost every game: only the ridge keeps their ratings finite."""


def ratings(engine: Engine, run: str) -> Ratings:
    """The ratings of the speakers and judges of a run. Raises StoreError for an unknown run."""
    raise NotImplementedError
