"""Ray, really: a local one, a running cluster of two nodes, lost workers and nodes, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import ray
from lab import Shell, Table, clean, modelled, play, scripted, settle, wait_for
from processes import AGENTS, descendants, living, workers
from server import Server

from arena.cluster import Cluster
from arena.export import export
from arena.store import db, read

pytestmark = pytest.mark.xdist_group("ray")


def exported(folder: Path, store: str) -> bytes:
    """A run's rulings and transcripts, as they are exported."""
    engine = db.connect(str(folder / store), create=False)
    run = read.run_id(engine, None)
    export(engine, run, "rulings", folder / "r.jsonl")
    export(engine, run, "transcripts", folder / "t.jsonl")
    return (folder / "r.jsonl").read_bytes() + (folder / "t.jsonl").read_bytes()


def verdicts(folder: Path, store: str) -> list[tuple[Any, ...]]:
    engine = db.connect(str(folder / store), create=False)
    return [(r.match, r.judge, r.order, r.state, r.p) for r in read.records(engine, read.run_id(engine, None))]


def paid(folder: Path, store: str = "arena.db") -> int:
    """How many calls the ledger of a run counts as paid."""
    engine = db.connect(str(folder / store), create=False)
    return read.spent(engine, read.run_id(engine, None)).calls


def spread(table: Table) -> Table:
    return table | {"workers": {"count": 2, "matches": 2}}


CLUMSY = """
from arena.judge import Judge


class Odd(Exception):
    def __init__(self, *, why):
        super().__init__(why)


class Clumsy(Judge):
    async def decide(self, view):
        raise Odd(why="keyword\\nonly")
"""


def test_a_local_ray_gives_what_this_process_gives_faults_of_plugins_included(
    server: Server, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shell.folder / "awkward.py").write_text(CLUMSY)
    monkeypatch.syspath_prepend(shell.folder)
    table = spread(modelled(server.url, questions=4, price_in=1.0, price_out=1.0))
    table["judges"].append({"use": "awkward.Clumsy"})
    done = shell.run("run", shell.write(table))
    failed = [line for line in clean(done).splitlines() if line.startswith("failed")]
    assert done.returncode == 3
    assert len(failed) == 8 and all(line.endswith("decide error: Odd: keyword only") for line in failed)
    assert play(table, shell.folder, "here.db")[0] == 3
    assert exported(shell.folder, "arena.db") == exported(shell.folder, "here.db")


def test_a_worker_that_is_killed_loses_nothing(server: Server, shell: Shell) -> None:
    table = spread(modelled(server.url, questions=6))
    server.hold_after = 14
    running = shell.start("run", shell.write(table))
    wait_for(lambda: len(workers(descendants(running.pid))) == 2)
    settle(server, shell.folder / "arena.db.replies", 4)
    victims = workers(descendants(running.pid))
    asked = len(server.bodies)
    os.kill(victims[0], signal.SIGKILL)
    wait_for(lambda: len(server.bodies) > asked)
    server.hold_after = None
    assert running.wait(60) == 0, shell.stderr()
    assert set(server.answered.values()) == {1}
    assert paid(shell.folder) == len(server.answered)
    play(table, shell.folder, "here.db")
    assert verdicts(shell.folder, "arena.db") == verdicts(shell.folder, "here.db")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_however_the_driver_ends_no_process_is_left_and_nothing_is_paid_twice(
    server: Server, shell: Shell, how: signal.Signals
) -> None:
    table = spread(modelled(server.url, questions=4))
    server.hold_after = 9
    running = shell.start("run", shell.write(table))
    settle(server, shell.folder / "arena.db.replies", 4)
    below = descendants(running.pid)
    os.kill(running.pid, how) if how != signal.SIGINT else os.killpg(running.pid, how)
    assert running.wait(30) == (-9 if how == signal.SIGKILL else 130), shell.stderr()
    assert "Traceback" not in shell.stderr()
    wait_for(lambda: not living(below, but=AGENTS), 45)
    wait_for(lambda: server.waiting == 0)
    server.hold_after = None
    assert play(table, shell.folder)[0] == 0
    assert set(server.answered.values()) == {1}
    assert paid(shell.folder) == len(server.answered)


def test_a_running_cluster_gives_what_this_process_gives(nodes: Any, server: Server, shell: Shell) -> None:
    table = spread(modelled(server.url, questions=4))
    cache = str(shell.folder / "cache")
    done = shell.run("run", shell.write(table), "--address", nodes.address, RAY_AUTH_MODE="disabled", ARENA_CACHE=cache)
    assert done.returncode == 0, done.stderr
    play(table, shell.folder, "here.db")
    assert exported(shell.folder, "arena.db") == exported(shell.folder, "here.db")


def test_a_node_that_is_lost_loses_nothing(nodes: Any, server: Server, shell: Shell) -> None:
    table = spread(modelled(server.url, questions=6))
    server.hold_after = 10
    env = {"RAY_AUTH_MODE": "disabled", "ARENA_CACHE": str(shell.folder / "cache")}
    running = shell.start("run", shell.write(table), "--address", nodes.address, **env)
    wait_for(lambda: server.waiting >= 4)
    settle(server, next((shell.folder / "cache").glob("replies-*[0-9a-f]")), 4)
    nodes.remove_node(nodes.second, allow_graceful=False)
    server.hold_after = None
    nodes.second = nodes.add_node(num_cpus=1)
    assert running.wait(90) == 0, shell.stderr()
    play(table, shell.folder, "here.db")
    assert verdicts(shell.folder, "arena.db") == verdicts(shell.folder, "here.db")


def test_an_address_where_no_cluster_is_is_one_message(shell: Shell) -> None:
    done = shell.run("run", shell.write(scripted(1)), "--address", "127.0.0.1:1", RAY_AUTH_MODE="disabled")
    assert done.returncode == 2
    assert "no Ray cluster at '127.0.0.1:1'" in clean(done)


def test_a_node_that_is_lost_for_good_leaves_its_matches_to_the_others(
    nodes: Any, server: Server, shell: Shell
) -> None:
    table = spread(modelled(server.url, questions=6)) | {"limits": {"max_calls": 1000}}
    server.hold_after = 10
    env = {"RAY_AUTH_MODE": "disabled", "ARENA_CACHE": str(shell.folder / "cache")}
    running = shell.start("run", shell.write(table), "--address", nodes.address, **env)
    wait_for(lambda: server.waiting >= 4 and len(workers(descendants(os.getpid()))) == 2)
    nodes.remove_node(nodes.second, allow_graceful=False)
    try:
        server.hold_after = None
        assert running.wait(90) == 0, shell.stderr()
    finally:
        nodes.second = nodes.add_node(num_cpus=1)
    play(table, shell.folder, "here.db")
    assert verdicts(shell.folder, "arena.db") == verdicts(shell.folder, "here.db")


def test_workers_that_cannot_play_end_the_run_with_one_message(tmp_path: Path) -> None:
    replies = tmp_path / "replies"

    async def happens() -> str:
        cluster = Cluster(1, 1, replies)
        for file in tmp_path.iterdir():
            file.unlink()
        replies.mkdir()  # what the driver could open, a worker cannot
        try:
            async with asyncio.timeout(60), cluster:
                events = await anext(cluster.events())
                replies.rmdir()
                return events[0].stop
        finally:
            assert not ray.is_initialized()

    assert "the response cache" in asyncio.run(happens())
