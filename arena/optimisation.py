"""What happens to the truth as a speaker is optimised harder against the judge: best of n, exact from one pool."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Engine

from arena.metric import Figure


class Point(NamedTuple):
    """Best of n."""

    n: int
    kl: float
    """How far the best of n is from a single draw, in nats; charts draw its square root."""
    proxy: Figure
    """What is optimised: the judge's probability of the answer argued for."""
    gold: Figure | None
    """The truth; None for an n at which nothing was judged."""


class Curve(NamedTuple):
    """One protocol, cast and judge."""

    protocol: str
    cast: str
    judge: str
    pool: Literal["drafts", "transcripts"]
    """`drafts`: the scored drafts of every turn, gold is the share of verdicts for the truth where n drafts were made.
    `transcripts`: whole transcripts on one question for each answer argued for, gold is whether the one kept argues for
    the truth."""
    points: tuple[Point, ...]


def curves(engine: Engine, run: str) -> tuple[Curve, ...]:
    """The curves of a run: one for each protocol, cast and judge with a pool. Raises StoreError for an unknown run."""
    raise NotImplementedError
