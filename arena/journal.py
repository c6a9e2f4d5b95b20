"""The journal of a run: a line of JSON for everything that happens, with the ids of run, match and call.

It lies beside an SQLite store, and in the user's cache where the store is a server; `arena logs` shows it. The store is
the truth: a journal that cannot be written is left out, and loses no result.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from arena.store.db import replies
from arena.work import Event


def place(engine: Engine, run: str) -> Path:
    """Where the journal of a run lies on this machine."""
    beside = replies(engine)
    return beside.with_name(f"{beside.name.removesuffix('.replies')}.logs") / f"{run}.jsonl"


class Journal:
    """Appends; the lines of one event come together."""

    def __init__(self, engine: Engine, run: str) -> None:
        self._run = run
        path = place(engine, run)
        self._file = None
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        self.write("began")

    def note(self, event: Event) -> None:
        """Something happened and has been saved."""
        for what, fields in _lines(event):
            self.write(what, match=event.match, **fields)

    def write(self, what: str, **fields: Any) -> None:
        """A line: when, what, the run, and whatever else there is."""
        if self._file is None:
            return
        line = json.dumps({"at": round(time.time(), 3), "event": what, "run": self._run, **fields}, ensure_ascii=False)
        with contextlib.suppress(OSError):
            self._file.write(f"{line}\n")

    def flush(self) -> None:
        """Bring it to the disk, for those who follow it."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.flush()

    def close(self) -> None:
        """The driver is done."""
        self.write("ended")
        self.flush()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


_CALL = ("model", "status", "cached", "retries", "latency", "prompt_tokens", "completion_tokens", "cost", "error")


def _lines(event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
    for call in event.calls:
        yield "call", {"call": call.uid, "seat": event.seat, **{name: getattr(call, name) for name in _CALL}}
    for turn in event.turns:
        yield "turn", {"seat": turn.seat, "round": turn.round, "outcomes": turn.outcomes}
    if event.ruling:
        ruling = event.ruling
        yield "ruling", {"judge": ruling.judge, "order": ruling.order, "round": ruling.round, "state": ruling.state}
    if event.failure:
        yield "failure", event.failure.model_dump(include={"stage", "seat", "judge", "kind", "message", "passing"})
    if event.ended:
        yield "match ended", {}
