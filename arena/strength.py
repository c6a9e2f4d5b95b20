"""Accuracy against how much stronger the debaters are than the judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select

from arena.metric import Figure
from arena.metrics.accuracy import Accuracy
from arena.samples import Group, judges, samples
from arena.store import schema as s


class Advantage(NamedTuple):
    """One protocol, cast and judge."""

    protocol: str
    cast: str
    judge: str
    debaters: float
    """Mean strength of those that speak."""
    overseer: float
    """The judge's strength, the mean of its models'."""
    gap: float
    """Debaters minus judge, in the unit of the strengths."""
    accuracy: Figure


class Players(NamedTuple):
    """Who speaks and who judges: the models' names, and the label of one that has no model."""

    debaters: tuple[str, ...]
    judge: tuple[str, ...]


def advantages(engine: Engine, run: str, strengths: Mapping[str, float]) -> tuple[Advantage, ...]:
    """One for each protocol, cast and judge of a run (by its id) in which somebody speaks and all have a strength.

    `strengths` gives it by the names of `models`: an Elo rating, an accuracy without help, the log of parameters.
    """
    known = players(engine, run)
    found = []
    for group, sample in samples(engine, run).items():
        who = known[group]
        if who.debaters and all(name in strengths for part in who for name in part):
            debaters, overseer = (fmean(strengths[name] for name in part) for part in who)
            place = (group.protocol, group.cast, group.judge)
            found.append(Advantage(*place, debaters, overseer, debaters - overseer, Accuracy().measure(sample)))
    return tuple(found)


def models(engine: Engine, run: str) -> tuple[str, ...]:
    """The names of those that speak and judge in a run (by its id), sorted."""
    return tuple(sorted({name for who in players(engine, run).values() for part in who for name in part}))


def players(engine: Engine, run: str) -> dict[Group, Players]:
    """Who takes part in each protocol, cast and judge of a run (by its id)."""
    speakers, overseers = _speakers(engine, run), _overseers(engine, run)
    return {
        Group(run, label, judge, cast): Players(names, overseers[judge])
        for (label, cast), names in speakers.items()
        for judge in overseers
    }


def _speakers(engine: Engine, run: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """By protocol and cast, from the first match of each."""
    m, p = s.matches.c, s.played.c
    mine = select(func.min(m.key)).join(s.played, p.match == m.key).where(p.run == run).group_by(m.label, m.cast)
    with engine.connect() as db:
        rows = db.execute(select(m.label, m.cast, m.spec).where(m.key.in_(mine))).all()
    return {
        (row.label, row.cast): tuple(
            sorted({name for agent in row.spec["agents"].values() for name in [*_models(agent)] or [row.cast]})
        )
        for row in rows
    }


def _models(agent: Mapping[str, Any]) -> Iterator[str]:
    """The model that an agent speaks with, also where another agent drafts for it; not that of a judge it holds."""
    if isinstance(agent.get("model"), dict):
        yield str(agent["model"].get("model") or agent["model"].get("use"))
    elif isinstance(agent.get("agent"), dict):
        yield from _models(agent["agent"])


def _overseers(engine: Engine, run: str) -> dict[str, tuple[str, ...]]:
    """Label -> the models that a judge of the run has called."""
    labels = judges(engine, run)
    c, p = s.calls.c, s.played.c
    seats = {f"judge {key}": label for key, label in labels.items()}
    query = (
        select(c.seat, c.model)
        .join(s.played, p.match == c.match)
        .where(p.run == run, c.seat.in_(seats), c.model != "")
        .distinct()
    )
    found: dict[str, set[str]] = defaultdict(set)
    with engine.connect() as db:
        for seat, model in db.execute(query):
            found[seats[seat]].add(model)
    return {label: tuple(sorted(found[label])) or (label,) for label in labels.values()}
