"""Exports: the same bytes for the same experiment, on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from lab import at, play, scripted

from arena.errors import ConfigError
from arena.export import export
from arena.store import db, read

pytestmark = pytest.mark.usefixtures("both")


def out(folder: Path, store: str, what: str, ending: str) -> bytes:
    engine = db.connect(at(folder, store), create=False)
    target = folder / f"out.{ending}"
    export(engine, read.run_id(engine, None), what, target)
    return target.read_bytes()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("what", ["rulings", "transcripts"])
def test_two_fresh_stores_export_the_same_bytes(tmp_path: Path, what: str, ending: str) -> None:
    play(scripted(4), tmp_path, "one.db")
    play(scripted(4) | {"workers": {"count": 3, "matches": 5}}, tmp_path, "two.db")
    one = out(tmp_path, "one.db", what, ending)
    assert len(one) > 1000
    assert one == out(tmp_path, "two.db", what, ending)


def test_the_formats_hold_the_same_rows(tmp_path: Path) -> None:
    play(scripted(2), tmp_path)
    for ending in ("csv", "jsonl", "parquet"):
        out(tmp_path, "arena.db", "rulings", ending)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    tables = [pd.read_csv(tmp_path / "out.csv"), pd.read_parquet(tmp_path / "out.parquet")]
    assert [len(table) for table in tables] == [len(lines)] * 2 == [40, 40]
    for table in tables:
        assert list(table["score"]) == [line["score"] for line in lines]
        assert [json.loads(p) for p in table["p"]] == [line["p"] for line in lines]


def test_a_transcript_holds_the_question_the_sides_and_the_turns(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    rows = [json.loads(line) for line in out(tmp_path, "arena.db", "transcripts", "jsonl").splitlines()]
    debate = next(row for row in rows if row["protocol"].startswith("debate"))
    assert [turn["seat"] for turn in debate["turns"]] == ["alice", "bob", "alice", "bob"]
    assert debate["over"] and debate["question"]["correct"] in (0, 1)
    assert set(debate["defends"]) == {"alice", "bob"}


def test_an_export_that_fails_leaves_nothing_half_written(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(ConfigError, match="out"):
        out(tmp_path, "arena.db", "rulings", "csv")
    assert not list(tmp_path.glob(".out*"))


def test_a_run_of_which_nothing_is_there_yet_exports_an_empty_table(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    engine = db.connect(at(tmp_path))
    with engine.execution_options(writes=True).begin() as raw:
        raw.exec_driver_sql("DELETE FROM rulings")
    assert [out(tmp_path, "arena.db", "rulings", ending) for ending in ("jsonl", "csv")] == [b"", b"\n"]
    assert pd.read_parquet(tmp_path / "out.parquet").empty if out(tmp_path, "arena.db", "rulings", "parquet") else False
