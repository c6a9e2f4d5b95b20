"""The store: what it keeps, and what it does when it cannot."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import zlib
from pathlib import Path

import pytest
from lab import ARENA, Shell, clean, modelled, play, scripted, wait_for
from server import Server

from arena.errors import StoreError
from arena.export import export
from arena.store import db, read


def test_every_call_is_kept_with_what_was_sent_and_received(server: Server, tmp_path: Path) -> None:
    server.faults.append("500")
    play(modelled(server.url, price_in=1.0, price_out=1.0), tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    calls = list(read.calls(engine, read.run_id(engine, None), bodies=True))
    assert sorted(c["request"] for c in calls) == sorted(set(server.bodies))
    assert {json.loads(c["reply"])["model"] for c in calls} == {"tiny-2026-01-01"} == {c["resolved"] for c in calls}
    assert sum(c["retries"] for c in calls) == 1
    assert all(c["finish"] == "stop" and c["latency"] > 0 and c["cost"] > 0 and c["status"] == 200 for c in calls)


def test_the_ledger_adds_up_and_does_not_count_the_cache(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, price_in=1.0, price_out=1.0)
    play(table, tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    paid = read.spent(engine, read.run_id(engine, None))
    assert paid.calls == sum(server.answered.values()) == 12
    assert paid.cost == pytest.approx(paid.tokens / 1e6)
    (tmp_path / "arena.db.replies").rename(tmp_path / "other.db.replies")
    play(table, tmp_path, "other.db")
    other = db.connect(str(tmp_path / "other.db"))
    assert read.spent(other, read.run_id(other, None))[:3] == (0, 0, 0.0)


def test_one_unknown_cost_makes_the_sum_unknown(server: Server, tmp_path: Path) -> None:
    server.faults.append("no usage")
    play(modelled(server.url, price_in=1.0, price_out=1.0), tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    assert read.spent(engine, read.run_id(engine, None)).cost is None


def test_a_store_of_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    with sqlite3.connect(tmp_path / "arena.db") as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema'")
    with pytest.raises(StoreError, match=r"schema 99.*newer arena"):
        db.connect(str(tmp_path / "arena.db"))


def test_a_store_of_schema_one_is_brought_up_to_date_and_played_on(tmp_path: Path) -> None:
    table = scripted(1) | {"protocols": ["direct", {"use": "debate", "rounds": 2}]}
    play(table, tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    run = read.run_id(engine, None)
    before = [read.kept(engine, line["key"]).turns for line in read.listing(engine, run)]
    engine.dispose()
    with sqlite3.connect(tmp_path / "arena.db") as raw:
        raw.executescript(
            "DROP TABLE beliefs; ALTER TABLE failures DROP COLUMN round; ALTER TABLE turns RENAME TO new;"
            "CREATE TABLE turns (match VARCHAR, seat VARCHAR, round INTEGER, act VARCHAR, number INTEGER NOT NULL,"
            " body JSON NOT NULL, PRIMARY KEY (match, seat, round, act));"
            "INSERT INTO turns SELECT match, seat, round, act, number, body FROM new; DROP TABLE new;"
            "UPDATE meta SET value = '1' WHERE name = 'schema';"
        )
    engine = db.connect(str(tmp_path / "arena.db"))
    assert [read.kept(engine, line["key"]).turns for line in read.listing(engine, run)] == before
    assert play(table | {"beliefs": True}, tmp_path)[0] == 0
    assert len(read.beliefs(engine, read.run_id(engine, None))) == 4
    assert play(table, tmp_path)[1].events == []


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\0" + b"\0" * 4000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "arena.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"arena\.db: "):
        db.connect(str(file))
    assert file.read_bytes() == content


@pytest.mark.parametrize("place", ["nothing://me:secret@host/db", "postgresql+nodriver://me:secret@host/db"])
def test_a_url_that_leads_nowhere_is_one_message_without_the_password(place: str) -> None:
    with pytest.raises(StoreError) as error:
        db.connect(place)
    assert "secret" not in str(error.value)


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        db.connect(str(tmp_path / "none.db"), create=False)
    assert not (tmp_path / "none.db").exists()


def test_writing_an_event_twice_changes_nothing(tmp_path: Path) -> None:
    _, watch = play(scripted(1), tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    run, store = read.run_id(engine, None), db.Store(engine)
    before = read.counts(engine, run), read.records(engine, run)
    store.save(run, watch.events)
    for event in watch.events:
        store.save(run, [event])
    assert (read.counts(engine, run), read.records(engine, run)) == before


def test_a_reader_is_not_held_up_by_a_writer_nor_a_writer_by_a_reader(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    store = db.Store(engine)
    with engine.connect() as reading:
        reading.exec_driver_sql("SELECT count(*) FROM rulings").scalar()
        with store.engine.execution_options(writes=True).begin():
            assert reading.exec_driver_sql("SELECT count(*) FROM matches").scalar()
            assert len(read.runs(engine)) == 1


def test_a_full_disk_is_one_message_and_what_was_kept_stays(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url, questions=12))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    command = [str(ARENA), "run", file, "--here"]
    full = subprocess.run(
        command,
        cwd=shell.folder,
        env=shell.env,
        preexec_fn=small,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert full.returncode == 2, full.stderr
    assert "arena.db" in clean(full).splitlines()[-1]
    assert json.loads(shell.run("status", "--json").stdout)["over"] >= 1
    assert shell.run("run", file, "--here").returncode == 0
    assert max(server.answered.values()) <= 2


def test_the_key_is_in_no_file_that_a_run_leaves_and_in_nothing_it_prints(server: Server, shell: Shell) -> None:
    key = "sk-0123456789-very-secret"
    table = modelled(server.url, key_env="THE_KEY", retries=1)
    server.choose = lambda body: "echo" if body.get("logprobs") else None
    done = [shell.run("run", shell.write(table), "--here", THE_KEY=key)]
    assert done[0].returncode == 3
    assert "***" in done[0].stderr
    engine = db.connect(str(shell.folder / "arena.db"))
    for what in ("calls", "transcripts", "rulings"):
        for ending in ("csv", "jsonl", "parquet"):
            export(engine, read.run_id(engine, None), what, shell.folder / f"{what}.{ending}")
    done.append(shell.run("show", "--json", THE_KEY=key))
    assert {"Authorization": f"Bearer {key}"}.items() <= server.headers[-1].items()
    assert all(key not in run.stdout + run.stderr for run in done)
    found = [path for path in shell.folder.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert found == []
    with sqlite3.connect(shell.folder / "arena.db") as raw:
        packed = [body for row in raw.execute("SELECT request, reply FROM bodies") for body in row]
    assert packed and all(key.encode() not in zlib.decompress(body) for body in packed)


def test_the_store_is_readable_while_a_run_is_killed_around_it(server: Server, shell: Shell) -> None:
    server.hold_after = 5
    running = shell.start("run", shell.write(modelled(server.url)), "--here")
    wait_for(lambda: server.waiting > 0)
    assert json.loads(shell.run("status", "--json").stdout)["planned"] == 2
    os.kill(running.pid, 9)
    running.wait()
    told = json.loads(shell.run("status", "--json").stdout)
    assert (told["planned"], told["rulings"], told["ruled"]) == (2, 4, 0)
