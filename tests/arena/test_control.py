"""A run that is played elsewhere: watched, paused, resumed, cancelled from another process, launched as a job."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import httpx
import pytest
from lab import ARENA, Shell, clean, modelled, scripted, wait_for
from server import Server

pytestmark = pytest.mark.xdist_group("ray")
OPEN = {"RAY_AUTH_MODE": "disabled"}


def state(shell: Shell) -> dict[str, Any]:
    """What `arena status` says."""
    done = shell.run("status", "--json")
    return json.loads(done.stdout) if done.returncode == 0 else {"state": "none", "drivers": []}


def test_status_tells_who_plays_a_run_and_what_is_in_flight(server: Server, shell: Shell) -> None:
    server.hold_after = 3
    running = shell.start("run", shell.write(modelled(server.url)), "--here")
    wait_for(lambda: any(driver["flying"] for driver in state(shell)["drivers"]))
    told = state(shell)
    assert told["state"] == "playing" and told["drivers"][0]["flying"] == server.waiting
    assert f"{server.waiting} in flight, oldest" in shell.run("status").stdout
    server.hold_after = None
    watched = shell.run("status", "--watch", "--json").stdout.splitlines()
    assert running.wait(60) == 0
    assert [json.loads(line)["state"] for line in watched][-1] == "complete"


def test_a_paused_run_makes_no_call_until_it_is_resumed(server: Server, shell: Shell) -> None:
    server.hold_after = 3
    running = shell.start("run", shell.write(modelled(server.url, questions=3)), "--here")
    wait_for(lambda: server.waiting > 0)
    assert shell.run("pause").returncode == 0
    wait_for(lambda: state(shell)["drivers"][0]["paused"])
    server.hold_after = None
    wait_for(lambda: not state(shell)["drivers"][0]["flying"])
    sent = len(server.bodies)
    wait_for(lambda: state(shell)["drivers"][0]["waiting"] == 0)
    assert len(server.bodies) == sent and running.poll() is None and state(shell)["state"] == "paused"
    assert shell.run("resume").returncode == 0
    assert running.wait(60) == 0 and set(server.answered.values()) == {1}


def test_a_cancelled_run_ends_with_130_and_can_be_played_on(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url))
    server.hold_after = 5
    running = shell.start("run", file, "--here")
    wait_for(lambda: server.waiting > 0 and state(shell)["state"] == "playing")
    assert shell.run("cancel").returncode == 0
    assert running.wait(30) == 130
    assert state(shell)["state"] == "stopped"
    refused = shell.run("pause")
    assert refused.returncode == 2 and "nobody plays run" in clean(refused)
    server.hold_after = None
    assert shell.run("run", file, "--here").returncode == 0


def test_two_drivers_share_a_run_and_pay_nothing_twice(server: Server, shell: Shell) -> None:
    server.delay = 0.02
    file = shell.write(modelled(server.url, questions=12))
    both = [shell.start("run", file, "--here", "--json") for _ in range(2)]
    assert [one.wait(90) for one in both] == [0, 0], shell.stderr()
    told = state(shell)
    assert (told["over"], told["ruled"], told["failed"]) == (12, 24, 0)
    assert set(server.answered.values()) == {1}
    assert told["spent"]["calls"] == len(server.answered)


def test_the_journal_has_a_line_for_each_call_with_the_ids_of_run_match_and_call(server: Server, shell: Shell) -> None:
    assert shell.run("run", shell.write(modelled(server.url)), "--here").returncode == 0
    lines = [json.loads(line) for line in shell.run("logs").stdout.splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    assert len({call["call"] for call in calls}) == len(calls) == len(server.bodies)
    assert {call["run"] for call in calls} == {state(shell)["run"]} and all(len(call["match"]) == 32 for call in calls)
    assert [lines[0]["event"], lines[-1]["event"]] == ["began", "ended"]


def free() -> int:
    """A port that nobody listens at."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture(scope="module")
def head() -> Iterator[Any]:
    """A cluster with a dashboard, which takes jobs."""
    os.environ |= OPEN | {"PATH": f"{ARENA.parent}{os.pathsep}{os.environ['PATH']}"}  # jobs call `python`
    from ray.cluster_utils import Cluster

    Path(gettempdir(), "ray").mkdir(exist_ok=True)  # where it leaves a note of the cluster, whatever its own folder
    # a job finds its cluster by the folder's note of the last one, through an agent whose port is else always the same
    with TemporaryDirectory(prefix="ray") as folder:
        place = {"dashboard_port": 0, "dashboard_agent_listen_port": free(), "temp_dir": folder}
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": True, **place})
        yield made
        made.shutdown()


