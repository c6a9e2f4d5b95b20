"""Experiments with the protocols of arguments and critiques: from the file to the table of a comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, clean, play

from arena.compare import compare
from arena.run import Exit
from arena.store import db, read

SPEAKS = {"use": "scripted", "lines": ["It is $mine: <quote>The door is</quote>", "Still $mine"]}
BELIEVES = {"use": "scripted", "lines": ['{"red": 0.9, "blue": 0.1}', "It is $mine: <quote>The door is</quote>"]}


def table(folder: Path, *protocols: Any, answers: int = 2, passage: bool = True, **agents: Any) -> dict[str, Any]:
    """Questions on six doors, each with its passage, before a judge that counts true quotes."""
    colours = ["red", "blue", "green", "white"][:answers]
    doors = [
        {"question": f"Door {i}?", "answers": colours, "correct": i % 2, "source": str(i)}
        | ({"passage": f"The door is {colours[i % 2]}."} if passage else {})
        for i in range(6)
    ]
    (folder / "doors.jsonl").write_text("\n".join(map(json.dumps, doors)), encoding="utf-8")
    return {
        "name": "doors",
        "tasks": [{"use": "file", "path": str(folder / "doors.jsonl")}],
        "protocols": list(protocols),
        "agents": [{"debater": SPEAKS, "consultant": SPEAKS, **agents}],
        "judges": ["scripted"],
    }


def rows(folder: Path, experiment: dict[str, Any]) -> dict[tuple[str, str], float | None]:
    """(protocol, arm) -> accuracy, of a run without a failure."""
    code, watch = play(experiment, folder)
    assert code == Exit.DONE
    engine = db.connect(str(folder / "arena.db"))
    found = {(row.protocol, row.arm): row.accuracy.value for row in compare(engine, watch.run).rows}
    engine.dispose()
    return found


def test_one_sided_protocols_come_out_by_arm(tmp_path: Path) -> None:
    found = rows(tmp_path, table(tmp_path, "propaganda", "critique", "recursive_critique"))
    for protocol in ("propaganda", "critique", "recursive_critique"):
        assert [found[protocol, arm] for arm in ("", "right", "wrong")] == [0.5, 1.0, 0.0]


def test_an_open_protocol_comes_out_by_whether_its_believer_was_right(tmp_path: Path) -> None:
    experiment = table(tmp_path, "open_debate", "open_consultancy", debater=BELIEVES, consultant=BELIEVES)
    found = rows(tmp_path, experiment)
    assert [found["open_consultancy", arm] for arm in ("", "right", "wrong")] == [0.5, 1.0, 0.0]
    assert {arm for protocol, arm in found if protocol == "open_debate"} == {"", "right", "wrong"}


def test_an_nway_debate_of_four_comes_out_in_one_row(tmp_path: Path) -> None:
    nway = {"use": "nway", "debaters": 4, "rounds": 1}
    assert rows(tmp_path, table(tmp_path, nway, answers=4)) == {("nway(debaters=4, rounds=1)", ""): 0.25}


def test_the_others_come_out_in_one_row_each(tmp_path: Path) -> None:
    market = {"use": "scripted", "lines": ["0.5 0.5"]}
    experiment = table(
        tmp_path, "interactive", "double_consultancy", "cross_examination", "market_making",
        predictor=market, adversary=SPEAKS, questioner={"use": "scripted", "lines": ["Why?"]},
    )  # fmt: skip
    found = rows(tmp_path, experiment)
    assert set(found) == {(p["use"] if isinstance(p, dict) else p, "") for p in experiment["protocols"]}


@pytest.mark.parametrize(
    ("protocol", "fields", "why"),
    [
        ("open_debate", {"answers": 4}, "it is about two answers, this question has 4; set `choices = 2` in its task"),
        ("nway", {"answers": 2}, "it has 3 debaters, this question 2 answers"),
        ("nway", {"answers": 4}, "it has 3 debaters, this question 4 answers"),
        ("expert", {"passage": False}, "the question has no passage for the judge to read"),
    ],
)
def test_a_question_that_a_protocol_cannot_play_is_refused_with_the_reason(
    shell: Shell, tmp_path: Path, protocol: str, fields: dict[str, Any], why: str
) -> None:
    done = shell.run("validate", shell.write(table(tmp_path, protocol, **fields)))
    assert done.returncode == Exit.CONFIG
    assert why in " ".join(clean(done).split())


def test_a_protocol_of_ones_own_is_validated_and_run_by_its_dotted_name(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "oath.py").write_text(
        '"""One witness states what is so, under oath, and the judge is told of it."""\n\n'
        "from arena.nouns import Cue\nfrom arena.protocol import Protocol\n\n\n"
        'class Oath(Protocol):\n    """Of a user\'s own."""\n\n    words: int = 20\n\n'
        '    @property\n    def seats(self):\n        return {"witness": "consultant"}\n\n'
        '    def sides(self, draw):\n        return [{"witness": answer} for answer in draw.pair]\n\n'
        '    def brief(self, case, turns):\n        return "The witness is under oath."\n\n'
        "    def play(self, case):\n"
        '        yield Cue(seat="witness", round=1, words=self.words, task="State what is so.")\n',
        encoding="utf-8",
    )
    name = shell.write(table(tmp_path, {"use": "mine.oath", "words": 9}))
    for command in ("validate", "run"):
        done = shell.run(command, name)
        assert done.returncode == Exit.DONE, clean(done)
    shown = shell.run("compare", "doors", "--json")
    assert '"protocol": "mine.oath.Oath(words=9)"' in shown.stdout, shown.stderr


def test_all_that_cannot_be_played_is_told_at_once(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("validate", shell.write(table(tmp_path, "nway", "doubly_efficient", "direct")))
    told = " ".join(clean(done).split())
    assert done.returncode == Exit.CONFIG and told.count("cannot be played on question") == 2
    assert "it has 3 debaters" in told and "states no computation of steps" in told


def test_what_is_the_matter_with_turns_is_counted_for_the_side_that_a_speaker_chose(tmp_path: Path) -> None:
    forges = {"use": "scripted", "lines": ["red: 0.9, blue: 0.1 ✓", "It is $mine. ✓"]}
    experiment = table(tmp_path, {"use": "open_debate", "rounds": 1}, alice=BELIEVES, bob=forges)
    doors = tmp_path / "doors.jsonl"
    doors.write_text("\n".join(doors.read_text().splitlines()[::2]))  # of these red is right, as both believe
    _, watch = play(experiment, tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    counted = {tally.arm: tally.counts.get("forged", 0) for tally in compare(engine, watch.run).tallies}
    expected = {"right": 0, "wrong": 0}
    for name in {event.match for event in watch.events}:
        kept = read.kept(engine, name)
        bob_says_red = next(turn.seat for turn in kept.turns if turn.act == "believe") == "bob"
        expected["right" if bob_says_red else "wrong"] += sum(turn.forged for turn in kept.turns)
    engine.dispose()
    assert counted == expected and min(expected.values()) > 0


def test_the_copy_is_cast_as_the_debater_it_is_a_copy_of(tmp_path: Path) -> None:
    experiment = table(tmp_path, "cross_examination", alice={"use": "scripted", "lines": ["I am Alice"]})
    _, watch = play(experiment, tmp_path)
    said = {(turn.seat, turn.text) for event in watch.events for turn in event.turns}
    assert ("alice_copy", "I am Alice") in said and ("bob_copy", "I am Alice") not in said
