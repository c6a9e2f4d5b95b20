"""Running an experiment: going on after every kind of end, paying for nothing twice, stopping in order."""

from __future__ import annotations

import json
import os
import signal
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, at, modelled, play, replies, scripted, settle, wait_for
from server import Server

from arena.store import db, read

pytestmark = pytest.mark.usefixtures("both")
SQLITE = pytest.mark.parametrize("both", ["sqlite"], indirect=True)
KILLS = [*(("sqlite", answered) for answered in (0, 1, 3, 6, 9, 11)), ("postgresql", 3), ("postgresql", 9)]
STOPS = [("sqlite", signal.SIGINT), ("sqlite", signal.SIGTERM), ("postgresql", signal.SIGTERM)]


def verdicts(folder: Path, store: str = "arena.db") -> list[tuple[Any, ...]]:
    """What a store's newest run came to."""
    engine = db.connect(at(folder, store), create=False)
    rows = read.records(engine, read.run_id(engine, None))
    return [(row.match, row.judge, row.order, row.state, row.p) for row in rows]


def texts(folder: Path, store: str = "arena.db") -> list[str]:
    engine = db.connect(at(folder, store), create=False)
    lines = read.listing(engine, read.run_id(engine, None))
    return [turn.text for line in lines for turn in sorted(read.kept(engine, line["key"]).turns, key=str)]


def paid(folder: Path) -> int:
    """How many calls the ledger of a store's newest run counts as paid."""
    engine = db.connect(at(folder), create=False)
    return read.spent(engine, read.run_id(engine, None)).calls


def test_the_same_command_again_plays_nothing(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url))
    first = shell.run("run", file, "--here")
    sent = len(server.bodies)
    again = shell.run("run", file, "--here", "--json")
    assert (first.returncode, again.returncode, len(server.bodies)) == (0, 0, sent)
    assert json.loads(again.stdout)["ruled"] == json.loads(again.stdout)["rulings"] == 4
    assert again.stderr.splitlines() == ["run t-" + json.loads(again.stdout)["run"][2:] + ": 2 matches"]


@pytest.mark.parametrize(("both", "answered"), KILLS, indirect=["both"])
def test_killed_at_any_moment_it_goes_on_and_pays_nothing_twice(server: Server, shell: Shell, answered: int) -> None:
    file = shell.write(modelled(server.url))
    server.hold_after = answered
    killed = shell.start("run", file, "--here")
    settle(server, replies(shell.folder))
    os.killpg(killed.pid, signal.SIGKILL)
    wait_for(lambda: server.waiting == 0)
    server.hold_after = None
    assert shell.run("run", file, "--here").returncode == 0
    assert set(server.answered.values()) == {1}
    assert paid(shell.folder) == len(server.answered)
    play(modelled(server.url), shell.folder, "undisturbed.db")
    assert verdicts(shell.folder) == verdicts(shell.folder, "undisturbed.db")
    assert texts(shell.folder) == texts(shell.folder, "undisturbed.db")


def test_killed_and_gone_on_with_where_the_response_cache_is_not_it_pays_nothing_twice(
    server: Server, shell: Shell
) -> None:
    file = shell.write(modelled(server.url))
    server.hold_after = 7
    killed = shell.start("run", file, "--here")
    wait_for(lambda: server.waiting > 0)  # the run is in the store
    wait_for(lambda: paid(shell.folder) == 7)
    os.killpg(killed.pid, signal.SIGKILL)
    wait_for(lambda: server.waiting == 0)
    replies(shell.folder).unlink()
    server.hold_after = None
    assert shell.run("run", file, "--here").returncode == 0
    assert set(server.answered.values()) == {1}
    assert paid(shell.folder) == len(server.answered)


