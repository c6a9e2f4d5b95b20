"""Accuracy against how much stronger the debaters are than the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Engine

from arena.metric import Figure


class Advantage(NamedTuple):
    """One protocol, cast and judge."""

    protocol: str
    cast: str
    judge: str
    debaters: float
    """Mean strength of those that speak."""
    overseer: float
    """The judge's strength."""
    gap: float
    """Debaters minus judge, in the unit of the strengths."""
    accuracy: Figure


def advantages(engine: Engine, run: str, strengths: Mapping[str, float]) -> tuple[Advantage, ...]:
    """One for each protocol, cast and judge all of whose models have a strength.

    `strengths` gives it by model (as `models` names them): an Elo rating, an accuracy without help, parameters.
    """
    raise NotImplementedError


def models(engine: Engine, run: str) -> tuple[str, ...]:
    """The names of the models that speak and judge in a run."""
    raise NotImplementedError
