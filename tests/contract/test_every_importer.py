from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from every import make

from arena.errors import ConfigError, DataError
from arena.importing import entered, import_into
from arena.plugin import names
from arena.store import db, read

BROKEN = {
    "empty.jsonl": b"",
    "truncated.jsonl.gz": gzip.compress(b'{"a": 1}\n' * 1000)[:-20],
    "not-gzip.csv.gz": b"id,name\n1,2\n",
    "half.jsonl": b'{"a": 1, "b"',
    "list.jsonl": b"[1, 2]\n",
    "binary.csv": b"\xff\xfe\x00\x01\n",
    "other.csv": b"colour,size\nred,3\n",
    "other.jsonl": b'{"colour": "red"}\n',
    "notes.txt": b"hello",
}


@pytest.fixture(params=names("importer"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("file", BROKEN)
def test_what_cannot_be_read_is_one_message_that_names_the_file_and_nothing_is_kept(
    name: str, file: str, tmp_path: Path
) -> None:
    place = tmp_path / file
    place.write_bytes(BROKEN[file])
    engine = db.connect(str(tmp_path / "arena.db"))
    with pytest.raises(DataError, match=file):
        import_into(engine, make("importer", name, path=str(place)), "r")
    assert read.runs(engine) == []


def test_a_file_that_is_not_there_and_a_folder_without_one_are_named(name: str, tmp_path: Path) -> None:
    for path in (tmp_path / "gone.jsonl", tmp_path):
        with pytest.raises(DataError, match=str(path)):
            list(entered(make("importer", name, path=str(path))))


def test_without_a_path_it_says_that_it_needs_one(name: str) -> None:
    with pytest.raises(ConfigError, match="path"):
        list(entered(make("importer", name)))
