"""The commands `arena db ...`, which look after the store: upgrade, check, backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Engine

from arena.console import Json, Store, err, out, say
from arena.run import Exit
from arena.store import keep, schema
from arena.store.open import reach


def add(app: typer.Typer) -> None:
    """Give the command line its commands."""
    group = typer.Typer(help="Look after the store: upgrade, check, backup.", no_args_is_help=True)
    group.command()(upgrade)
    group.command()(check)
    group.command()(backup)
    app.add_typer(group, name="db")


def upgrade(store: Store = None) -> None:
    """Bring a store of an older schema up to date; an SQLite file is copied first.

    Stop what plays or reads it before.
    """
    engine = reach(store)
    known, place = keep.version(engine), keep.where(engine)
    if known < schema.VERSION:
        _set_aside(engine)
        keep.upgrade(engine)
        out.print(f"{place}: schema {known} brought to {schema.VERSION}", highlight=False, soft_wrap=True)
    elif known == schema.VERSION:
        out.print(f"{place} has schema {known}, as it should", highlight=False, soft_wrap=True)
    else:
        keep.upgrade(engine)  # which refuses


def _set_aside(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        out.print(f"{keep.aside(engine)}: the store as it was", highlight=False, soft_wrap=True)
        return
    err.print(
        "A PostgreSQL database is not copied first; `arena db backup FILE` does that. An upgrade that fails leaves it "
        "as it was.",
        soft_wrap=True,
    )
    if err.is_terminal and sys.stdin.isatty():
        typer.confirm("Upgrade now?", abort=True, err=True)


def check(store: Store = None, as_json: Json = False) -> None:
    """Say whether the store is whole: schema, tables, file, references, transcripts by their rules; exit 2 if not."""
    found = keep.check(reach(store))
    if as_json:
        say([finding.model_dump() for finding in found])
    else:
        table = Table("", "what", "found")
        for finding in found:
            table.add_row("ok" if finding.ok else "!!", finding.what, finding.found)
        out.print(table)
    raise typer.Exit(Exit.DONE if all(finding.ok for finding in found) else Exit.CONFIG)


def backup(
    target: Annotated[Path, typer.Argument(metavar="PATH", help="The copy's file, which must not be there yet.")],
    store: Store = None,
) -> None:
    """Copy the store as it is at one moment, while a run goes on writing.

    SQLite: a store like any other. PostgreSQL: an archive of pg_dump, for pg_restore.
    """
    engine = reach(store)
    keep.backup(engine, target)
    how = "" if engine.dialect.name == "sqlite" else f"; `pg_restore --dbname=NEW {target}` brings it back"
    out.print(f"{target}: a copy of {keep.where(engine)}{how}", highlight=False, soft_wrap=True)
