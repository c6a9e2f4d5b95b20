"""Brings a store of an older schema up to date: one revision in `versions/` for each schema, named by its number.

Alembic orders the revisions and alters the tables. It keeps no table of its own here: `meta` holds the schema's number,
as it has in every store since the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, inspect, select, update

from arena.errors import StoreError
from arena.store import schema

_FOLDER = Path(__file__).parent
_LOCK = 0x6172656E61
"""Any number: the same for all who make or upgrade a store on one PostgreSQL database."""


def version(db: Connection) -> int:
    """The schema of the store that is there; 0 where there is none."""
    if not inspect(db).has_table(schema.meta.name):
        return 0
    return int(db.scalar(select(schema.meta.c.value).where(schema.meta.c.name == "schema")) or 0)


def unfit(known: int) -> str:
    """Why a store of schema `known` cannot be used, and what to do about it."""
    if known > schema.VERSION:
        newest = f"this one knows up to {schema.VERSION}"
        return f"has schema {known}, written by a newer arena; {newest}: upgrade the arena"
    return f"has schema {known}, this arena needs {schema.VERSION}: `arena db upgrade` brings it up to date"


def make(engine: Engine) -> None:
    """Make the tables of a new store."""
    with engine.execution_options(writes=True).begin() as db:
        _alone(db)
        if not version(db):  # else another process was first
            schema.metadata.create_all(db)
            db.execute(schema.meta.insert(), {"name": "schema", "value": str(schema.VERSION)})


def upgrade(engine: Engine) -> None:
    """Bring a store to this arena's schema, wholly or not at all. Raises StoreError for a newer schema.

    On SQLite the engine must not enforce foreign keys: a table is altered by making it anew.
    """
    with engine.execution_options(writes=True).begin() as db:
        _alone(db)
        known = version(db)
        if known > schema.VERSION:
            raise StoreError(f"the store {unfit(known)}")
        with Operations.context(MigrationContext.configure(db)):
            for change in _since(known):
                change()
        if found := lost(db):
            raise StoreError(f"the store was left as it was: {'; '.join(found)}")
        db.execute(update(schema.meta).where(schema.meta.c.name == "schema").values(value=str(schema.VERSION)))


def _alone(db: Connection) -> None:
    """Wait for whoever makes or upgrades this store now; on SQLite the transaction has begun with that."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _since(known: int) -> Iterator[Any]:
    """The revisions after schema `known`, oldest first, as functions to call."""
    script = ScriptDirectory(str(_FOLDER), version_locations=[str(_FOLDER / "versions")])
    for one in reversed(list(script.iterate_revisions("head", str(known)))):
        yield one.module.upgrade


def lost(db: Connection) -> list[str]:
    """Rows that refer to rows which are not there, one line for each kind."""
    found = []
    for table in schema.metadata.sorted_tables:
        for link in table.foreign_keys:
            parent = link.column.table.alias("parent")
            here = select(1).where(parent.c[link.column.name] == link.parent).exists()
            count = db.scalar(select(func.count()).select_from(table).where(link.parent.is_not(None), ~here))
            if count:
                found.append(f"{count} {table.name} whose {link.parent.name} is not in {link.column.table.name}")
    return sorted(found)


def differences(db: Connection) -> list[str]:
    """In what the tables are not those of this arena's schema, one line each; other tables may lie beside them."""
    options = {"compare_type": True, "compare_server_default": True, "include_name": _ours}
    context = MigrationContext.configure(db, opts=options)
    found = [_told(change) for change in compare_metadata(context, schema.metadata)]
    known = inspect(db)
    for table in (one for one in schema.metadata.sorted_tables if known.has_table(one.name)):
        keys = known.get_pk_constraint(table.name)["constrained_columns"]  # which alembic does not compare
        if keys != [column.name for column in table.primary_key]:
            found.append(f"primary key of {table.name}: {', '.join(keys)}")
    return found


def _ours(name: str | None, kind: str, _: Any) -> bool:
    return kind != "table" or name in schema.metadata.tables


def _told(change: Any) -> str:
    """A difference as alembic gives it, in words: `add_column calls uid` where `calls` lacks `uid`."""
    if isinstance(change, list):
        return "; ".join(_told(one) for one in change)
    return " ".join(str(getattr(part, "name", part)) for part in change if part is not None and part != {})
