"""Looks after a store: whether it is whole, copies of it, bringing it up to date."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import DBAPIError

from arena.errors import ConfigError, RuleError, StoreError
from arena.plugin import Frozen
from arena.store import migrations, read, schema
from arena.store.open import guarded, shown

_MOST = 5
"""Matches named of those that are broken."""


class Finding(Frozen):
    """One thing looked at."""

    what: str
    ok: bool
    found: str


def where(engine: Engine) -> str:
    """The store's URL without its password."""
    return shown(engine.url.render_as_string(hide_password=True))


def version(engine: Engine) -> int:
    """The store's schema. Raises StoreError where it is no store."""
    with guarded(where(engine)), engine.connect() as db:
        known = migrations.version(db)
    if not known:
        raise StoreError(f"{where(engine)} is no store of the arena")
    return known


def check(engine: Engine) -> list[Finding]:
    """Whether the store is whole; of one with another schema only that is said."""
    known = version(engine)
    if known != schema.VERSION:
        return [Finding(what="schema", ok=False, found=f"{where(engine)} {migrations.unfit(known)}")]
    looks: dict[str, Callable[[Connection], str]] = {
        "tables": _tables,
        "file": _file,
        "rows": _rows,
        "calls": _calls,
        "transcripts": lambda db: _transcripts(engine, db),
    }
    if engine.dialect.name != "sqlite":
        del looks["file"]
    found = [_look(engine, what, look) for what, look in looks.items()]
    return [Finding(what="schema", ok=True, found=str(known)), *found]


class _Fault(Exception):
    """What is wrong."""


def _look(engine: Engine, what: str, look: Callable[[Connection], str]) -> Finding:
    try:
        with engine.connect() as db:
            return Finding(what=what, ok=True, found=look(db))
    except _Fault as fault:
        return Finding(what=what, ok=False, found=str(fault))
    except DBAPIError as error:
        return Finding(what=what, ok=False, found=str(error.orig))


def _tables(db: Connection) -> str:
    if found := migrations.differences(db):
        raise _Fault("; ".join(found))
    return f"{len(schema.metadata.tables)}, as this arena makes them"


def _file(db: Connection) -> str:
    found = db.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    if found != ["ok"]:
        raise _Fault("; ".join(found[:_MOST]))
    return "whole, as SQLite sees it"


def _rows(db: Connection) -> str:
    """References, which SQLite does not enforce for other programs, and verdicts that came too early."""
    r, m = schema.rulings.c, schema.matches.c
    found = migrations.lost(db)
    early = select(func.count()).select_from(schema.rulings).join(schema.matches, r.match == m.key).where(~m.over)
    if number := db.scalar(early):
        found.append(f"{number} rulings on transcripts that are not complete")
    if found:
        raise _Fault("; ".join(found))
    return "every row's match, question, run and call is there"


def _calls(db: Connection) -> str:
    number = db.scalar(select(func.count()).select_from(schema.calls))
    bare = select(func.count()).where(schema.calls.c.id.not_in(select(schema.bodies.c.call)))
    if lacking := db.scalar(bare):
        raise _Fault(f"{lacking} of {number} without what was sent and received")
    return f"{number}, each with what was sent and received"


def _transcripts(engine: Engine, db: Connection) -> str:
    """Every complete transcript replayed by its protocol's rules."""
    over = db.scalars(select(schema.matches.c.key).where(schema.matches.c.over).order_by(schema.matches.c.key)).all()
    said = {match: _broken(engine, match) for match in over}
    broken = [f"{match[:12]}: {why}" for match, why in said.items() if why]
    unknown = sum(why is None for why in said.values())
    if broken:
        more = f"; and {len(broken) - _MOST} more" if len(broken) > _MOST else ""
        raise _Fault(f"{len(broken)} of {len(over)} break their rules: {'; '.join(broken[:_MOST])}{more}")
    left = f"; {unknown} not looked at, whose plugins are not at hand" if unknown else ""
    return f"{len(over)} complete, by the rules of their protocols{left}"


def _broken(engine: Engine, match: str) -> str | None:
    """How a transcript breaks its rules; empty where it does not, None where its plugins are not at hand."""
    try:
        kept = read.kept(engine, match)
    except ValueError:  # a ConfigError is one, and so is pydantic's
        return None
    try:
        return "" if kept.match.over(kept.turns) else "marked complete, and somebody is still to speak"
    except RuleError as error:
        return str(error)
    except Exception as error:  # a protocol may be anyone's
        return f"{type(error).__name__}: {error}"


def backup(engine: Engine, target: Path) -> None:
    """Copy the store as it is at one moment, while others go on writing. Raises ConfigError and StoreError."""
    if target.exists():
        raise ConfigError(f"{target} is already there")
    if not target.parent.is_dir():
        raise ConfigError(f"no folder {target.parent} for the copy {target.name}")
    version(engine)
    part = target.with_name(f".{target.name}.part")
    try:
        (_copy if engine.dialect.name == "sqlite" else _dump)(engine, part)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def _copy(engine: Engine, target: Path) -> None:
    with closing(sqlite3.connect(str(engine.url.database))) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _dump(engine: Engine, target: Path) -> None:
    from psycopg.conninfo import make_conninfo

    tool = shutil.which("pg_dump")
    if not tool:
        raise StoreError(
            "a PostgreSQL database is copied by pg_dump, which is not installed here (Debian: postgresql-client)"
        )
    link: dict[str, Any] = dict(engine.dialect.create_connect_args(engine.url)[1])
    link.pop("context", None)  # for psycopg itself
    secret = {"PGPASSWORD": str(link.pop("password"))} if "password" in link else {}  # not for all to see in `ps`
    command = [tool, "--format=custom", "--no-password", f"--file={target}", f"--dbname={make_conninfo(**link)}"]
    done = subprocess.run(command, env=os.environ | secret, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise StoreError(f"{tool}: {' '.join(done.stderr.split())}")


def aside(engine: Engine) -> Path:
    """Copy an SQLite store to a name beside it that is free; that name."""
    names = _names(Path(f"{engine.url.database}.schema-{version(engine)}"))
    target = next(name for name in names if not name.exists())
    backup(engine, target)
    return target


def _names(first: Path) -> Iterator[Path]:
    yield first
    yield from (first.with_name(f"{first.name}-{number}") for number in count(2))


def upgrade(engine: Engine) -> None:
    """Bring the store to this arena's schema, wholly or not at all. Raises StoreError."""
    engine.dispose()
    event.listen(engine, "connect", _loose)
    try:
        with guarded(where(engine)):
            migrations.upgrade(engine)
    finally:
        event.remove(engine, "connect", _loose)
        engine.dispose()


def _loose(connection: Any, _: Any) -> None:
    """SQLite alters a table by making it anew, and would delete what refers to the old one."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA foreign_keys=OFF")
