from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from arena.data import Row


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
