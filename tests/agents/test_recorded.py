from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, clean, play, scripted

from agents.recorded import Recorded
from arena.errors import ConfigError, Unreadable
from arena.export import export
from arena.nouns import Cue, Speech, View
from arena.store import db, read

Row = dict[str, Any]


def exported(folder: Path, store: str = "arena.db") -> list[Row]:
    engine = db.connect(str(folder / store), create=False)
    export(engine, read.run_id(engine, None), "transcripts", folder / f"{store}.jsonl")
    return [json.loads(line) for line in (folder / f"{store}.jsonl").read_text().splitlines()]


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    play(scripted(2), tmp_path)
    return exported(tmp_path)


def told(row: Row, **fields: Any) -> View:
    answers = tuple(row["question"]["answers"][i] for i in row["shown"])
    sides = {seat: row["shown"].index(i) for seat, i in row["defends"].items()}
    return View(**{"seat": "alice", "question": row["question"]["text"], "answers": answers, "sides": sides, **fields})


def spoken(agent: Recorded, view: View, **cue: Any) -> Speech:
    return asyncio.run(agent.speak(view, Cue(**{"seat": view.seat, "round": 1, **cue})))


def test_a_run_of_recorded_agents_says_the_same(tmp_path: Path, rows: list[Row]) -> None:
    again = {"use": "recorded", "path": str(tmp_path / "arena.db.jsonl")}
    table = {**scripted(2), "name": "again", "agents": [{"debater": again, "consultant": again, "questioner": again}]}
    play(table, tmp_path, "two.db")
    second = exported(tmp_path, "two.db")
    said = [[(t["seat"], t["text"], t["private"]) for row in some for t in row["turns"]] for some in (rows, second)]
    assert said[0] == said[1] and len(said[0]) > 10
    assert all(row["over"] for row in second)


@pytest.mark.parametrize(
    ("text", "says"),
    [(None, "No such file"), ("", "holds no transcript"), ('{"a": 1}\n', "gone.jsonl:1: no exported transcript")],
)
def test_a_file_that_cannot_be_spoken_from_is_told_by_validate(shell: Shell, text: str | None, says: str) -> None:
    if text is not None:
        (shell.folder / "gone.jsonl").write_text(text)
    inner = {"use": "recorded", "path": "gone.jsonl"}
    for agent in (inner, {"use": "injector", "agent": inner}):
        done = shell.run("validate", shell.write({**scripted(1), "agents": [{"debater": agent, "consultant": agent}]}))
        assert done.returncode == 2 and says in clean(done)


def test_what_was_cut_is_cut_again_in_the_same_place(tmp_path: Path) -> None:
    long = {"use": "scripted", "lines": ["one two three four five six"]}
    table = {**scripted(1), "protocols": [{"use": "debate", "words": 4}], "agents": [{"debater": long}]}
    play(table, tmp_path)
    exported(tmp_path)
    again = {"use": "recorded", "path": str(tmp_path / "arena.db.jsonl")}
    play({**table, "agents": [{"debater": again}]}, tmp_path, "two.db")
    said = {(t["text"], t["cut"], t["forged"]) for row in exported(tmp_path, "two.db") for t in row["turns"]}
    assert said == {("one two three four [cut]", True, 0)}


def test_each_side_is_found_in_the_other_order_of_answers_too(tmp_path: Path, rows: list[Row]) -> None:
    agent = Recorded(path=str(tmp_path / "arena.db.jsonl"))
    for row in [row for row in rows if "alice" in row["defends"]]:
        view = told(row)
        last = len(view.answers) - 1
        turned = {"answers": view.answers[::-1], "sides": {seat: last - side for seat, side in view.sides.items()}}
        assert spoken(agent, view) == spoken(agent, view.model_copy(update=turned))
        assert view.mine in spoken(agent, view).text


def test_a_turn_that_is_not_there_is_named(tmp_path: Path, rows: list[Row]) -> None:
    path = str(tmp_path / "arena.db.jsonl")
    view = told(next(row for row in rows if "alice" in row["defends"]))
    with pytest.raises(Unreadable, match=r"no turns of alice for '.*' \(argue, round 9\) on '.*', in any protocol"):
        spoken(Recorded(path=path), view, round=9)
    with pytest.raises(Unreadable, match="in critique, repeat 0"):
        spoken(Recorded(path=path, protocol="critique"), view)
    with pytest.raises(Unreadable, match="no turns"):
        spoken(Recorded(path=path, repeat=1), view)


def test_two_different_turns_are_not_chosen_from(tmp_path: Path, rows: list[Row]) -> None:
    row = next(row for row in rows if "alice" in row["defends"])
    other = json.loads(json.dumps(row).replace("It is", "It was"))
    path = tmp_path / "both.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (row, other, row)))
    with pytest.raises(Unreadable, match="2 turns of alice"):
        spoken(Recorded(path=str(path)), told(row))


def test_a_file_that_cannot_be_used_stops_the_run(tmp_path: Path) -> None:
    view, path = View(seat="alice", question="Who?", answers=("a", "b")), tmp_path / "t.jsonl"
    with pytest.raises(ConfigError, match=r"recorded: path 'none.jsonl': No such file"):
        spoken(Recorded(path="none.jsonl"), view)
    path.write_text('{"turns": []}\n')
    agent = Recorded(path=str(path))
    with pytest.raises(ConfigError, match=r"t.jsonl:1: no exported transcript \(KeyError\)"):
        spoken(agent, view)
    path.write_text("\n")
    with pytest.raises(ConfigError, match="not the file with the digest"):
        spoken(agent.model_copy(update={"path": f"{tmp_path}/./t.jsonl"}), view)
