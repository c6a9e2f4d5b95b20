"""What a judge holds after each round: asked, kept, counted, told, and never taken for a verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, at, modelled, play
from server import Server

from arena.compare import compare
from arena.experiment import read as experiment_of
from arena.export import export
from arena.plan import plan
from arena.show import plain
from arena.store import db, read

pytestmark = pytest.mark.usefixtures("both")


def table(server: Server, rounds: int = 3, **model: Any) -> dict[str, Any]:
    made = modelled(server.url, **model)
    return made | {"beliefs": True, "protocols": ["direct", {"use": "debate", "rounds": rounds, "words": 30}]}


def store(folder: Path) -> tuple[Any, str]:
    engine = db.connect(at(folder))
    return engine, read.run_id(engine, None)


def test_every_judge_is_asked_after_every_round_but_the_last(server: Server, tmp_path: Path) -> None:
    assert play(table(server), tmp_path)[0] == 0
    engine, run = store(tmp_path)
    held = read.beliefs(engine, run)
    assert [(b.protocol, b.order, b.after) for b in held[:4]] == [
        ("debate(words=30)", order, after) for order in (0, 1) for after in (1, 2)
    ]
    assert len(held) == 2 * 2 * 2 and all(b.state == "read" and sum(b.p) == pytest.approx(1) for b in held)
    assert read.counts(engine, run).ruled == read.counts(engine, run).rulings == 8


def test_a_belief_is_asked_on_what_was_said_by_then(server: Server, tmp_path: Path) -> None:
    play(table(server, rounds=3), tmp_path)
    asked = [json.loads(body)["messages"][-1]["content"] for body in server.bodies if "logprobs" in body]
    debated = [max(i for i in range(4) if i == 0 or f"[Round {i}]" in text) for text in asked]
    assert sorted(debated) == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4


def test_the_same_again_asks_nothing_and_beliefs_alone_are_added_to_a_run_without(
    server: Server, tmp_path: Path
) -> None:
    play(table(server) | {"beliefs": False}, tmp_path)
    sent = len(server.bodies)
    assert play(table(server), tmp_path)[0] == 0
    assert len(server.bodies) == sent + 8
    assert play(table(server), tmp_path)[0] == 0
    assert len(server.bodies) == sent + 8


def test_a_belief_that_fails_loses_no_verdict_and_is_asked_again(server: Server, tmp_path: Path) -> None:
    def choose(body: dict[str, Any]) -> str | None:
        text = body["messages"][-1]["content"]
        return "500" if body.get("logprobs") and "[Round 1]" in text and "[Round 2]" not in text else None

    server.choose = choose
    code, watch = play(table(server, retries=0), tmp_path)
    engine, run = store(tmp_path)
    failed = [e.failure for e in watch.events if e.failure]
    assert code == 3 and {(f.stage, f.round) for f in failed} == {("believe", 1)} and len(failed) == 4
    assert (read.counts(engine, run).ruled, len(read.beliefs(engine, run))) == (8, 4)
    assert [row.accuracy.failed for row in compare(engine, run).rows] == [0, 0]
    server.choose = None
    assert play(table(server), tmp_path)[0] == 0
    assert len(read.beliefs(engine, run)) == 8 and read.counts(engine, run).failed == 0


def test_a_belief_that_cannot_be_read_is_kept_as_such_and_not_asked_again(server: Server, tmp_path: Path) -> None:
    server.choose = lambda body: "no logprobs" if body.get("logprobs") else None
    assert play(table(server), tmp_path)[0] == 0
    engine, run = store(tmp_path)
    assert {(b.state, b.score) for b in read.beliefs(engine, run)} == {("unreadable", None)}
    sent = len(server.bodies)
    play(table(server), tmp_path)
    assert len(server.bodies) == sent


def test_a_plan_and_the_ledger_count_the_calls_for_beliefs(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    engine, run = store(tmp_path)
    planned = plan(experiment_of(table(server), tmp_path / "e.toml"))
    assert sum(line.calls for line in planned.lines) == read.spent(engine, run).calls == len(server.bodies)
    assert len(server.bodies) == 12 + 4 + 4 + 8


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_beliefs_are_shown_and_exported(server: Server, shell: Shell) -> None:
    play(table(server, rounds=2), shell.folder)
    engine, run = store(shell.folder)
    match = read.listing(engine, run)[-1]["key"]
    assert [row["round"] for row in plain(read.kept(engine, match))["beliefs"]] == [1, 1]
    assert "(as played, after round 1): " in shell.run("show", match[:12]).stdout
    export(engine, run, "beliefs", shell.folder / "b.jsonl")
    rows = [json.loads(line) for line in (shell.folder / "b.jsonl").read_text().splitlines()]
    assert [row["after"] for row in rows] == [1] * 4 and {row["score"] for row in rows} <= {0, 0.5, 1}
