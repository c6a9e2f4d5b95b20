"""The command `arena import`, and what other commands make of an imported run."""

from __future__ import annotations

import json
import signal

import published
import pytest
from bringing import brought
from lab import Shell, at, clean, modelled, wait_for
from server import Server

from arena.compare import compare
from arena.store import db, keep, read


def test_the_command_line_imports_shows_and_compares(shell: Shell) -> None:
    published.nyu(shell.folder)
    told = json.loads(
        shell.run("import", "nyu_debates", ".", "--run", "nyu", "--set", "judges=pooled", "--json").stdout
    )
    assert (told["new"], told["matches"], told["unfinished"], told["rulings"]) == (True, 5, 2, 5)
    assert (
        "was there already" in shell.run("import", "nyu_debates", ".", "--run", "nyu", "--set", "judges=pooled").stdout
    )
    key = json.loads(shell.run("show", "--run", "nyu", "--json").stdout)[0]["key"]
    shown = shell.run("show", key[:12]).stdout
    assert "before anyone spoke" in shown and "[verified] “She sold honey in”" in shown
    assert "recorded(humans, live)" in shell.run("compare", "nyu").stdout
    assert "nyu_debates" in shell.run("list", "importers").stdout


def test_an_import_that_is_killed_while_it_writes_keeps_nothing(shell: Shell) -> None:
    cast = [(str(i // 100), f"w{i % 100}", "left", "X", "Y") for i in range(30_000)]
    path, log = published.votes(shell.folder, cast), shell.folder / "arena.db-wal"
    process = shell.start("import", "votes", str(path))
    wait_for(lambda: process.poll() is not None or (log.is_file() and log.stat().st_size > 100_000))
    process.kill()
    process.wait()
    engine = db.connect(at(shell.folder))
    assert process.returncode == -signal.SIGKILL and read.runs(engine) == []
    told = json.loads(shell.run("import", "votes", str(path), "--json").stdout)
    assert (told["new"], told["rulings"]) == (True, 30_000) and all(one.ok for one in keep.check(engine))


def test_a_run_that_nobody_has_judged_says_so_when_compared(shell: Shell) -> None:
    published.arguments(shell.folder)
    shell.run("import", "single_turn_arguments", ".")
    assert "no rulings yet" in shell.run("compare").stdout


def test_an_imported_run_cannot_be_branched_and_says_why(shell: Shell) -> None:
    published.nyu(shell.folder)
    shell.run("import", "nyu_debates", ".", "--run", "nyu")
    done = shell.run("branch", "nyu", "--out", "pairs")
    assert done.returncode == 2 and "was imported" in clean(done)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nyu_debate", "."), "no format is called 'nyu_debate'; did you mean 'nyu_debates'?"),
        (("nyu_debates", "gone"), "gone: there is no such file or folder"),
        (("nyu_debates", ".", "--set", "story=x"), "unknown key 'story'; did you mean 'stories'?"),
        (("nyu_debates", ".", "--set", "stories"), "--set stories: write NAME=VALUE"),
        (("nyu_debates", ".", "--set", "judges=all"), "judges: Input should be 'each' or 'pooled'"),
        (("nyu_debates", ".", "--run", "a b"), "run 'a b': a name is of letters"),
        (("nyu_debates", "."), "no file here is called rooms.*"),
        (("nyu_debates", "gone.jsonl"), "gone.jsonl: there is no such file"),
    ],
)
def test_a_slip_on_the_command_line_is_one_message(shell: Shell, words: tuple[str, ...], says: str) -> None:
    done = shell.run("import", *words)
    assert done.returncode == 2 and says in clean(done)


@pytest.mark.usefixtures("both")
def test_imported_transcripts_are_judged_by_a_model_and_compared_beside_the_people(
    server: Server, shell: Shell
) -> None:
    run = brought(shell.folder, "nyu_debates", published.nyu(shell.folder), judges="pooled").run
    model = f'{{use = "openai", base_url = "{server.url}", model = "tiny", key_env = "", retries = 2}}'
    judge = f'{{use = "token", shots = 0, model = {model}}}'
    done = shell.run("judge", run, "--here", "--json", "--judge", judge)
    told = json.loads(done.stdout)
    assert done.returncode == 0 and (told["ruled"], told["rulings"]) == (8, 8)
    assert "2 transcripts are not complete and were left alone\n" in done.stderr
    assert len(server.bodies) == 3 and any("Honey: " in body and "It does not." in body for body in server.bodies)
    assert not any("A quotes." in body or "bees by the river" in body for body in server.bodies)
    rows = compare(db.connect(at(shell.folder)), run).rows
    assert {row.judge for row in rows} >= {"recorded(humans, live)", "token(tiny, shots=0)"}
    assert shell.run("judge", run, "--here", "--json", "--judge", judge).returncode == 0 and len(server.bodies) == 3


def test_judges_and_models_of_an_experiment_file_judge_an_imported_run_after_every_round(
    server: Server, shell: Shell
) -> None:
    run = brought(shell.folder, "nyu_debates", published.nyu(shell.folder)).run
    file = shell.write({**modelled(server.url), "beliefs": True})
    told = json.loads(shell.run("judge", run, "--here", "--json", "--file", file).stdout)
    held = [b for b in read.beliefs(db.connect(at(shell.folder)), run) if b.judge.startswith("token")]
    assert told["exit"] == 0 and [b.after for b in held] == [1, 1, 2]


def test_rooms_without_their_stories_are_one_message(shell: Shell) -> None:
    published.nyu(shell.folder)
    (shell.folder / "stories.tiny.jsonl").unlink()
    done = shell.run("import", "nyu_debates", "rooms.tiny.jsonl.gz")
    assert done.returncode == 2 and "needs a file called stories.*" in clean(done)
    assert "`--set stories=none` leaves the quotes out" in clean(done)
