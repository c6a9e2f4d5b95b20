"""Imports in short, and what is in a match that was imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab import at

from arena.importer import Importer
from arena.importing import Brought, entered, import_into
from arena.store import db
from arena.store.bring import Entry


def read_in(name: str, path: Path, **fields: Any) -> list[Entry]:
    return list(entered(Importer.model_validate({"use": name, "path": str(path), **fields})))


def brought(folder: Path, name: str, path: Path, **fields: Any) -> Brought:
    return import_into(
        db.connect(at(folder)), Importer.model_validate({"use": name, "path": str(path), **fields}), name
    )


def texts(entry: Entry) -> list[tuple[int, str, str, str]]:
    return [(turn.round, turn.seat, turn.act, turn.text) for turn in entry.turns]


def held(entry: Entry) -> list[tuple[str, int | None, tuple[float, ...]]]:
    return [(one.judge.label, one.after, one.p) for one in entry.judged]
