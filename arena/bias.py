"""What turns a judge beside the arguments: where an answer stands, who speaks first, length, tone, a name."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Engine

from arena.metric import Figure

Cause = Literal["position", "label", "first speaker", "last speaker", "length", "tone", "flips"]


class Bias(NamedTuple):
    """One cause before one judge."""

    cause: Cause
    protocol: str
    cast: str
    judge: str
    figure: Figure
    """How much more often the judge decides for an answer that has the cause on its side, in shares of verdicts: 0 is
    no bias. For `length` and `tone`: for one standard deviation more of it than the other side. `flips`: the share of
    verdicts that change when the answers are swapped."""


def biases(engine: Engine, run: str) -> tuple[Bias, ...]:
    """Every cause that can be told apart from the truth, for each protocol, cast and judge. Raises StoreError for an
    unknown run."""
    raise NotImplementedError