@pytest.mark.parametrize(("both", "name"), STOPS, indirect=["both"])
def test_one_signal_stops_in_order_and_keeps_what_is_finished(
    server: Server, shell: Shell, name: signal.Signals
) -> None:
    file = shell.write(modelled(server.url))
    server.hold_after = 7
    running = shell.start("run", file, "--here", "--json")
    settle(server, replies(shell.folder))
    running.send_signal(name)
    told = json.loads(running.communicate(timeout=30)[0])
    assert (running.returncode, told["exit"]) == (130, 130)
    assert told["spent"]["calls"] >= 4
    assert "Traceback" not in shell.stderr()
    wait_for(lambda: server.waiting == 0)
    server.hold_after = None
    assert shell.run("run", file, "--here").returncode == 0
    assert set(server.answered.values()) == {1}
    assert paid(shell.folder) == len(server.answered)


@SQLITE
def test_a_signal_before_anything_was_ruled_is_no_error(server: Server, shell: Shell) -> None:
    server.hold_after = 0
    running = shell.start("run", shell.write(modelled(server.url)), "--here")
    wait_for(lambda: server.waiting > 0)
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(30) == 130
    assert "Traceback" not in shell.stderr()


@SQLITE
def test_ctrl_c_while_the_models_are_checked_exits_with_130(shell: Shell) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        running = shell.start("run", shell.write(modelled(url)), "--here")
        silent.accept()
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(30) == 130
    assert "Traceback" not in shell.stderr()


def test_the_limit_of_calls_stops_with_4_and_a_higher_one_goes_on(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, questions=4) | {"workers": {"count": 1, "matches": 1}}
    code, _ = play(table | {"limits": {"max_calls": 7}}, tmp_path)
    spent = len(server.bodies)
    assert (code, spent) == (4, 7)
    assert play(table | {"limits": {"max_calls": 7}}, tmp_path)[0] == 4
    assert len(server.bodies) == spent
    assert play(table, tmp_path)[0] == 0
    assert set(server.answered.values()) == {1}


def test_a_run_says_which_limit_it_came_to_and_how_to_go_on(server: Server, shell: Shell) -> None:
    table = {**modelled(server.url), "limits": {"max_calls": 3, "max_tokens": 10_000_000}}
    for _ in range(2):
        done = shell.run("run", shell.write(table), "--here")
        assert done.returncode == 4
        assert "arena: limit reached: max_calls = 3 (3 calls are paid); all is kept: raise the limit" in done.stderr
        assert "max_tokens" not in done.stderr


def test_the_limits_of_tokens_and_dollars_stop_with_4(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, questions=4, price_in=10.0, price_out=10.0) | {"workers": {"matches": 1}}
    assert play(table | {"limits": {"max_tokens": 300}}, tmp_path, "tokens.db")[0] == 4
    assert play(table | {"limits": {"max_cost": 0.003}}, tmp_path, "dollars.db")[0] == 4
    assert play(table | {"limits": {"max_cost": 100.0}}, tmp_path, "dollars.db")[0] == 0


def test_what_failed_and_may_pass_is_mended_by_the_next_run(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, retries=0)
    odd = cycle((True, False))
    server.choose = lambda body: "500" if body.get("logprobs") and next(odd) else None
    code, watch = play(table, tmp_path)
    failed = [event.failure for event in watch.events if event.failure]
    assert code == 3
    assert {(f.stage, f.kind, f.passing) for f in failed} == {("decide", "broken", True)}
    server.choose = None
    assert play(table, tmp_path)[0] == 0
    assert set(server.answered.values()) == {1}


def test_a_speaker_who_fails_costs_its_match_and_no_other(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, questions=3, retries=0)
    server.faults.extend(["500"])
    code, watch = play(table, tmp_path)
    assert code == 3
    assert [e.failure.stage for e in watch.events if e.failure] == ["speak"]
    assert sum(e.ruling is not None for e in watch.events) == 4
    assert play(table, tmp_path)[0] == 0


def test_a_prompt_that_was_too_long_is_tried_again_as_the_context_may_have_grown(
    server: Server, tmp_path: Path
) -> None:
    server.choose = lambda body: "too long" if body.get("logprobs") else None
    assert play(modelled(server.url), tmp_path)[0] == 3
    server.choose = lambda body: None
    assert play(modelled(server.url), tmp_path)[0] == 0


