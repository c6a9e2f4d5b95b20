"""The store's writing side: one writer, short transactions, every row unique on its content key.

Writing the same thing twice leaves it as it was, so that resuming is running the same command again.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select, update

from arena.errors import ConfigError, StoreError
from arena.experiment import Experiment
from arena.judge import Judge
from arena.match import Match
from arena.plugin import key
from arena.store import lease, read, rows, schema, write
from arena.store.open import connect, guarded, replies, shown, url
from arena.store.write import insert
from arena.task import Task
from arena.work import Event, Reply

__all__ = ["Store", "connect", "guarded", "replies", "shown", "url"]

T = TypeVar("T")

_PATIENCE = 600.0
"""Seconds for which a lost connection is waited for."""
_PAUSE = 1.0
"""Seconds between two tries."""


class Store:
    """Writes what a run brings about. Several drivers may write at once, each with a store of its own.

    Where the connection is lost, what was to be done is tried again for a while: each is one transaction that may be
    done twice.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.who = lease.holder()
        """The name by which its leases go."""
        self._where = engine.url.render_as_string(hide_password=True)
        self._leased: set[str] = set()
        self._turn = threading.RLock()
        """Held from a write to what is noted of it here: writes come from several threads."""
        self._hurried = threading.Event()

    def hurry(self) -> None:
        """Wait for no lost connection any more."""
        self._hurried.set()

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
            for i, (judge, label) in enumerate(zip(experiment.judges, rows.apart(experiment.judges), strict=True))
        ]

        def note(db: Connection) -> None:
            _same(db, experiment, provenance)
            insert(db, schema.runs, [row])
            insert(db, schema.judges, seats)
            lease.wish(db, experiment.id, "run")
            if job := os.environ.get("ARENA_JOB"):
                db.execute(update(schema.runs).where(schema.runs.c.id == experiment.id).values(job=json.loads(job)))

        self._write(note)
        return experiment.id

    def seat(self, run: str, judges: Sequence[Judge]) -> None:
        """Add judges to a run that it has not yet. Each is to rule on what the others rule on."""
        self._write(lambda db: _seat(db, run, judges))

    def add(self, run: str, batch: Sequence[tuple[int, Task, Match]]) -> None:
        """Note matches of a run with their positions, and their questions and passages."""
        found = rows.matches(run, [(i, task.name, match) for i, task, match in batch])

        def note(db: Connection) -> None:
            for table, values in found.items():
                insert(db, table, values)

        self._write(note)

    def wish(self, run: str, wanted: lease.Wish) -> None:
        """Ask the run's drivers for something, wherever they are."""
        self._write(lambda db: lease.wish(db, run, wanted))

    def claim(self, matches: Sequence[str]) -> set[str]:
        """Take those of the matches that no other driver has; which ones they are."""
        with self._turn:
            held = self._write(lambda db: lease.claim(db, self.who, matches))
            self._leased |= held
        return held

    def release(self, matches: Sequence[str]) -> None:
        """Give matches back."""
        with self._turn:
            if matches:
                self._write(lambda db: lease.release(db, self.who, matches))
            self._leased.difference_update(matches)

    def beat(self, run: str, body: dict[str, Any]) -> lease.Wish:
        """Renew the leases and say how the driver goes; what it is asked for. Raises StoreError for a lost lease."""
        with self._turn:
            return self._write(lambda db: lease.beat(db, run, self.who, len(self._leased), body))

    def end(self, run: str) -> None:
        """The driver is done. Where the store cannot be reached its leases expire."""
        with contextlib.suppress(StoreError):
            self._write(lambda db: lease.end(db, run, self.who))
        self._leased.clear()

    def progress(self, matches: Sequence[str]) -> dict[str, read.Progress]:
        """What is there of each of these matches."""
        return self._patiently(lambda: read.progress(self.engine, matches))

    def replies(self, matches: Sequence[str]) -> dict[str, list[Reply]]:
        """Every reply to calls of these matches, so that going on asks for none again, on whatever machine."""
        return self._patiently(lambda: read.replies(self.engine, matches)) if matches else {}

    def save(self, run: str, events: Sequence[Event]) -> list[Event]:
        """Keep what happened, all of it or nothing; the events as they were kept, their calls settled."""
        ended = [event.match for event in events if event.ended]

        def keep(db: Connection) -> list[Event]:
            kept = write.keep(db, run, events)
            if ended:
                lease.release(db, self.who, ended)
            return kept

        with self._turn:
            kept = self._write(keep)
            self._leased.difference_update(ended)
        return kept

    def _write(self, action: Callable[[Connection], T]) -> T:
        """In one transaction."""

        def write() -> T:
            with self.engine.execution_options(writes=True).begin() as db:
                return action(db)

        return self._patiently(write)

    def _patiently(self, action: Callable[[], T]) -> T:
        """Try again while the connection is lost. Raises StoreError."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                with guarded(self._where):
                    return action()
            except StoreError as error:
                if not error.passing or time.monotonic() > until or self._hurried.wait(_PAUSE):
                    raise


def _seat(db: Connection, run: str, judges: Sequence[Judge]) -> None:
    j, r = schema.judges.c, schema.runs.c
    known = {row.judge: row for row in db.execute(select(schema.judges).where(j.run == run))}
    last = max((row.position for row in known.values()), default=-1)
    taken = [row.label for row in known.values()]
    new = {key(judge): judge for judge in judges if key(judge) not in known}
    labels = rows.apart(list(new.values()), taken)
    seats = [
        {"run": run, "judge": name, "position": last + i, "label": label}
        for i, (name, label) in enumerate(zip(new, labels, strict=True), start=1)
    ]
    insert(db, schema.judges, seats)
    wanted, config = db.execute(select(r.rulings, r.config).where(r.id == run)).one()
    each = config.get("each", wanted // max(1, len(known)))  # who judged an imported run did not judge all of it
    db.execute(update(schema.runs).where(r.id == run).values(rulings=wanted + each * len(new)))


def _same(db: Connection, experiment: Experiment, provenance: dict[str, Any]) -> None:
    """A run goes on with the questions that it began with. Raises ConfigError where they have changed since."""
    before = db.scalar(select(schema.runs.c.provenance).where(schema.runs.c.id == experiment.id))
    if before and before.get("data") != provenance.get("data"):
        raise ConfigError(
            f"the questions of run {experiment.id} have changed since it began (a data file, or a newer arena): "
            "give the experiment another `name` to begin a new run; what is the same is not played again"
        )
