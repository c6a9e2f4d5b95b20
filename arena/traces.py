"""What judges believe as a debate goes on: the probability of the right answer round by round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Sample
from arena.samples import samples


class Moment(NamedTuple):
    """After a round, or at the end."""

    round: int
    """0 before anyone spoke; of the verdicts, the last round that anybody had."""
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
    """One for each protocol, cast and judge of a run (by its id) with beliefs on the way (`beliefs = true`).

    A debate that ended early has no part in the means of later rounds; its verdict counts at the end.
    """
    found = samples(engine, run, beliefs=True).items()
    return tuple(
        Trace(group.protocol, group.cast, group.judge, tuple(_moments(sample)))
        for group, sample in found
        if len(sample.beliefs)
    )


def _moments(sample: Sample) -> Iterator[Moment]:
    after = sample.beliefs.whole("after")
    for number in np.unique(after).tolist():
        yield Moment(number, False, _chance(Sample(sample.beliefs.take(after == number))))
    yield Moment(int(sample.records.whole("rounds").max(initial=0)), True, _chance(sample))


def _chance(sample: Sample) -> Figure:
    used = Scores.some(sample, sample.chance)
    return estimate.figure("chance", estimate.averaged(used, (0, 1)), used, len(used.values), (sample,))
