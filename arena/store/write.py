"""How events become rows: many at a time, in one transaction, and the same ones again change nothing."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arena.match import Ruling
from arena.store import schema
from arena.work import Event


def keep(db: Connection, run: str, events: Sequence[Event]) -> list[Event]:
    """Keep what happened; the events as they were kept, their calls settled."""
    kept = _settled(db, run, events)
    _calls(db, run, kept)
    _turns(db, [event for event in kept if event.turns])
    _over(db, [event for event in kept if event.over])
    _rulings(db, [event.ruling for event in kept if event.ruling])
    _failures(db, kept)
    return kept


def insert(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet, in the order of the keys: writers of the same rows wait for one another in turn."""
    if not rows:
        return
    rows = sorted(rows, key=lambda row: [str(row.get(column.name)) for column in table.primary_key])
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    db.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _settled(db: Connection, run: str, events: Sequence[Event]) -> list[Event]:
    """The events with their calls as the ledger has them.

    Each reply is paid for by one call, the first of those that share it to be kept. Where a process was killed before
    its call was kept, that is the call which finds the reply in the cache. A reply from before the run began is no
    expense of the run.
    """
    table = schema.calls.c
    answered = {call.key for event in events for call in event.calls if call.answered}
    if not answered:
        return list(events)
    began = db.execute(select(schema.runs.c.created).where(schema.runs.c.id == run)).scalar_one()
    kept = db.execute(select(table.key, table.paid, table.uid).where(table.key.in_(answered), ~table.cached))
    payers = {(row.key, row.paid): row.uid for row in kept}
    settled = []
    for event in events:
        calls = []
        for call in event.calls:
            shared = payers.get((call.key, call.paid), call.uid) != call.uid
            cached = call.answered and (shared or (call.cached and call.paid < began))
            if call.answered and not cached:
                payers[call.key, call.paid] = call.uid
            calls.append(call.model_copy(update={"cached": cached}) if call.answered else call)
        settled.append(event.model_copy(update={"calls": tuple(calls)}) if calls else event)
    return settled


def _calls(db: Connection, run: str, events: Sequence[Event]) -> None:
    calls = [(event, call) for event in events for call in event.calls]
    if not calls:
        return
    rows = [
        {**call.model_dump(exclude={"request", "reply"}), "run": run, "match": event.match, "seat": event.seat}
        for event, call in calls
    ]
    insert(db, schema.calls, rows)
    c = schema.calls.c
    ids = {row.uid: row.id for row in db.execute(select(c.uid, c.id).where(c.uid.in_([call.uid for _, call in calls])))}
    bodies = [
        {"call": ids[call.uid], **{name: zlib.compress(getattr(call, name).encode()) for name in ("request", "reply")}}
        for _, call in calls
    ]
    insert(db, schema.bodies, bodies)


def _turns(db: Connection, events: Sequence[Event]) -> None:
    if not events:
        return
    t = schema.turns.c
    mine = t.match.in_({event.match for event in events})
    count = Counter(
        {row.match: row.n for row in db.execute(select(t.match, func.count().label("n")).where(mine).group_by(t.match))}
    )
    rows = []
    for event in events:
        for turn in event.turns:
            told = turn.model_dump(include={"seat", "round", "act", "after"})
            rows.append(
                {**told, "match": event.match, "number": count[event.match], "body": turn.model_dump(mode="json")}
            )
            count[event.match] += 1
    insert(db, schema.turns, rows)


def _over(db: Connection, events: Sequence[Event]) -> None:
    if not events:
        return
    done = (
        update(schema.matches)
        .where(schema.matches.c.key == bindparam("match"))
        .values(over=True, arm=bindparam("side"))
    )
    db.execute(done, [{"match": event.match, "side": event.arm} for event in events])


def _rulings(db: Connection, rulings: Sequence[Ruling]) -> None:
    """Verdicts, and beliefs on the way to one, which have a table of their own."""
    rows = [ruling.model_dump(mode="json") for ruling in rulings]
    insert(db, schema.beliefs, [row for row in rows if row["round"]])
    insert(db, schema.rulings, [_without(row, "round") for row in rows if not row["round"]])


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _failures(db: Connection, events: Sequence[Event]) -> None:
    """Note failures, and that what failed before and has now come about is no failure any more; the row stays."""
    f = schema.failures.c
    named = {event.match for event in events}
    open_ = set(db.scalars(select(f.match).where(f.match.in_(named), ~f.mended).distinct()))
    for event in events:
        if event.match in open_:
            for where in _mended(event):
                wanted = [f.match == event.match, *(f[name] == value for name, value in where.items())]
                db.execute(update(schema.failures).where(*wanted).values(mended=True))
        if event.failure:
            row = {**event.failure.model_dump(mode="json"), "at": time.time(), "mended": False}
            db.execute(schema.failures.insert(), row)
            open_.add(event.match)


def _mended(event: Event) -> Iterator[dict[str, Any]]:
    """Which failures of its match an event takes back: those of the same kind, and those of the whole match."""
    for turn in event.turns:
        yield {"stage": "speak", "seat": turn.seat}
    if event.ruling:
        ruling = event.ruling
        stage = "believe" if ruling.round else "decide"
        yield {"stage": stage, "judge": ruling.judge, "order": ruling.order, "round": ruling.round}
    if event.turns or event.ruling:
        yield {"stage": "speak", "seat": ""}
    if event.failure:
        yield event.failure.model_dump(include={"stage", "seat", "judge", "order", "round"})
