"""The samples of runs: which rulings belong together, and which never came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Engine

from arena.metric import Sample


class Group(NamedTuple):
    """Whose rulings a sample holds."""

    run: str
    protocol: str
    judge: str
    cast: str
    """Empty where nobody speaks."""


def samples(engine: Engine, run: str, beliefs: bool = False) -> Mapping[Group, Sample]:
    """What is there of each protocol, cast and judge of a run (by its id), in the order of the matches and then of the
    judges; with what judges held on the way if `beliefs` says so."""
    raise NotImplementedError
