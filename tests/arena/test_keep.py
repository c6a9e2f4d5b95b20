"""Looking after a store: older schemas, what is wrong with it, copies."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import lab
import old
import pytest
from lab import Shell, Table, at, clean, modelled, play, scripted
from postgres import Postgres
from server import Server
from sqlalchemy import Engine, create_engine, delete, text, update

from arena.errors import StoreError
from arena.store import db, keep, migrations, read, schema
from arena.store.open import reach


def checked(engine: Engine) -> dict[str, str]:
    """What `arena db check` has to complain of."""
    return {finding.what: finding.found for finding in keep.check(engine) if not finding.ok}


def changed(place: str, statement: Any) -> None:
    """Do to a store what no arena does."""
    engine = create_engine(db.url(place))  # without the arena's own settings, which enforce references
    with engine.begin() as raw:
        raw.execute(statement)


def marked(version: int) -> Any:
    return update(schema.meta).where(schema.meta.c.name == "schema").values(value=str(version))


def eventful(server: Server) -> Table:
    """A run that leaves a row in every table: beliefs and a failure too."""
    server.faults.append("500")
    return modelled(server.url, retries=0) | {"beliefs": True}


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("version", [1, 2])
def test_an_older_store_is_upgraded_to_the_tables_of_a_new_one_and_loses_no_row(
    server: Server, tmp_path: Path, version: int
) -> None:
    play(eventful(server), tmp_path, "new.db")
    place = blank(tmp_path)
    before = old.rows(old.made(place, version, at(tmp_path, "new.db")))
    assert all(before.values())
    engine = reach(place)
    keep.upgrade(engine)
    after = old.rows(engine)
    for name, some in before.items():
        kept = [{column: row[column] for column in some[0]} for row in after[name]]
        assert name == "meta" or sorted(kept, key=str) == some
    assert len({row["uid"] for row in after["calls"]}) == len(before["calls"])
    assert old.shape(engine) == old.shape(db.connect(at(tmp_path, "new.db")))
    assert checked(engine) == {}


def blank(folder: Path) -> str:
    """A database without a table."""
    return lab.SERVER.blank("old") if lab.SERVER else str(folder / "old.db")


def test_a_new_store_has_the_tables_that_the_schema_says(store_url: str) -> None:
    with db.connect(store_url).connect() as made:
        assert migrations.differences(made) == []


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("version", [1, 2])
def test_an_upgraded_store_is_played_on_and_pays_nothing_again(server: Server, tmp_path: Path, version: int) -> None:
    table = modelled(server.url)
    play(table | {"beliefs": version == 2}, tmp_path, "new.db")
    place, sent = blank(tmp_path), len(server.bodies)
    old.made(place, version, at(tmp_path, "new.db"))
    keep.upgrade(reach(place))
    assert play(table, tmp_path, place)[1].events == [] and len(server.bodies) == sent
    assert play(table | {"beliefs": True}, tmp_path, place)[0] == 0
    assert len(read.beliefs(db.connect(place), read.run_id(db.connect(place), None))) == 4


def test_a_store_of_schema_3_gets_the_indexes_of_schema_4(store_url: str, tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    before, wanted = (
        read.counts(db.connect(store_url), read.run_id(db.connect(store_url), None)),
        old.shape(reach(store_url)),
    )
    for name in ("matches_facts", "played_in_order", "rulings_read", "calls_of_run"):
        changed(store_url, text(f"DROP INDEX {name}"))
    changed(store_url, text("CREATE INDEX calls_of_run ON calls (run)"))
    changed(store_url, marked(3))
    keep.upgrade(reach(store_url))
    assert old.shape(reach(store_url)) == wanted
    engine = db.connect(store_url, create=False)
    assert read.counts(engine, read.run_id(engine, None)) == before


def test_an_older_store_is_refused_with_what_to_do_and_left_as_it_is(store_url: str, tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    changed(store_url, marked(2))
    with pytest.raises(StoreError, match=rf"schema 2, this arena needs {schema.VERSION}: `arena db upgrade`") as error:
        db.connect(store_url, create=False)
    assert Postgres.password not in str(error.value)
    assert keep.version(reach(store_url)) == 2


def test_a_newer_store_is_refused_by_reading_checking_and_upgrading(store_url: str, tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    changed(store_url, marked(99))
    for attempt in (db.connect, lambda place: keep.upgrade(reach(place))):
        with pytest.raises(StoreError, match=r"schema 99.*newer arena"):
            attempt(store_url)
    assert "newer arena" in checked(reach(store_url))["schema"]


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(store_url: str, tmp_path: Path) -> None:
    old.made(place := blank(tmp_path), 1, at(tmp_path, "empty.db"))
    changed(place, text("ALTER TABLE runs ADD COLUMN job JSON"))
    before = old.shape(reach(place))
    with pytest.raises(StoreError, match="job"):
        keep.upgrade(reach(place))
    assert (old.shape(reach(place)), keep.version(reach(place))) == (before, 1)


def test_the_command_upgrades_and_copies_a_file_first(shell: Shell) -> None:
    play(scripted(1), shell.folder, "new.db")
    old.made("arena.db" if lab.SERVER else str(shell.folder / "arena.db"), 1, at(shell.folder, "new.db"))
    assert "`arena db upgrade`" in clean(shell.run("status"))
    done = [shell.run("db", "upgrade") for _ in range(2)]
    assert [one.returncode for one in done] == [0, 0], done[0].stderr
    assert "arena.db.schema-1: the store as it was" in done[0].stdout and "as it should" in done[1].stdout
    assert keep.version(reach(str(shell.folder / "arena.db.schema-1"))) == 1
    assert json.loads(shell.run("db", "check", "--json").stdout)[0] == {
        "what": "schema",
        "ok": True,
        "found": str(schema.VERSION),
    }


def test_the_command_says_how_to_copy_a_postgresql_database(postgres: Postgres, shell: Shell) -> None:
    old.made(place := postgres.blank("old"), 2, str(shell.folder / "new.db"))
    done = shell.run("db", "upgrade", ARENA_DB=place)
    assert done.returncode == 0 and "`arena db backup FILE`" in clean(done)
    assert f"schema 2 brought to {schema.VERSION}" in done.stdout and postgres.password not in done.stdout
    assert shell.run("status", ARENA_DB=place).stderr.startswith("arena: the store holds no runs yet")


def test_a_store_that_real_runs_left_is_whole(server: Server, store_url: str, tmp_path: Path) -> None:
    play(eventful(server), tmp_path)
    play(scripted(2), tmp_path)
    found = {finding.what: finding.found for finding in keep.check(reach(store_url))}
    assert checked(reach(store_url)) == {}
    assert found["transcripts"] == "11 complete, by the rules of their protocols"


@pytest.mark.parametrize(
    ("what", "broken", "says"),
    [
        ("tables", text("DROP TABLE pulses"), "add_table pulses"),
        ("tables", text("DROP INDEX calls_of_key"), "add_index calls_of_key"),
        ("calls", delete(schema.bodies), "12 of 12 without what was sent and received"),
        ("rows", update(schema.matches).values(over=False), "4 rulings on transcripts that are not complete"),
        ("transcripts", delete(schema.turns).where(schema.turns.c.round == 2), "somebody is still to speak"),
        (
            "transcripts",
            update(schema.turns).values(body={"seat": "eve", "round": 1, "text": ""}),
            "eve (argue, round 1) spoke",
        ),
    ],
)
def test_what_is_wrong_with_a_store_is_said(
    server: Server, store_url: str, tmp_path: Path, what: str, broken: Any, says: str
) -> None:
    play(modelled(server.url), tmp_path)
    changed(store_url, broken)
    assert says in checked(reach(store_url))[what]


def test_a_table_of_somebody_else_is_no_fault(store_url: str) -> None:
    db.connect(store_url)
    changed(store_url, text("CREATE TABLE others (id INTEGER)"))
    assert checked(reach(store_url)) == {}


def test_rows_that_refer_to_nothing_are_said(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    changed(at(tmp_path), delete(schema.matches))
    assert "20 rulings whose match is not in matches" in checked(reach(at(tmp_path)))["rows"]


def test_a_damaged_file_is_said_with_exit_code_2(shell: Shell) -> None:
    play(scripted(4), shell.folder)
    file = shell.folder / "arena.db"
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        page = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'turns'").fetchone()[0]
    with file.open("r+b") as bytes_of:
        bytes_of.seek((page - 1) * 4096)
        bytes_of.write(b"\xff" * 4096)
    done = shell.run("db", "check")
    assert done.returncode == 2 and "!!" in done.stdout and "Traceback" not in done.stderr


def test_a_copy_is_what_was_written_whole_when_it_was_made(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    engine = db.connect(at(tmp_path))
    with engine.execution_options(writes=True).begin() as writing:
        writing.execute(delete(schema.rulings))
        keep.backup(engine, tmp_path / "copy.db")
    copy = db.connect(str(tmp_path / "copy.db"))
    assert len(read.records(copy, read.run_id(copy, None))) == 20
    assert checked(copy) == {} and not list(tmp_path.glob(".copy*"))


def test_a_copy_of_a_postgresql_database_can_be_brought_back(
    postgres: Postgres, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "SERVER", postgres)
    play(scripted(1), shell.folder)
    (shell.folder / "bin").mkdir()
    spy = shell.folder / "bin" / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > said\nexec {postgres.programs}/pg_dump "$@"\n')
    spy.chmod(0o755)
    path = f"{spy.parent}:{os.environ['PATH']}"
    done = shell.run("db", "backup", "copy.dump", ARENA_DB=at(shell.folder), PATH=path)
    assert done.returncode == 0 and "pg_restore" in done.stdout, done.stderr
    assert postgres.password not in done.stdout + (shell.folder / "said").read_text()
    again = postgres.blank("again")
    command = [postgres.programs / "pg_restore", "--dbname", again.replace("+psycopg", ""), "copy.dump"]
    subprocess.run(command, cwd=shell.folder, check=True)
    assert old.rows(db.connect(again)) == old.rows(db.connect(at(shell.folder)))


def test_a_copy_that_cannot_be_made_is_one_message(postgres: Postgres, shell: Shell) -> None:
    place = postgres.store(shell.folder / "any.db")
    (shell.folder / "there").touch()
    for target, path, says in (
        ("there", "", "there is already there"),
        ("none/copy", "", "no folder none"),
        ("copy", "", "pg_dump, which is not installed"),
    ):
        done = shell.run("db", "backup", target, ARENA_DB=place, PATH=path)
        assert done.returncode == 2 and says in clean(done)
