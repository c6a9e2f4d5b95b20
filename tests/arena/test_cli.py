"""The command line as people and scripts use it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lab import ARENA, Shell, dumps, modelled, play, scripted
from server import Server

from arena.cli import main


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a finished run, to be in."""
    play(scripted(2), tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARENA_DB", raising=False)
    return tmp_path


Say = Any


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Say:
    """Run a command in this process: exit code, standard output, standard error."""

    def run(*words: str) -> tuple[Any, str, str]:
        monkeypatch.setattr("sys.argv", ["arena", *words])
        with pytest.raises(SystemExit) as left:
            main()
        told = capfd.readouterr()
        return left.value.code or 0, told.out, told.err

    return run


def test_a_run_without_a_terminal_prints_a_plain_line_an_event(server: Server, shell: Shell) -> None:
    server.faults.append("garbage")
    done = shell.run("run", shell.write(modelled(server.url, retries=0)), "--here", TERM="xterm-256color")
    lines = done.stderr.splitlines()
    assert done.returncode == 3
    assert all(ord(c) >= 32 for line in lines for c in line)
    assert {line.split()[0] for line in lines} == {"run", "turn", "failed", "ruling", "match"}
    assert "\x1b" not in done.stdout


def test_at_a_terminal_a_run_shows_its_progress(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url))
    command = f"{ARENA} run {file} --here"
    shown = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        check=False,
        cwd=shell.folder,
        env=shell.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stdout
    assert "2/2" in shown.stdout and "tokens/s" in shown.stdout and "\x1b[" in shown.stdout


@pytest.mark.parametrize(
    "words",
    [["status"], ["show"], ["compare"], ["list"], ["list", "metrics"], ["validate", "e.toml"], ["plan", "e.toml"]],
)
def test_json_is_all_that_stands_on_standard_output(played: Path, say: Say, words: list[str]) -> None:
    (played / "e.toml").write_text(dumps(scripted(2)))
    code, out, err = say(*words, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)


def test_a_run_with_json_prints_json_alone_whatever_its_exit(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url, questions=4) | {"limits": {"max_calls": 1}, "workers": {"matches": 1}})
    done = shell.run("run", file, "--here", "--json")
    assert done.returncode == json.loads(done.stdout)["exit"] == 4
    assert json.loads(done.stdout)["spent"]["cost"] is None


def test_a_match_is_shown_with_its_sides_its_quotes_and_its_verdicts(played: Path, say: Say) -> None:
    lines = json.loads(say("show", "--json")[1])
    debate = next(line for line in lines if line["label"].startswith("debate"))
    code, out, _ = say("show", debate["key"][:10])
    assert code == 0
    assert "alice" in out and "bob" in out and "round 2" in out and "quotes verified" in out and "swapped" in out
    assert json.loads(say("show", debate["key"][:10], "--json")[1])["over"] is True


def test_status_compare_and_list_are_tables_for_people(played: Path, say: Say) -> None:
    assert "40 of 40 rulings" in say("status", "s")[1]
    assert "debate" in say("compare")[1]
    assert "smollm2-135m" in say("list", "models")[1]
    assert say("--version")[1].strip()
    assert "Exit codes" in say("--help")[1]


def test_init_writes_a_file_that_validates_and_can_be_planned(tmp_path: Path, monkeypatch: Any, say: Say) -> None:
    monkeypatch.chdir(tmp_path)
    assert say("init", "study")[0] == 0
    code, out, _ = say("validate", "study.toml", "--json")
    assert (code, json.loads(out)["questions"]) == (0, 4)
    code, out, _ = say("plan", "study.toml", "--json")
    assert code == 0
    assert {line["role"] for line in json.loads(out)["lines"]} == {"judge", "debater", "consultant"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.toml"]


def test_init_begins_with_a_preset_where_one_is_named(tmp_path: Path, monkeypatch: Any, say: Say) -> None:
    monkeypatch.chdir(tmp_path)
    assert say("init", "mine", "--like", "quickstart")[0] == 0
    code, out, _ = say("validate", "mine.toml", "--json")
    assert (code, json.loads(out)["questions"]) == (0, 11)
    assert json.loads(out)["run"].startswith("mine-")


def test_the_help_of_init_names_every_preset_that_ships(say: Say) -> None:
    told = " ".join(say("init", "--help")[1].replace("│", " ").split())
    assert "computation_chain, computation_votes, quality, quickstart, redteam." in told


def test_every_preset_that_ships_is_valid(say: Say) -> None:
    import arena

    folder = Path(arena.__file__).parent / "experiments"
    for path in folder.glob("*.toml"):
        if "path" not in path.read_text():
            assert say("validate", path.stem)[0] == 0


@pytest.mark.parametrize("words", [["show"], ["show", "--json"], ["list"], ["compare", "--json"]])
def test_a_reader_that_has_left_is_no_error(shell: Shell, words: list[str]) -> None:
    play(scripted(2), shell.folder)
    left = shell.start(*words)
    assert left.stdout
    left.stdout.close()
    assert left.wait(30) == 0
    assert shell.stderr() == ""


def test_an_unknown_command_and_an_unknown_option_exit_with_2(say: Say) -> None:
    assert say("rnu")[0] == 2
    assert say("status", "--jsn")[0] == 2


def test_a_users_own_plugin_is_found_in_the_folder_one_is_in(shell: Shell) -> None:
    (shell.folder / "mine.py").write_text(
        '"""Decides by heart."""\nfrom arena.judge import Judge\nfrom arena.nouns import Verdict\n\n\n'
        "class Heart(Judge):\n    async def decide(self, view):\n"
        "        return Verdict(p=(1 / len(view.answers),) * len(view.answers))\n"
    )
    file = shell.write(scripted(1) | {"judges": [{"use": "mine.Heart"}]})
    done = shell.run("run", file, "--here", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ruled"] == json.loads(done.stdout)["rulings"]


def test_validate_says_where_nothing_will_tell_what_can_be_guessed(tmp_path: Path, monkeypatch: Any, say: Say) -> None:
    monkeypatch.chdir(tmp_path)
    table = scripted()
    for protocols, warned in ((table["protocols"], False), (["expert"], True)):
        (tmp_path / "e.toml").write_text(dumps({**table, "protocols": protocols}), encoding="utf-8")
        code, _, err = say("validate", "e.toml")
        assert code == 0 and ("no protocol `direct`" in err) == warned


def test_brackets_in_questions_casts_and_names_are_printed_as_they_are(tmp_path: Path, monkeypatch: Any) -> None:
    row = {"question": "Is [/b] :smile: [red]it[/red]?", "answers": ["[yes]", "no"], "correct": 0, "passage": "Yes."}
    (tmp_path / "q.jsonl").write_text(json.dumps(row))
    casts = [{"debater": {"use": "scripted", "lines": [f"[bold]{i}[/bold]"]}} for i in range(2)]
    table = {**scripted(), "tasks": [{"use": "file", "path": str(tmp_path / "q.jsonl")}], "agents": casts}
    play({**table, "protocols": ["debate"]}, tmp_path)
    shell = Shell(tmp_path)
    assert "Is [/b] :smile: [red]it[/red]?" in shell.run("show").stdout
    told = shell.run("compare").stdout
    assert all(f"debate [scripted(lines=('[bold]{i}[/bold]',))]" in " ".join(told.split()) for i in range(2))
