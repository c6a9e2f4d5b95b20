"""Who plays what: drivers take matches by leases that expire, say how they go, and read what they are asked for.

Times are those of the database's clock, so that drivers on several hosts need not agree on theirs.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, Float, delete, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from arena.errors import StoreError
from arena.store import schema as s

LASTS = 30.0
"""Seconds that a lease holds when it is not renewed."""

Wish = Literal["run", "pause", "cancel"]


class Pulse(NamedTuple):
    """How one driver of a run goes, as it last said."""

    run: str
    holder: str
    age: float
    """Seconds since then."""
    body: dict[str, Any]


def holder() -> str:
    """A new name in this process: host, process space and number, and when it began, as numbers are used again."""
    return f"{uuid4().hex[:8]}@{_host()}:{os.getpid()}:{_began(os.getpid())}"


def _host() -> str:
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()}/{space.stat().st_ino if space.exists() else 0}"


def _began(pid: int) -> str:
    """In ticks since the machine was started; empty where the process has ended, or the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


def gone(name: str) -> bool:
    """Whether a holder is a process of this host that has ended."""
    host, pid, began = name.partition("@")[2].rsplit(":", 2)
    return host == _host() and bool(began) and _began(int(pid)) != began


def now(db: Connection) -> Any:
    """The database's clock, in Unix seconds."""
    text = "extract(epoch from clock_timestamp())"
    return literal_column(text if db.dialect.name == "postgresql" else "(julianday('now') - 2440587.5) * 86400", Float)


def claim(db: Connection, who: str, matches: Sequence[str]) -> set[str]:
    """Take those of the matches that nobody else has; which ones they are."""
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert
    free = {name for name in db.scalars(select(s.leases.c.holder).distinct()) if gone(name)}
    db.execute(delete(s.leases).where(s.leases.c.holder.in_(free)))
    told = {"holder": who, "until": now(db) + LASTS}
    mine = (s.leases.c.holder == who) | (s.leases.c.until < now(db))
    row = insert(s.leases).values(**told).on_conflict_do_update(index_elements=["match"], set_=told, where=mine)
    db.execute(row, [{"match": match} for match in sorted(matches)])  # sorted: two drivers cannot wait for each other
    held = select(s.leases.c.match).where(s.leases.c.match.in_(matches), s.leases.c.holder == who)
    return set(db.scalars(held))


def release(db: Connection, who: str, matches: Iterable[str] | None = None) -> None:
    """Give matches back, or all that one has."""
    mine = [s.leases.c.holder == who]
    db.execute(delete(s.leases).where(*mine, *([] if matches is None else [s.leases.c.match.in_(list(matches))])))


def beat(db: Connection, run: str, who: str, leased: int, body: dict[str, Any]) -> Wish:
    """Renew one's leases, say how one goes, and read what the run's drivers are asked for.

    Raises StoreError where another driver has taken matches over, as this one was not heard of for too long.
    """
    held = db.execute(update(s.leases).where(s.leases.c.holder == who).values(until=now(db) + LASTS)).rowcount
    if held < leased:
        raise StoreError(
            f"{leased - held} matches of run {run} were taken over by another driver, because this one was not heard "
            f"of for {LASTS:.0f} s (a sleeping machine?); nothing is lost: run it again to go on"
        )
    insert = (postgresql if db.dialect.name == "postgresql" else sqlite).insert
    told = {"at": now(db), "body": body}
    row = insert(s.pulses).values(run=run, holder=who, **told)
    db.execute(row.on_conflict_do_update(index_elements=["run", "holder"], set_=told))
    return wished(db, run)


def wished(db: Connection, run: str) -> Wish:
    """What the run's drivers are asked for."""
    found: Wish = db.execute(select(s.runs.c.wanted).where(s.runs.c.id == run)).scalar_one()
    return found


def wish(db: Connection, run: str, wanted: Wish) -> None:
    """Ask the run's drivers, wherever they are."""
    db.execute(update(s.runs).where(s.runs.c.id == run).values(wanted=wanted))


def end(db: Connection, run: str, who: str) -> None:
    """A driver is done: its leases and its pulse go."""
    release(db, who)
    db.execute(delete(s.pulses).where(s.pulses.c.run == run, s.pulses.c.holder == who))


def pulses(db: Connection, run: str) -> list[Pulse]:
    """How the drivers of a run go, those that have ended without a word left out, newest first."""
    p = s.pulses.c
    rows = db.execute(select(p.run, p.holder, (now(db) - p.at).label("age"), p.body).where(p.run == run))
    found = [Pulse(row.run, row.holder, float(row.age), row.body) for row in rows if not gone(row.holder)]
    return sorted(found, key=lambda pulse: pulse.age)
