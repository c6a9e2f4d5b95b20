"""The list of runs, a page at a time: how far each is, who plays it, what it took.

What a run has come to is counted over its rulings and calls, so it is kept: while nothing is written to the store, and
else for seconds where the run may go on, for minutes where it is complete.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from arena.control import SILENT, standing
from arena.store import lease, read
from arena.store import schema as s
from arena.store.read import Counts, Spent
from dashboards import reading

_STILL, _MOVING = 300.0, 3.0
"""Seconds for which the counts of a run hold."""


class Shelved(NamedTuple):
    """One run in the list."""

    id: str
    name: str
    created: float
    """Unix seconds."""
    state: str
    """playing, paused, complete or stopped."""
    counts: Counts
    spent: Spent


class _Known(NamedTuple):
    stamp: str
    """Of the store, when it was counted."""
    until: float
    counts: Counts
    spent: Spent


@reading.kept(3600, 8)
def _known(url: str, file: str) -> dict[str, _Known]:
    """What was counted of the runs of a store: filled here, and forgotten by its dates."""
    return {}


def total(words: str) -> int:
    """How many runs there are whose name or id holds these words."""
    with reading.engine(*reading.place()).connect() as db:
        return int(db.scalar(_named(select(func.count()).select_from(s.runs), words)) or 0)


def shelf(first: int, size: int, words: str) -> list[Shelved]:
    """The runs from the `first` on, newest first, whose name or id holds these words."""
    r = s.runs.c
    columns = (r.id, r.name, r.created, r.planned, r.rulings, r.wanted)
    query = _named(select(*columns), words).order_by(r.created.desc(), r.id).offset(first).limit(size)
    place = reading.place()
    with reading.engine(*place).connect() as db:
        rows = db.execute(query).all()
        alive = {row.id for row in rows if any(p.age < SILENT for p in lease.pulses(db, row.id))}
        known = _fresh(db, _known(*place), rows, alive)
    return [
        Shelved(row.id, row.name, row.created, standing(it.counts, row.wanted, row.id in alive), it.counts, it.spent)
        for row in rows
        for it in [known[row.id]]
    ]


def _named(query: Select[Any], words: str) -> Select[Any]:
    r = s.runs.c
    return query.where(r.name.icontains(words, autoescape=True) | r.id.startswith(words)) if words else query


def _fresh(db: Connection, known: dict[str, _Known], rows: Sequence[Row[Any]], alive: set[str]) -> dict[str, _Known]:
    """What is known of these runs, counted again where it no longer holds."""
    now, stamp = time.monotonic(), reading.stamp()
    old = [row for row in rows if not _holds(known.get(row.id), row.rulings, stamp, now)]
    ids = [row.id for row in old]
    counted, paid = (_counted(db, ids), _paid(db, ids)) if ids else ({}, {})
    for row in old:
        counts = Counts(row.planned, *counted[row.id], row.rulings)
        lasts = _MOVING if row.id in alive or counts.ruled < counts.rulings else _STILL
        known[row.id] = _Known(stamp, now + lasts, counts, paid.get(row.id, Spent(0, 0, 0.0, 0.0)))
    return known


def _holds(one: _Known | None, rulings: int, stamp: str, now: float) -> bool:
    return one is not None and one.counts.rulings == rulings and (one.stamp == stamp or now < one.until)


def _counted(db: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int, int, int]]:
    """Run -> matches over, rulings, unreadable ones, matches that failed: `read.counts`, of many runs at once."""
    p, m, r, j, f = s.played.c, s.matches.c, s.rulings.c, s.judges.c, s.failures.c
    over = (
        select(p.run, func.count())
        .join_from(s.played, s.matches, p.match == m.key)
        .where(p.run.in_(ids), m.over)
        .group_by(p.run)
    )
    ruled = (
        select(p.run, func.count(), func.count().filter(r.state == "unreadable"))
        .join_from(s.played, s.judges, j.run == p.run)
        .join(s.rulings, (r.match == p.match) & (r.judge == j.judge))
        .where(p.run.in_(ids))
        .group_by(p.run)
    )
    own = select(j.judge).where(j.run == p.run).correlate(s.played)
    failed = (
        select(p.run, func.count(f.match.distinct()))
        .join_from(s.failures, s.played, p.match == f.match)
        .where(p.run.in_(ids), ~f.mended, (f.judge == "") | f.judge.in_(own))
        .group_by(p.run)
    )
    done, lost = ({run: int(n) for run, n in db.execute(query)} for query in (over, failed))
    found = {run: (int(n), int(blank)) for run, n, blank in db.execute(ruled)}
    return {run: (done.get(run, 0), *found.get(run, (0, 0)), lost.get(run, 0)) for run in ids}


def _paid(db: Connection, ids: Sequence[str]) -> dict[str, Spent]:
    """Run -> what it has paid for: `read.spent`, of many runs at once."""
    c = s.calls.c
    tokens = func.coalesce(c.prompt_tokens, 0) + func.coalesce(c.completion_tokens, 0)
    query = (
        select(c.run, func.count(), func.sum(tokens), func.sum(c.cost), func.sum(c.latency), _unpriced())
        .where(c.run.in_(ids), ~c.cached, read.ANSWERED)
        .group_by(c.run)
    )
    return {
        run: Spent(calls, int(read_ or 0), None if blank else float(cost or 0), float(seconds or 0))
        for run, calls, read_, cost, seconds, blank in db.execute(query)
    }


def _unpriced() -> Any:
    return func.count().filter(s.calls.c.cost.is_(None))
