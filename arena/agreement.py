"""How far judges agree on the same transcripts: Krippendorff's alpha of all, Cohen's kappa of every two."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Engine

from arena.metric import Figure

Kinds = Literal["human-human", "human-model", "model-model"]


class Kappa(NamedTuple):
    """Two judges."""

    one: str
    other: str
    kinds: Kinds
    kappa: Figure
    """Cohen's kappa; `rulings` are the transcripts that both ruled on."""
    same: float | None
    """The share of these on which they decide alike."""


class Agreement(NamedTuple):
    """The judges of a run; by protocol where a name is given, of all protocols where it is empty."""

    protocol: str
    alpha: Figure
    """Krippendorff's, nominal; 1 is full agreement and 0 is chance."""
    pairs: tuple[Kappa, ...]


def agreement(engine: Engine, run: str) -> tuple[Agreement, ...]:
    """Of all protocols together, then of each. Empty where there are fewer than two judges."""
    raise NotImplementedError
