"""More judges for a stored run: paid for once, on complete transcripts, beside the judges that it had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, at, clean, modelled, play, scripted
from server import Server

from arena.compare import compare
from arena.store import db, read

STATED = '{use = "stated", model = "m"}'
PANEL = '{use = "panel", judges = ["scripted"]}'


def judged(shell: Shell, *words: str) -> dict[str, Any]:
    done = shell.run("judge", "t", "--here", "--json", *words)
    assert not done.stdout.startswith("Usage") and done.stdout, clean(done)
    return {**json.loads(done.stdout), "code": done.returncode}


def compared(shell: Shell) -> list[tuple[str, int]]:
    engine = db.connect(at(shell.folder))
    return [(row.judge, row.accuracy.rulings) for row in compare(engine, read.run_id(engine, None)).rows]


@pytest.mark.usefixtures("both")
def test_a_new_judge_rules_on_what_is_stored_and_is_compared_beside_the_old_one(server: Server, shell: Shell) -> None:
    play(modelled(server.url), shell.folder)
    sent = len(server.bodies)
    told = judged(shell, "--judge", STATED)
    assert (told["code"], told["ruled"], told["rulings"]) == (0, 8, 8)
    new = server.bodies[sent:]
    assert len(new) == 4 and all("Reply in JSON" in body for body in new)
    assert compared(shell) == [("token(tiny, shots=0)", 4), ("stated(tiny)", 4)]


def test_the_same_again_asks_nothing(server: Server, shell: Shell) -> None:
    play(modelled(server.url), shell.folder)
    first = judged(shell, "--judge", STATED)
    sent = len(server.bodies)
    assert judged(shell, "--judge", STATED) == first
    assert judged(shell, "--judge", '{use = "token", model = "m", shots = 0}') == first
    assert len(server.bodies) == sent


@pytest.mark.usefixtures("both")
def test_it_goes_on_where_it_stopped(server: Server, shell: Shell) -> None:
    play(modelled(server.url), shell.folder)
    swapped = iter([None, "too long"] * 2)
    server.choose = lambda body: next(swapped) if "response_format" in body else None
    first = judged(shell, "--judge", STATED)
    sent = len(server.bodies)
    server.choose = None
    again = judged(shell, "--judge", STATED)
    assert (first["code"], first["ruled"], again["code"], again["ruled"]) == (3, 6, 0, 8)
    assert len(server.bodies) == sent + 2


def test_the_experiment_again_keeps_the_added_judge_and_asks_nothing(server: Server, shell: Shell) -> None:
    play(modelled(server.url), shell.folder)
    judged(shell, "--judge", STATED)
    sent = len(server.bodies)
    assert play(modelled(server.url), shell.folder)[0] == 0
    assert len(server.bodies) == sent and len(compared(shell)) == 2


def test_transcripts_that_are_not_complete_are_left_alone_and_told(server: Server, shell: Shell) -> None:
    server.faults.append("500")
    play(modelled(server.url, retries=0), shell.folder)
    sent = len(server.bodies)
    done = shell.run("judge", "t", "--here", "--judge", STATED)
    assert (done.returncode, len(server.bodies)) == (3, sent + 2)
    assert "1 transcript is not complete and was left alone" in done.stderr
    assert play(modelled(server.url), shell.folder)[0] == 0
    assert judged(shell, "--judge", STATED)["ruled"] == 8


def test_judges_come_by_name_and_from_a_file(server: Server, shell: Shell) -> None:
    play(scripted(1) | {"name": "t"}, shell.folder)
    before = compared(shell)
    file = shell.write(scripted(1) | {"judges": [{"use": "scripted", "rule": "uniform"}]})
    assert judged(shell, "--judge", PANEL, "--file", file)["code"] == 0
    assert {judge for judge, _ in compared(shell)} == {judge for judge, _ in before} | {
        "panel(scripted)",
        "scripted(uniform)",
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("tokne", "judges[0]: no judge is called 'tokne'; did you mean 'token'?"),
        ('{use = "token", model = "n"}', "judges[0].model: no provider is called 'n'"),
        ('{use = "token", shot = 1}', "judges[0]: unknown key 'shot'; did you mean 'shots'?"),
        ("token", 'judges[0]: token has no model; write model = "NAME": NAME is one of [models] (m)'),
        ("{use = token}", "--judge {use = token}: not TOML"),
    ],
)
def test_a_judge_that_is_none_is_one_message(server: Server, shell: Shell, given: str, says: str) -> None:
    play(modelled(server.url, questions=1), shell.folder)
    done = shell.run("judge", "t", "--here", "--judge", given)
    assert done.returncode == 2 and says in clean(done)


def test_without_a_judge_there_is_nothing_to_do(server: Server, shell: Shell) -> None:
    play(modelled(server.url, questions=1), shell.folder)
    done = shell.run("judge", "t", "--here")
    assert done.returncode == 2 and "--judge" in clean(done)


def test_the_limits_of_the_run_hold_for_all_that_it_has_paid(server: Server, tmp_path: Path, shell: Shell) -> None:
    table = modelled(server.url) | {"limits": {"max_calls": 13}}
    assert play(table | {"workers": {"matches": 1}}, shell.folder)[0] == 0
    told = judged(shell, "--judge", STATED)
    assert (told["code"], told["ruled"] < told["rulings"]) == (4, True)
