"""The store's writing side: one writer, short transactions, every row unique on its content key.

Writing the same thing twice leaves it as it was, so that resuming is running the same command again.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arena.errors import ConfigError
from arena.experiment import Experiment
from arena.judge import Judge
from arena.match import Failure, Match, Ruling
from arena.nouns import Turn
from arena.plugin import key
from arena.provider import Call
from arena.store import schema
from arena.store.open import connect, guarded, replies, shown, url
from arena.task import Task
from arena.work import Event

__all__ = ["Store", "connect", "guarded", "replies", "shown", "url"]


class Store:
    """Writes what a run brings about. One instance writes at a time: the driver's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._where = engine.url.render_as_string(hide_password=True)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with guarded(self._where), self.engine.execution_options(writes=True).begin() as db:
            yield db

    def start(self, experiment: Experiment, counts: tuple[int, int], provenance: dict[str, Any]) -> str:
        """Note a run, or find it again; `counts` are its matches and rulings. The run's id."""
        config = experiment.model_dump(mode="json")
        row = {
            "id": experiment.id,
            "name": experiment.name,
            "created": time.time(),
            "planned": counts[0],
            "rulings": counts[1],
            "config": config,
            "provenance": provenance,
        }
        seats = [
            {"run": experiment.id, "judge": key(judge), "position": i, "label": label}
            for i, (judge, label) in enumerate(zip(experiment.judges, _apart(experiment.judges), strict=True))
        ]
        with self._begin() as db:
            _same(db, experiment, provenance)
            _insert(db, schema.runs, [row])
            _insert(db, schema.judges, seats)
        return experiment.id

    def seat(self, run: str, judges: Sequence[Judge]) -> None:
        """Add judges to a run that it has not yet. Each is to rule on what the others rule on."""
        j, r = schema.judges.c, schema.runs.c
        with self._begin() as db:
            known = {row.judge: row for row in db.execute(select(schema.judges).where(j.run == run))}
            last = max((row.position for row in known.values()), default=-1)
            taken = [row.label for row in known.values()]
            new = {key(judge): judge for judge in judges if key(judge) not in known}
            labels = _apart(list(new.values()), taken)
            rows = [
                {"run": run, "judge": name, "position": last + i, "label": label}
                for i, (name, label) in enumerate(zip(new, labels, strict=True), start=1)
            ]
            _insert(db, schema.judges, rows)
            each = db.execute(select(r.rulings).where(r.id == run)).scalar_one() // max(1, len(known))
            db.execute(update(schema.runs).where(r.id == run).values(rulings=each * (len(known) + len(new))))

    def add(self, run: str, batch: Sequence[tuple[int, Task, Match]]) -> None:
        """Note matches of a run with their positions, and their questions and passages."""
        rows: dict[Table, list[dict[str, Any]]] = {t: [] for t in (schema.texts, schema.questions, schema.matches)}
        for _, task, match in batch:
            passage = match.question.passage
            if passage is not None:
                rows[schema.texts].append({"key": key(passage), "body": passage})
            rows[schema.questions].append(_question(task, match))
            rows[schema.matches].append(_match(match))
        with self._begin() as db:
            for table, values in rows.items():
                _insert(db, table, values)
            _insert(db, schema.played, [{"run": run, "match": m.key, "position": i} for i, _, m in batch])

    def save(self, run: str, happened: Event) -> Event:
        """Keep one event of a match, whole or not at all; the event as it was kept, its calls settled."""
        with self._begin() as db:
            seat = happened.turns[0].seat if happened.turns else ""
            if happened.turns:
                self._turns(db, happened.match, happened.turns)
            if happened.over:
                found = {"over": True, "arm": happened.arm}
                db.execute(update(schema.matches).where(schema.matches.c.key == happened.match).values(found))
            if happened.ruling:
                seat = f"judge {happened.ruling.judge}"
                self._ruling(db, happened.ruling)
            if happened.failure:
                seat = happened.failure.seat or f"judge {happened.failure.judge}"
                self._failure(db, happened.failure)
            calls = tuple(_settled(db, run, call) for call in happened.calls)
            for call in calls:
                self._call(db, run, happened.match, seat, call)
        return happened.model_copy(update={"calls": calls})

    def _turns(self, db: Connection, match: str, turns: Sequence[Turn]) -> None:
        count = db.scalar(select(func.count()).where(schema.turns.c.match == match)) or 0
        rows = [
            {
                "match": match,
                "seat": turn.seat,
                "round": turn.round,
                "act": turn.act,
                "after": turn.after,
                "number": count + i,
                "body": turn.model_dump(mode="json"),
            }
            for i, turn in enumerate(turns)
        ]
        _insert(db, schema.turns, rows)
        for seat in ("", *(turn.seat for turn in turns)):
            self._mend(db, match, stage="speak", seat=seat)

    def _ruling(self, db: Connection, ruling: Ruling) -> None:
        """A verdict, or a belief on the way to one, which has a table of its own."""
        row = ruling.model_dump(mode="json")
        if ruling.round:
            _insert(db, schema.beliefs, [row])
        else:
            _insert(db, schema.rulings, [{name: value for name, value in row.items() if name != "round"}])
        asked = {"judge": ruling.judge, "order": ruling.order, "round": ruling.round}
        self._mend(db, ruling.match, stage="believe" if ruling.round else "decide", **asked)
        self._mend(db, ruling.match, stage="speak", seat="")

    def _mend(self, db: Connection, match: str, **where: Any) -> None:
        """What failed before and has now come about is no failure any more; the row stays.

        A failure of the whole match, which names no seat, is mended by whatever comes about in it.
        """
        table = schema.failures
        wanted = [table.c.match == match, *(table.c[name] == value for name, value in where.items())]
        db.execute(update(table).where(*wanted).values(mended=True))

    def _failure(self, db: Connection, failure: Failure) -> None:
        same = failure.model_dump(include={"stage", "seat", "judge", "order", "round"})
        self._mend(db, failure.match, **same)
        db.execute(schema.failures.insert(), {**failure.model_dump(mode="json"), "at": time.time(), "mended": False})

    def _call(self, db: Connection, run: str, match: str, seat: str, call: Call) -> None:
        row = call.model_dump(mode="json", exclude={"request", "reply"})
        done = db.execute(schema.calls.insert(), {**row, "run": run, "match": match, "seat": seat})
        number = done.inserted_primary_key[0] if done.inserted_primary_key else None
        body = {name: zlib.compress(getattr(call, name).encode()) for name in ("request", "reply")}
        db.execute(schema.bodies.insert(), {"call": number, **body})


