"""Opens a store: finds the database by its path or URL, and refuses what would fail later, before anything is spent."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from arena.errors import StoreError
from arena.local.weights import folder
from arena.plugin import key
from arena.store import migrations, schema
from arena.store.mounts import network

_PATIENCE = 30
"""Seconds that SQLite waits for another's lock."""
_TRYING = Retrying(
    retry=retry_if_exception(lambda error: getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY),
    stop=stop_after_delay(_PATIENCE),
    wait=wait_random(0.005, 0.05),
    reraise=True,
)
"""Of two that open a new file at once one may be refused the change to a log without waiting for the other."""
_LINK = {"application_name": "arena", "connect_timeout": "10", "keepalives_idle": "30", "tcp_user_timeout": "60000"}
"""Options of a connection to PostgreSQL, where the URL has no others: a host that is lost is noticed in a minute."""


def url(place: str | None = None) -> str:
    """The database's URL: as given, or `$ARENA_DB`, or `arena.db` in this folder. A path is an SQLite file.

    Raises StoreError in a job that is told of no store: its folder goes with it, and what it paid for would as well.
    """
    place = place or os.environ.get("ARENA_DB")
    if not place and "ARENA_JOB" in os.environ:
        raise StoreError("a job keeps nothing in its own folder: set ARENA_DB on the cluster, or `arena launch --db`")
    place = place or "arena.db"
    if "://" not in place:
        return f"sqlite:///{place}"
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", place)


def connect(place: str | None = None, create: bool = True) -> Engine:
    """Open a store, made if it is not there and `create` says so.

    Raises StoreError for a store that is not there, is no database, lies on a network file system as an SQLite file, or
    has another schema than this version's.
    """
    where = shown(url(place))
    engine = reach(place, create)
    with guarded(where), engine.connect() as db:
        known = migrations.version(db)
    if not known and not create:
        raise StoreError(f"{where} is no store of the arena")
    if not known:
        with guarded(where):
            migrations.make(engine)
    elif known != schema.VERSION:
        raise StoreError(f"{where} {migrations.unfit(known)}")
    return engine


def reach(place: str | None = None, create: bool = False) -> Engine:
    """A way to the database, whatever schema it has. Raises StoreError where there is none."""
    where = url(place)
    try:
        target = make_url(where)
        file = _file(target)
        if file:
            _usable(file, create)
        engine = create_engine(target, **_options(target))
    except (ArgumentError, ImportError, ValueError) as error:
        raise StoreError(f"no way to a store by {shown(where)!r}: {error}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite)
        event.listen(engine, "begin", _immediate)
    return engine


def _file(target: URL) -> Path | None:
    """The file of an SQLite store."""
    named = target.get_backend_name() == "sqlite" and target.database not in {None, "", ":memory:"}
    return Path(str(target.database)) if named else None


def _usable(file: Path, create: bool) -> None:
    if not create and not file.exists():
        raise StoreError(f"no store at {file}; `arena run FILE` makes one, `--db` or $ARENA_DB names another")
    if not file.parent.is_dir():
        raise StoreError(f"no folder {file.parent} for the store {file}")
    if kind := network(file.resolve().parent):
        raise StoreError(
            f"{file} lies on a network file system ({kind}), where SQLite loses data: its log needs the shared memory "
            "of one host. Use a folder on a disk of this host, or PostgreSQL: ARENA_DB=postgresql+psycopg://..."
        )


def _options(target: URL) -> dict[str, Any]:
    """Of the pool. An insert that finds its row there already waits and goes on only where each statement sees what was
    committed before it: stricter isolation makes it an error."""
    if target.get_backend_name() != "postgresql":
        return {}
    link = {name: value for name, value in _LINK.items() if name not in target.query}
    return {"pool_pre_ping": True, "isolation_level": "READ COMMITTED", "connect_args": link}


def shown(where: str) -> str:
    """A URL without its password."""
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", re.sub(r"(?<=://)([^/@]*:)[^/]*@", r"\1***@", where))


def replies(engine: Engine, shared: bool = False) -> Path:
    """Where the response cache of a store lies: beside an SQLite file, else (and on a cluster) in the user's cache."""
    if engine.dialect.name == "sqlite" and engine.url.database and not shared:
        return Path(f"{engine.url.database}.replies").resolve()
    name = key(engine.url.render_as_string(hide_password=True))[:16]
    return folder().parent / f"replies-{name}"


def _sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's `begin` event says BEGIN, not the driver
    connection.execute(f"PRAGMA busy_timeout={1000 * _PATIENCE}")
    _TRYING(connection.execute, "PRAGMA journal_mode=WAL")
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _immediate(connection: Connection) -> None:
    """A writer takes its lock at once, so that it waits there and never fails half way; readers take none."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def guarded(where: str) -> Iterator[None]:
    """Turn a database's complaints (disk full, locked, not a database) into one clear StoreError."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(f"{where}: {' '.join(str(error.orig).split())}", passing=_passing(error)) from None


def _passing(error: DBAPIError) -> bool:
    """Whether the connection is lost or the server is starting or stopping, and not that something is wrong."""
    if not isinstance(error, OperationalError | InterfaceError) or error.orig is None:
        return False
    state = getattr(error.orig, "sqlstate", "none")
    return error.connection_invalidated or state is None or str(state).startswith(("08", "57P"))
