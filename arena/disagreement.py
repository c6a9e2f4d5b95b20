"""The questions on which two protocols disagree: where a difference comes from."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine

from arena.samples import Group


class Dispute(NamedTuple):
    """One question under both."""

    question: str
    """The question's key."""
    text: str
    task: str
    source: str
    one: float
    other: float
    """Mean score of its readable rulings under each."""
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    """The matches under each, by key."""


class Disputes(NamedTuple):
    """A part of all."""

    shared: int
    """Questions with a readable ruling under both."""
    total: int
    """Of these, on how many the scores differ."""
    questions: tuple[Dispute, ...]


def disputes(engine: Engine, one: Group, other: Group, limit: int = 50, offset: int = 0) -> Disputes:
    """The greatest differences first, then in the order of the run; the runs of the groups are ids."""
    raise NotImplementedError
