"""The store: what it keeps, and what it does when it cannot."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest
from lab import ARENA, Shell, at, clean, modelled, play, replies, scripted, wait_for
from postgres import Postgres
from server import Server

from arena.errors import StoreError
from arena.export import export
from arena.store import db, read, schema
from arena.store.mounts import network
from arena.store.write import insert


@pytest.mark.usefixtures("both")
def test_every_call_is_kept_with_what_was_sent_and_received(server: Server, tmp_path: Path) -> None:
    server.faults.append("500")
    play(modelled(server.url, price_in=1.0, price_out=1.0), tmp_path)
    engine = db.connect(at(tmp_path))
    calls = list(read.calls(engine, read.run_id(engine, None), bodies=True))
    assert sorted(c["request"] for c in calls) == sorted(set(server.bodies))
    assert {json.loads(c["reply"])["model"] for c in calls} == {"tiny-2026-01-01"} == {c["resolved"] for c in calls}
    assert sum(c["retries"] for c in calls) == 1
    assert all(c["finish"] == "stop" and c["latency"] > 0 and c["cost"] > 0 and c["status"] == 200 for c in calls)


@pytest.mark.usefixtures("both")
def test_the_ledger_adds_up_and_does_not_count_the_cache(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, price_in=1.0, price_out=1.0)
    play(table, tmp_path)
    engine = db.connect(at(tmp_path))
    paid = read.spent(engine, read.run_id(engine, None))
    assert paid.calls == sum(server.answered.values()) == 12
    assert paid.cost == pytest.approx(paid.tokens / 1e6)
    replies(tmp_path).rename(replies(tmp_path, "other.db"))
    play(table, tmp_path, "other.db")
    other = db.connect(at(tmp_path, "other.db"))
    assert read.spent(other, read.run_id(other, None))[:3] == (0, 0, 0.0)


@pytest.mark.usefixtures("both")
def test_one_unknown_cost_makes_the_sum_unknown(server: Server, tmp_path: Path) -> None:
    server.faults.append("no usage")
    play(modelled(server.url, price_in=1.0, price_out=1.0), tmp_path)
    engine = db.connect(at(tmp_path))
    assert read.spent(engine, read.run_id(engine, None)).cost is None


@pytest.mark.parametrize("content", [b"no database at all " * 100, b"SQLite format 3\0" + b"\0" * 4000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "arena.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=r"arena\.db: "):
        db.connect(str(file))
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "place",
    [
        "nothing://me:secret@host/db",
        "postgresql+nodriver://me:secret@host/db",
        "postgresql://me:secret@host:port/db",
        "postgresql://me:secret@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=secret&connect_timeout=2",
    ],
)
def test_a_url_that_leads_nowhere_is_one_message_without_the_password(place: str) -> None:
    with pytest.raises(StoreError) as error:
        db.connect(place)
    assert "secret" not in str(error.value) and "\n" not in str(error.value)


def test_a_wrong_password_is_one_message_without_it(postgres: Postgres, shell: Shell) -> None:
    place = postgres.store(shell.folder).replace(postgres.password, "not-the-password")
    done = shell.run("status", ARENA_DB=place)
    assert done.returncode == 2 and "password authentication failed" in clean(done)
    assert "not-the-password" not in done.stderr and done.stderr.count("\n") == 1


def _make(place: str) -> str:
    try:
        db.connect(place).dispose()
    except StoreError as error:
        return str(error)
    return ""


def test_a_file_that_is_made_by_many_at_once_is_refused_to_none(tmp_path: Path) -> None:
    places = [str(tmp_path / f"{number}.db") for number in range(60) for _ in range(4)]
    with ProcessPoolExecutor(4) as many:
        assert set(many.map(_make, places)) == {""}


def test_a_store_made_by_many_at_once_is_made_once(postgres: Postgres) -> None:
    place = postgres.blank("fresh")
    with ThreadPoolExecutor(8) as many:
        engines = list(many.map(db.connect, [place] * 8))
    with engines[0].connect() as made:
        assert made.exec_driver_sql("SELECT value FROM meta").scalars().all() == [str(schema.VERSION)]


def test_writers_of_the_same_rows_in_other_orders_do_not_lock_each_other_out(
    postgres: Postgres, tmp_path: Path
) -> None:
    engine = db.connect(postgres.store(tmp_path))

    def write(turn: int) -> None:
        rows = [{"key": f"{turn // 4} {number}", "body": "text"} for number in range(300)]
        with engine.begin() as writing:
            insert(writing, schema.texts, rows[:: (1, -1)[turn % 2]])

    with ThreadPoolExecutor(4) as many:
        list(many.map(write, range(40)))
    with engine.connect() as reading:
        assert reading.exec_driver_sql("SELECT count(*) FROM texts").scalar() == 3000


def test_connections_that_a_restart_broke_are_not_used_again(postgres: Postgres, tmp_path: Path) -> None:
    engine = db.connect(postgres.store(tmp_path))
    assert read.runs(engine) == []
    postgres.restart()
    assert read.runs(engine) == []


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/me/fast rw - xfs /dev/sdb1 rw
32 22 0:42 / /mnt/a\\040place rw,nosuid - fuse.sshfs me@host: rw,user_id=0
33 22 0:43 / /hidden rw - ext4 /dev/sdc1 rw
34 33 0:44 / /hidden rw master:3 - cifs //server/share rw
35 22 0:45 / /fuse rw - fuse.ntfs-3g /dev/sdd1 rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", ""),
        ("/homes", ""),
        ("/home/me", "nfs4"),
        ("/home/me/fast/study", ""),
        ("/mnt/a place", "fuse.sshfs"),
        ("/hidden/study", "cifs"),
        ("/fuse", ""),
    ],
)
def test_a_folder_is_on_the_file_system_that_is_mounted_nearest(folder: str, kind: str) -> None:
    assert network(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize("kind", "nfs cifs smb3 smbfs 9p afs lustre beegfs glusterfs fuse.glusterfs ceph gpfs".split())
def test_every_network_file_system_is_known(kind: str) -> None:
    assert network(Path("/data"), f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /data rw - {kind} x rw\n") == kind


def test_a_store_that_is_not_there_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store at"):
        db.connect(str(tmp_path / "none.db"), create=False)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.usefixtures("both")
def test_writing_an_event_twice_changes_nothing(tmp_path: Path) -> None:
    _, watch = play(scripted(1), tmp_path)
    engine = db.connect(at(tmp_path))
    run, store = read.run_id(engine, None), db.Store(engine)
    before = read.counts(engine, run), read.records(engine, run)
    store.save(run, watch.events)
    for event in watch.events:
        store.save(run, [event])
    assert (read.counts(engine, run), read.records(engine, run)) == before


@pytest.mark.usefixtures("both")
def test_a_reader_is_not_held_up_by_a_writer_nor_a_writer_by_a_reader(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    engine = db.connect(at(tmp_path))
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
    engine = db.connect(at(shell.folder))
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


@pytest.mark.usefixtures("both")
def test_the_store_is_readable_while_a_run_is_killed_around_it(server: Server, shell: Shell) -> None:
    server.hold_after = 5
    running = shell.start("run", shell.write(modelled(server.url)), "--here")
    wait_for(lambda: server.waiting > 0)
    assert json.loads(shell.run("status", "--json").stdout)["planned"] == 2
    os.kill(running.pid, 9)
    running.wait()
    told = json.loads(shell.run("status", "--json").stdout)
    assert (told["planned"], told["rulings"], told["ruled"]) == (2, 4, 0)


@contextmanager
def sshfs(folder: Path) -> Iterator[Path]:
    """A folder that really is on a network file system."""
    server, mounted = Path("/usr/lib/openssh/sftp-server"), folder / "mounted"
    if not (which("sshfs") and server.exists() and os.access("/dev/fuse", os.W_OK)):
        pytest.skip("no FUSE, sshfs or sftp-server here (Debian: sshfs, openssh-sftp-server)")
    (folder / "ssh").write_text(f"#!/bin/sh\nexec {server}\n")
    (folder / "ssh").chmod(0o755)
    mounted.mkdir()
    subprocess.run(["sshfs", "-o", f"ssh_command={folder / 'ssh'}", f"host:{folder}", mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["fusermount3", "-u", mounted], check=True)


def test_a_store_on_a_network_file_system_is_refused_before_anything_is_spent(server: Server, shell: Shell) -> None:
    shell.write(modelled(server.url))
    with sshfs(shell.folder) as shared:
        done = shell.run("run", "e.toml", "--here", "--db", str(shared / "arena.db"))
    assert done.returncode == 2 and server.bodies == []
    assert "fuse.sshfs" in clean(done) and "PostgreSQL" in done.stderr and done.stderr.count("arena: ") == 1
    assert not (shell.folder / "arena.db").exists()


def test_many_matches_can_be_asked_about_at_once(store_url: str) -> None:
    keys = [f"{number:032x}" for number in range(5_000)]
    assert set(read.progress(db.connect(store_url), keys).values()) == {
        read.Progress((), frozenset(), False, frozenset(), False)
    }


def test_a_match_is_found_by_how_its_key_begins_in_either_case(store_url: str, tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    engine = db.connect(store_url)
    keys = [line["key"] for line in read.listing(engine, read.run_id(engine, None))]
    assert [read.match_key(engine, key[:12].upper()) for key in keys] == keys


def test_texts_of_every_script_come_back_as_they_were(store_url: str, tmp_path: Path) -> None:
    text = "\u202eé日本語 🜁 \x01 \\u0000 'quoted' \"twice\" %s\r\n:name"
    row = {"id": text, "question": text, "answers": [text, "no"], "correct": 0, "passage": text, "source": text}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    task = {"use": "file", "path": str(tmp_path / "rows.jsonl")}
    assert play(scripted(1) | {"tasks": [task]}, tmp_path)[0] == 0
    engine = db.connect(store_url)
    (question,) = {
        read.kept(engine, line["key"]).match.question for line in read.listing(engine, read.run_id(engine, None))
    }
    assert {question.id, question.text, question.answers[0], question.passage, question.source} == {text}
