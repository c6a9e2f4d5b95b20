from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arena.data import Row

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def data() -> Callable[[str], str]:
    """The path of a file in the shared data folder; skips the test where the file is not there."""
    folder = Path(os.environ.get("ARENA_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> str:
        if not (folder / name).is_file():
            pytest.skip(f"no data file {folder / name}; ARENA_DATA names the folder")
        return str(folder / name)

    return find


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write rows as JSON Lines and give the path."""

    def jsonl(*rows: dict[str, Any], name: str = "rows.jsonl") -> str:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    return jsonl


@pytest.fixture
def row() -> Callable[..., Row]:
    """A row at a made-up place."""
    return lambda **fields: Row("rows.jsonl:1", 1, fields)
