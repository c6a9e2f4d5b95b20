"""What judges believe as a debate goes on: the probability of the right answer round by round."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine

from arena.metric import Figure


class Moment(NamedTuple):
    """After a round, or at the end."""

    round: int
    """0 before anyone spoke."""
    final: bool
    """The verdict, whatever number of rounds there were; else a belief on the way."""
    chance: Figure
    """Mean probability of the right answer."""


class Trace(NamedTuple):
    """One protocol, cast and judge."""

    protocol: str
    cast: str
    judge: str
    moments: tuple[Moment, ...]


def traces(engine: Engine, run: str) -> tuple[Trace, ...]:
    """One for each protocol, cast and judge with beliefs on the way (`beliefs = true`)."""
    raise NotImplementedError