@SQLITE
def test_questions_that_changed_since_a_run_began_are_not_mixed_with_the_old_ones(shell: Shell) -> None:
    rows = shell.folder / "rows.jsonl"
    rows.write_text('{"id": "1", "question": "Which?", "answers": ["x", "y"], "correct": 0}\n')
    task = {"use": "file", "path": "rows.jsonl"}
    file = shell.write({**scripted(), "tasks": [task], "protocols": ["direct", "debate"]})
    assert shell.run("run", file, "--here").returncode == 0
    rows.write_text('{"id": "1", "question": "Which one?", "answers": ["x", "y"], "correct": 0}\n')
    again = shell.run("run", file, "--here")
    assert again.returncode == 2
    assert "have changed since it began" in again.stderr and "Traceback" not in again.stderr


def test_what_can_never_pass_is_not_paid_for_again(server: Server, tmp_path: Path) -> None:
    server.choose = lambda body: None if body.get("logprobs") else "null"
    assert play(modelled(server.url), tmp_path)[0] == 3
    sent = len(server.bodies)
    assert play(modelled(server.url), tmp_path)[0] == 3
    assert len(server.bodies) == sent


def test_a_reply_that_cannot_be_read_is_a_state_and_no_score(server: Server, tmp_path: Path) -> None:
    server.choose = lambda body: "no logprobs" if body.get("logprobs") else None
    code, _ = play(modelled(server.url), tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, None)
    assert code == 0
    assert (read.counts(engine, run).unreadable, read.counts(engine, run).ruled) == (4, 4)
    assert [record.score for record in read.records(engine, run)] == [None] * 4


def test_a_new_judge_pays_for_its_rulings_alone(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url)
    play(table, tmp_path)
    sent = len(server.bodies)
    assert play(table | {"judges": [*table["judges"], {"use": "stated", "model": "m"}]}, tmp_path)[0] == 0
    new = server.bodies[sent:]
    assert len(new) == 4
    assert all("Reply in JSON" in body for body in new)


def test_more_questions_pay_for_the_new_ones_alone(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url, questions=2), tmp_path)
    sent = len(server.bodies)
    assert play(modelled(server.url, questions=3), tmp_path)[0] == 0
    assert len(server.bodies) == sent * 3 // 2


@SQLITE
def test_how_a_model_is_reached_is_not_part_of_what_was_played(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url), tmp_path)
    sent = len(server.bodies)
    other = modelled(server.url, retries=7, timeout=9.0, price_in=1.0, price_out=1.0, concurrency=2)
    assert play(other, tmp_path)[0] == 0
    assert len(server.bodies) == sent


@SQLITE
def test_a_fault_in_a_plugin_is_a_failure_with_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clumsy.py").write_text(
        "from arena.judge import Judge\nfrom arena.protocol import Protocol\n\n\n"
        "class Broken(Judge):\n    async def decide(self, view):\n        raise KeyError('what now')\n\n\n"
        "class Odd(Protocol):\n    def play(self, case):\n        yield from ()\n"
        "    def view(self, seat, case, turns):\n        raise ZeroDivisionError('no view')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    table = scripted(1) | {"protocols": ["direct", {"use": "clumsy.Odd"}], "judges": [{"use": "clumsy.Broken"}]}
    code, watch = play(table, tmp_path)
    assert code == 3
    found = {e.failure.message for e in watch.events if e.failure}
    assert found == {"KeyError: 'what now'", "ZeroDivisionError: no view"}


@SQLITE
def test_the_events_of_a_match_come_in_the_order_of_the_game(server: Server, tmp_path: Path) -> None:
    _, watch = play(modelled(server.url, questions=3), tmp_path)
    for match in {event.match for event in watch.events}:
        told = [e for e in watch.events if e.match == match and (e.turns or e.ruling)]
        kinds = [(e.turns[0].round, e.over) if e.turns else "ruling" for e in told]
        assert kinds == [(1, False), (1, False), (2, False), (2, True), "ruling", "ruling"]