def launched(shell: Shell, head: Any, *words: str) -> subprocess.CompletedProcess[str]:
    """`arena launch` of the experiment in e.toml."""
    place = ["--address", f"http://{head.webui_url}", "--db", str(shell.folder / "arena.db")]
    return shell.run("launch", "e.toml", *place, *words, **OPEN)


@pytest.mark.alone
def test_a_job_outlives_its_launcher_and_launching_twice_is_launching_once(
    head: Any, server: Server, shell: Shell
) -> None:
    shell.write(modelled(server.url))
    server.hold_after = 3
    first, again = launched(shell, head), launched(shell, head, "--json")
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    run = json.loads(again.stdout)["run"]
    assert "launched" in first.stdout and json.loads(again.stdout) == {"run": run, "launched": False}
    wait_for(lambda: server.waiting > 0)
    job = shell.run("status", run, "--address", f"http://{head.webui_url}", "--json", **OPEN)
    assert json.loads(job.stdout)["status"] == "RUNNING"
    server.hold_after = None
    wait_for(lambda: state(shell)["state"] == "complete")
    waited = launched(shell, head, "--wait")
    assert waited.returncode == 0 and set(server.answered.values()) == {1}
    assert (
        f"run {run}: 2 of 2"
        in shell.run("logs", run.rpartition("-")[0], "--address", f"http://{head.webui_url}", **OPEN).stdout
    )


@pytest.mark.alone
def test_a_launched_run_is_cancelled_from_elsewhere(head: Any, server: Server, shell: Shell) -> None:
    shell.write(modelled(server.url) | {"name": "other"})
    server.hold_after = 2
    assert launched(shell, head).returncode == 0
    wait_for(lambda: server.waiting > 0 and state(shell)["state"] == "playing")
    assert shell.run("cancel", "other", **OPEN).returncode == 0
    wait_for(lambda: state(shell)["state"] == "stopped")
    server.hold_after = None
    assert launched(shell, head, "--wait").returncode == 0


def test_what_a_run_does_is_among_the_metrics_that_prometheus_collects(head: Any, server: Server, shell: Shell) -> None:
    server.hold_after = 2
    running = shell.start("run", shell.write(modelled(server.url)), "--address", head.address, **OPEN)
    port = head.head_node.metrics_agent_port if hasattr(head.head_node, "metrics_agent_port") else 0
    place = f"http://127.0.0.1:{head.head_node.metrics_export_port or port}/metrics"
    wait_for(lambda: "ray_arena_flying" in httpx.get(place, timeout=10).text, 60)
    server.hold_after = None
    assert running.wait(60) == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--address", "http://127.0.0.1:1"], "no Ray cluster's dashboard at 'http://127.0.0.1:1'"),
        (["--address", "HEAD", "--db", "arena.db"], "a job has a folder of its own"),
        (["--address", "HEAD", "--db", "postgresql+psycopg://me:word@host/db"], "a password in the URL would show"),
    ],
)
def test_what_cannot_be_launched_is_one_message(head: Any, shell: Shell, words: list[str], says: str) -> None:
    given = [word.replace("HEAD", f"http://{head.webui_url}") for word in words]
    done = shell.run("launch", shell.write(scripted(1)), *given, **OPEN)
    assert done.returncode == 2 and says in clean(done)


@pytest.mark.alone
def test_a_job_on_this_machine_takes_the_store_that_is_taken_here(head: Any, server: Server, shell: Shell) -> None:
    shell.write(modelled(server.url) | {"name": "near"})
    done = shell.run("launch", "e.toml", "--address", f"http://{head.webui_url}", "--wait", **OPEN)
    assert done.returncode == 0 and state(shell)["state"] == "complete", done.stderr


def test_a_job_that_is_told_of_no_store_stops_before_anything_is_spent(server: Server, shell: Shell) -> None:
    done = shell.run("run", shell.write(modelled(server.url)), "--here", ARENA_JOB="{}", ARENA_DB="")
    assert done.returncode == 2 and "set ARENA_DB on the cluster" in clean(done) and not server.bodies


OLD = "import ray, sys; ray.__version__ = '2.1.0'; from ray.scripts.scripts import main; sys.exit(main())"


def test_another_version_of_ray_is_one_message_before_anything_is_spent(server: Server, shell: Shell) -> None:
    start = ["start", "--head", "--port", "0", "--num-cpus", "1", "--include-dashboard", "false", "--block"]
    env = shell.env | OPEN | {"RAY_ADDRESS": ""}
    with subprocess.Popen([sys.executable, "-c", OLD, *start], env=env, stdout=subprocess.PIPE, text=True) as old:
        assert old.stdout is not None
        address = next(line.split("'")[1] for line in old.stdout if "--address=" in line)
        done = shell.run("run", shell.write(modelled(server.url)), "--address", address, **OPEN)
        old.terminate()
    assert done.returncode == 2 and "has Ray 2.1.0" in clean(done) and not server.bodies