def _settled(db: Connection, run: str, call: Call) -> Call:
    """The call as the ledger has it: each reply is paid for by one call, the first of those that share it to be kept.

    Where a process was killed before its call was kept, that is the call which finds the reply in the cache. A reply
    from before the run began is no expense of the run.
    """
    if not call.answered:
        return call
    table = schema.calls.c
    same = (table.key == call.key) & (table.paid == call.paid) & ~table.cached
    shared = db.scalar(select(table.id).where(same).limit(1)) is not None
    began = db.execute(select(schema.runs.c.created).where(schema.runs.c.id == run)).scalar_one()
    return call.model_copy(update={"cached": shared or (call.cached and call.paid < began)})


def _same(db: Connection, experiment: Experiment, provenance: dict[str, Any]) -> None:
    """A run goes on with the questions that it began with. Raises ConfigError where they have changed since."""
    before = db.scalar(select(schema.runs.c.provenance).where(schema.runs.c.id == experiment.id))
    if before and before.get("data") != provenance.get("data"):
        raise ConfigError(
            f"the questions of run {experiment.id} have changed since it began (a data file, or a newer arena): "
            "give the experiment another `name` to begin a new run; what is the same is not played again"
        )


def _apart(judges: Sequence[Judge], taken: Sequence[str] = ()) -> list[str]:
    """The judges' labels, told apart by their keys where two read the same."""
    labels = [judge.label for judge in judges]
    return [
        f"{label} {key(judge)[:4]}" if [*labels, *taken].count(label) > 1 else label
        for label, judge in zip(labels, judges, strict=True)
    ]


def _cast(match: Match) -> str:
    """Who speaks: one label where all speakers are alike, seat by seat where they are not."""
    labels = {seat: agent.label for seat, agent in match.agents.items()}
    alike = len(set(labels.values())) == 1
    return next(iter(labels.values())) if alike else ", ".join(f"{seat}: {label}" for seat, label in labels.items())


def _insert(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet, in the order of the keys: writers of the same rows wait for one another in turn."""
    if not rows:
        return
    rows = sorted(rows, key=lambda row: [str(row.get(column.name)) for column in table.primary_key])
    dialect = postgresql if db.dialect.name == "postgresql" else sqlite
    db.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _question(task: Task, match: Match) -> dict[str, Any]:
    question = match.question
    row = question.model_dump(mode="json", exclude={"passage"})
    passage = None if question.passage is None else key(question.passage)
    return {**row, "key": key(question), "task": task.name, "passage": passage}


def _match(match: Match) -> dict[str, Any]:
    return {
        "key": match.key,
        "question": key(match.question),
        "protocol": match.protocol.name,
        "label": match.protocol.label,
        "cast": _cast(match),
        "arm": match.arm(),
        "repeat": match.repeat,
        "shown": list(match.shown),
        "defends": match.defends,
        "spec": match.model_dump(mode="json", include={"protocol", "agents", "branch"}),
        "over": match.over(()),
    }
