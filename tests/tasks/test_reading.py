from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from arena.data import rows
from arena.errors import DataError

ROWS = [{"a": "one", "b": "x"}, {"a": "two", "b": "ÿ, y"}]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
CSV = 'a,b\none,x\ntwo,"ÿ, y"\n'


def message(path: Path, content: str | bytes = "") -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as error:
        list(rows(str(path)))
    return str(error.value)


@pytest.mark.parametrize(("name", "text"), [("r.jsonl", JSONL), ("r.csv", CSV), ("r.jsonl", "\ufeff" + JSONL)])
def test_text_files_give_the_same_rows_packed_or_not_and_with_a_byte_order_mark(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    assert [row.fields for row in rows(str(tmp_path / name))] == ROWS
    assert [row.fields for row in rows(str(tmp_path / f"{name}.gz"))] == ROWS


def test_a_byte_order_mark_does_not_hide_the_first_column_of_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("\ufeff" + CSV, encoding="utf-8")
    assert next(rows(str(tmp_path / "r.csv"))).fields == ROWS[0]


def test_a_parquet_file_gives_rows_with_their_numbers(tmp_path: Path) -> None:
    path = str(tmp_path / "r.parquet")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([{"a": ["x", "y"]}, {"a": None}]), path)
    assert [(row.place, row.fields) for row in rows(path)] == [
        (f"{path}:1", {"a": ["x", "y"]}),
        (f"{path}:2", {"a": None}),
    ]


def test_a_place_is_the_line_where_the_row_starts(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text('a,b\n"over\ntwo lines",x\n\nlast,y\n')
    assert [(row.place, row.number) for row in rows(str(path))] == [(f"{path}:2", 1), (f"{path}:5", 2)]


def test_a_cell_may_be_as_long_as_a_story(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(f"a\n{'x' * 200_000}\n")
    assert len(next(rows(str(tmp_path / "r.csv"))).fields["a"]) == 200_000


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("r.jsonl", '{"a": 1}\n{"a": \n', ":2: is not JSON: Expecting value at column"),
        ("r.jsonl", '{"a": 1}\n\n[1]\n', ":3: a row is an object {...}, not [1]"),
        ("r.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', ":2: is not UTF-8 text"),
        ("r.jsonl.gz", b"not packed", ":1: cannot be read"),
        ("r.jsonl.gz", gzip.compress(JSONL.encode(), mtime=0)[:-9], "cannot be read"),
        ("r.csv", "a,b\n1,2\n1,2,3\n", ":3: has 3 cells, the header has 2"),
        ("r.csv", 'a,b\n1,"2\n', ":2: is not CSV"),
        ("r.csv", "a,a\n1,2\n", ":1: two columns have the same name: 'a'"),
        ("r.csv", "a,b\n", "has no rows"),
        ("r.jsonl", "\n", "has no rows"),
        ("r.parquet", b"PAR?", "is not Parquet that can be read"),
        ("r.json", "{}", "files that end in '.json' cannot be read; did you mean '.jsonl'?"),
        ("r.txt.gz", b"", "choices: .csv, .csv.gz, .jsonl, .jsonl.gz, .parquet"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, name: str, content: str, expected: str) -> None:
    assert expected in message(tmp_path / name, content)


def test_a_missing_file_is_reported_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").touch()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=r"no such file; did you mean 'rows\.jsonl'\?"):
        next(rows(str(tmp_path / "row.jsonl")))
    with pytest.raises(DataError, match="there is no folder"):
        next(rows(str(tmp_path / "absent" / "rows.jsonl")))
    with pytest.raises(DataError, match="is a folder, not a file"):
        next(rows(str(tmp_path / "folder.csv")))
