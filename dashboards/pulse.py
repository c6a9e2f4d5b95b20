"""How a run goes now: its state as `arena status` tells it, and its last calls by the minute."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Integer, cast, func, select

from arena import control
from arena.store import read
from arena.store import schema as s
from dashboards import reading
from dashboards.reading import Run, kept

_CALLS = 50_000
"""The last so many calls of the store are looked at, so that a long run costs no more than a short one."""
_MINUTES = 60


class Minute(NamedTuple):
    """The calls that began in one minute."""

    at: float
    """When it began, in Unix seconds."""
    calls: int
    errors: int
    """Of these, how many brought no reply."""
    tokens: int


def state(run: Run) -> dict[str, Any]:
    """How far a run is, what it has paid, and who plays it."""
    return _state(run.url, run.file, run.id, int(time.monotonic()))


@kept(10)
def _state(url: str, file: str, run: str, second: int) -> dict[str, Any]:
    return control.state(reading.engine(url, file), run)


def minutes(run: Run) -> Sequence[Minute]:
    """The last minutes in which calls began, oldest first; those without a call are there with 0."""
    return _minutes(run.url, run.file, run.id, int(time.monotonic()) // 5)


@kept(30)
def _minutes(url: str, file: str, run: str, moment: int) -> tuple[Minute, ...]:
    c = s.calls.c
    last = (
        select(c.started, read.ANSWERED.label("answered"), c.prompt_tokens, c.completion_tokens)
        .where(c.run == run, ~c.cached, c.id > select(func.max(c.id)).scalar_subquery() - _CALLS)
        .subquery()
    )
    tokens = func.coalesce(last.c.prompt_tokens, 0) + func.coalesce(last.c.completion_tokens, 0)
    minute = cast(last.c.started / 60, Integer)
    query = select(minute, func.count(), func.count().filter(~last.c.answered), func.sum(tokens)).group_by(minute)
    with reading.engine(url, file).connect() as db:
        found = {int(at): (int(n), int(lost), int(read_ or 0)) for at, n, lost, read_ in db.execute(query)}
    end = max(found, default=0)
    start = max(min(found, default=0), end - _MINUTES)
    return tuple(Minute(60.0 * at, *found.get(at, (0, 0, 0))) for at in range(start, end + 1)) if found else ()
