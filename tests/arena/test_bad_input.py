"""What a user can get wrong: one clear message, the right exit code, no traceback, nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, Table, clean, dumps, modelled, play, scripted
from server import Server

from arena.cli import main
from arena.errors import ArenaError
from arena.experiment import load

ROW = {"question": "Who?", "answers": ["Ann", "Bob"], "correct": 0}


def put(table: Table, path: str, value: Any) -> Table:
    """A copy of a table with one value changed: `judges.0.use`."""
    made = json.loads(json.dumps(table))
    *steps, last = path.split(".")
    place = made
    for step in steps:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("protocols.3.ruonds", 3, ["protocols[3]", "unknown key 'ruonds'", "did you mean 'rounds'"]),
        ("protocols.3.use", "debat", ["protocols[3]", "no protocol is called 'debat'", "did you mean 'debate'"]),
        ("judges.0.use", "tokne", ["judges[0]", "did you mean 'token'"]),
        ("tasks.0.use", "nowhere.Task", ["tasks[0]", "nowhere.Task", "cannot be imported"]),
        ("tasks.0.use", "json.JSONDecoder", ["'json.JSONDecoder' is not a task"]),
        ("agents.0.debater.use", "debator", ["agents[0].debater", "did you mean 'debater'"]),
        ("protocols.3.rounds", 0, ["protocols[3].rounds", "greater than or equal to 1", "got 0"]),
        ("protocols.3.rounds", "many", ["protocols[3].rounds", "valid integer", "got 'many'"]),
        ("experiment", 1, ["unknown key 'experiment'"]),
        ("name", "a b", ["name", "'a b'"]),
        ("judges", [], ["judges", "at least 1"]),
        ("judges", {"use": "scripted"}, ["judges: is a list of tables: write [[judges]] and not [judges]"]),
        ("agents", [{"consultnat": "scripted"}], ["needs a 'consultant'", "is 'consultnat' meant for it?"]),
        ("judges.0", {"use": "token", "model": {"use": "openai", "base_url": "htp://x/v1"}}, ["base_url 'htp://x/v1'"]),
        ("judges.0", {"use": "token", "model": {"use": "openai", "base_url": "x:80/v1"}}, ["base_url 'x:80/v1'"]),
        ("judges.0.use", "mine", ["no judge is called 'mine'", "a class of your own as module.Class"]),
        ("agents", [{}], ["agents", "needs a 'consultant'", "nobody"]),
        ("judges.1", {"use": "scripted", "rule": "passage"}, ["judges holds the same one twice"]),
        ("limits", {"max_cots": 1}, ["limits", "did you mean 'max_cost'"]),
        ("limits", {"max_calls": 0}, ["limits.max_calls", "greater than 0"]),
        ("agents.0.debater.lines", ["one", "a\0b"], ["agents[0].debater.lines[1]: holds a NUL character"]),
    ],
)
def test_a_slip_in_an_experiment_names_its_place_and_the_choices(
    tmp_path: Path, path: str, value: Any, says: list[str]
) -> None:
    (tmp_path / "e.toml").write_text(dumps(put(scripted(), path, value)))
    with pytest.raises(ArenaError) as error:
        load(tmp_path / "e.toml")
    lines = str(error.value).splitlines()
    assert len(lines) == 1 and lines[0].startswith(str(tmp_path / "e.toml"))
    assert all(part in lines[0] for part in says), lines[0]


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            "judges.0",
            "token",
            'judges[0]: token has no model; write model = "NAME": NAME is one of [models] (weak), or',
        ),
        (
            "judges.0",
            {"use": "panel"},
            'judges[0]: panel has no judges; write judges = [{use = "token", model = "NAME"}]',
        ),
        ("judges.0", {"use": "panel", "judges": ["stated"]}, "judges[0].judges[0]: stated has no model"),
        ("judges.0", "sampled", 'judges[0]: sampled has no judge; write judge = {use = "reasoned", model = "NAME"}'),
        ("agents.0.debater", "debater", "agents[0].debater: debater has no model"),
        ("agents.0.debater", "injector", "agents[0].debater.agent: debater has no model"),
        ("agents.0.debater", {"use": "best_of_n", "agent": "scripted"}, "agents[0].debater: best_of_n has no judge"),
        ("agents.0.debater", "critique_and_refine", "agents[0].debater: critique_and_refine has no critic"),
    ],
)
def test_a_forgotten_model_is_no_script_in_silence(tmp_path: Path, path: str, value: Any, says: str) -> None:
    table = {**scripted(), "models": {"weak": {"use": "openai", "base_url": "http://127.0.0.1:1/v1"}}}
    (tmp_path / "e.toml").write_text(dumps(put(table, path, value)))
    with pytest.raises(ArenaError) as error:
        load(tmp_path / "e.toml")
    assert f"e.toml: {says}" in str(error.value)


def test_a_script_that_is_asked_for_by_name_is_a_model(tmp_path: Path) -> None:
    for judge in (
        {"use": "token", "model": "scripted"},
        {"use": "sampled", "judge": {"use": "reasoned", "model": "scripted"}},
    ):
        (tmp_path / "e.toml").write_text(dumps(put(scripted(), "judges.0", judge)))
        assert load(tmp_path / "e.toml").judges[0].name == judge["use"]


def test_two_slips_are_two_lines(tmp_path: Path) -> None:
    table = put(put(scripted(), "protocols.3.ruonds", 3), "judges.0.use", "tokne")
    (tmp_path / "e.toml").write_text(dumps(table))
    with pytest.raises(ArenaError) as error:
        load(tmp_path / "e.toml")
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([ROW, {**ROW, "correct": 7}], ["rows.jsonl:2", "7", "0 to 1"]),
        ([ROW, {**ROW, "correct": -1}], ["rows.jsonl:2", "-1"]),
        ([ROW, "{broken"], ["rows.jsonl:2", "is not JSON"]),
        ([ROW, {"question": "Who?"}], ["rows.jsonl:2", "'answers'"]),
        ([{**ROW, "answers": ["Ann"]}], ["rows.jsonl:1", "has 1 answers"]),
        ([ROW, {**ROW, "passage": "a\0b"}], ["rows.jsonl:2", "its passage holds a NUL character (\\u0000)"]),
        ([ROW, {**ROW, "question": "\ud83d?"}], ["rows.jsonl:2", "its text holds half of a surrogate pair (\\ud83d)"]),
        ([{**ROW, "answers": ["Ann", "Ann"]}], ["rows.jsonl:1", "same answer twice"]),
        ([{**ROW, "id": "x"}, {**ROW, "id": "x"}], ["rows.jsonl:2", "used before"]),
        ([], ["rows.jsonl", "no rows"]),
    ],
)
def test_a_broken_row_is_named_by_file_and_line_before_anything_is_played(
    tmp_path: Path, rows: list[Any], says: list[str]
) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (tmp_path / "rows.jsonl").write_text("".join(line + "\n" for line in lines))
    table = scripted() | {"tasks": [{"use": "file", "path": str(tmp_path / "rows.jsonl")}]}
    with pytest.raises(ArenaError) as error:
        play(table, tmp_path)
    assert all(part in str(error.value) for part in says), str(error.value)
    assert len(str(error.value).splitlines()) == 1


OWN = """
from arena.nouns import Cue
from arena.protocol import Protocol


class Mine(Protocol):
    @property
    def seats(self):
        return {"alice": "debater", "bob": "debater"}

    def sides(self, draw):
        return [{"alice": draw.pair[0], "bob": SIDE}]

    def play(self, case):
        yield FIRST
        yield SECOND
"""
ALICE = 'Cue(seat="alice", round=1)'


def own(folder: Path, first: str = ALICE, second: str = ALICE, side: str = "draw.pair[1]") -> Table:
    """A study with a protocol of one's own, in that folder, and a shipped one."""
    (folder / "own.py").write_text(OWN.replace("FIRST", first).replace("SECOND", second).replace("SIDE", side))
    return {**scripted(1), "protocols": ["direct", {"use": "own.Mine"}]}


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"first": "Cue(seat='carol', round=1)"}, "own.Mine cues the seat 'carol'; choices: alice, bob"),
        ({"first": "None"}, "own.Mine yields None; it must yield a cue or a tuple of one or more"),
        ({"first": "()"}, "own.Mine yields (); it must yield a cue"),
        ({"first": f"({ALICE}, {ALICE})"}, "own.Mine cues a seat twice at the same time: alice, alice"),
        ({"first": "case.no"}, "it raises AttributeError: 'Case' object has no attribute 'no'"),
        ({"side": "7"}, "its sides say bob: 7; choices: the indices 0 to 1"),
        ({"side": "draw.no"}, "its sides raise AttributeError"),
    ],
)
def test_a_protocol_of_ones_own_with_a_fault_is_refused_before_it_is_played(
    shell: Shell, fault: dict[str, str], says: str
) -> None:
    done = shell.run("validate", shell.write(own(shell.folder, **fault)))
    assert done.returncode == 2
    told = clean(done)
    assert "own.Mine cannot be played on question 'passages 5" in told and says in told


@pytest.mark.parametrize("second", ["Cue(seat='carol', round=2)", "None", "()", "case.no"])
def test_a_fault_that_shows_later_fails_its_own_match_alone(shell: Shell, second: str) -> None:
    file = shell.write(own(shell.folder, second=second))
    assert shell.run("validate", file).returncode == 0
    done = shell.run("run", file, "--here", "--json")
    clean(done)
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["over"]) == (3, 1, 1)


def test_a_debate_about_three_answers_says_how_to_make_them_two(tmp_path: Path) -> None:
    row = {"question": "Who?", "answers": ["Ann", "Bob", "Cid"], "correct": 0}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    task = {"use": "file", "path": str(tmp_path / "rows.jsonl")}
    table = scripted() | {"tasks": [task], "protocols": ["direct", "debate"]}
    with pytest.raises(ArenaError, match=r"^debate cannot be played on question '1' of file: .*`choices = 2`"):
        play(table, tmp_path)


Break = Callable[[Shell, Server], list[str]]


def typo(shell: Shell, server: Server) -> list[str]:
    shell.write(put(scripted(), "protocols.3.ruonds", 3))
    return ["did you mean 'rounds'"]


def no_toml(shell: Shell, server: Server) -> list[str]:
    (shell.folder / "e.toml").write_text("name = ")
    return ["e.toml: not TOML"]


def no_file(shell: Shell, server: Server) -> list[str]:
    return ["e.toml: No such file"]


def no_key(shell: Shell, server: Server) -> list[str]:
    shell.write(modelled(server.url, key_env="NO_SUCH_KEY"))
    return ["the environment variable NO_SUCH_KEY is not set"]


def key_in_the_file(shell: Shell, server: Server) -> list[str]:
    shell.write(modelled(server.url, key_env="sk-proj-secret"))
    return ["key_env is the name of an environment variable"]


def wrong_key(shell: Shell, server: Server) -> list[str]:
    server.faults.append("echo")
    shell.env["A_KEY"] = "sk-proj-secret"
    shell.write(modelled(server.url, key_env="A_KEY"))
    return ["the server rejects the key in A_KEY", "***"]


def unreachable(shell: Shell, server: Server) -> list[str]:
    shell.write(modelled("http://127.0.0.1:1/v1"))
    return ["the server does not answer", "127.0.0.1:1"]


def no_model(shell: Shell, server: Server) -> list[str]:
    shell.write(modelled(server.url, model="tinny"))
    return ["has no model 'tinny'", "did you mean 'tiny'"]


def no_local_model(shell: Shell, server: Server) -> list[str]:
    shell.write(scripted() | {"judges": [{"use": "token", "model": {"use": "local", "model": "smollm"}}]})
    return ["no local model 'smollm'", "did you mean 'smollm2-135m'"]


def no_price(shell: Shell, server: Server) -> list[str]:
    shell.write(modelled(server.url) | {"limits": {"max_cost": 1.0}})
    return ["limits.max_cost needs price_in and price_out"]


def no_database(shell: Shell, server: Server) -> list[str]:
    shell.write(scripted())
    (shell.folder / "arena.db").write_text("this is no database " * 200)
    return ["arena.db: file is not a database"]


def no_cache(shell: Shell, server: Server) -> list[str]:
    shell.write(scripted())
    (shell.folder / "arena.db.replies").write_text("this is no database " * 200)
    return ["arena.db.replies: file is not a database"]


def broken_prompt(shell: Shell, server: Server) -> list[str]:
    (shell.folder / "mine.md").write_text("=== ask ===\n$case\n$answers\nWhich?\n")
    judge = {"use": "token", "model": "m", "prompt": "mine.md"}
    shell.write(modelled(server.url) | {"judges": [judge]})
    return ["arena: the prompt has no section 'transcript'"]


@pytest.mark.parametrize(
    "breaks",
    [
        typo,
        no_toml,
        no_file,
        no_key,
        key_in_the_file,
        wrong_key,
        unreachable,
        no_model,
        no_local_model,
        no_price,
        no_database,
        no_cache,
        broken_prompt,
    ],
)
def test_a_run_that_cannot_work_exits_with_2_and_one_message(shell: Shell, server: Server, breaks: Break) -> None:
    says = breaks(shell, server)
    done = shell.run("run", "e.toml", "--here")
    assert done.returncode == 2, done.stderr
    told = [line for line in clean(done).splitlines() if not line.startswith("run ")]
    assert "sk-proj-secret" not in done.stderr
    assert not done.stdout
    assert all(part in done.stderr for part in says), done.stderr
    assert len([line for line in told if line.startswith("arena: ")]) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "ffff"], "'ffff' begins the key of no match"),
        (["show", "%"], "'%' begins the key of no match"),
        (["status", "nobody"], "no run is called 'nobody'"),
        (["compare", "--baseline", "dirct"], "dirct"),
        (["compare", "s", "--db", "none.db"], "no store at none.db"),
        (["status", "--db", "no/such/arena.db"], "no/such"),
        (["status", "--db", "nothing://here"], "nothing://here"),
        (["list", "protocls"], "did you mean 'protocols'"),
        (["fetch", "smollm"], "did you mean 'smollm2-135m'"),
        (["export", "out.xls"], "unknown ending 'xls'"),
        (["export", "no/such/folder/out.csv"], "no/such/folder/out.csv"),
        (["export", "no/such/folder/out.parquet"], "no/such/folder/out.parquet"),
        (["run", "quickstrat"], "did you mean 'quickstart'"),
        (["validate", "."], "."),
        (["run", "e.toml", "--here", "--address", "auto"], "choose one"),
        (["init", "e"], "e.toml is already there"),
        (["init", "no/such/study"], "no/such"),
        (["init", "a b"], "a b"),
        (["init", "new", "--like", "qality"], "did you mean 'quality'"),
        (["validate", "local.toml"], "did you mean 'qwen2.5-0.5b'"),
        (["validate", "empty.toml"], "empty.gguf is no GGUF file"),
        (["validate", "keyless.toml"], "NO_SUCH_KEY is not set"),
    ],
)
def test_a_slip_on_the_command_line_exits_with_2_and_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    play(scripted(1), tmp_path)
    (tmp_path / "e.toml").write_text("name = 's'")
    (tmp_path / "empty.gguf").write_text("nothing")
    models = {
        "local": {"use": "local", "model": "qwen2.5-0.5c"},
        "empty": {"use": "local", "model": "empty.gguf"},
        "keyless": {"use": "openai", "key_env": "NO_SUCH_KEY"},
    }
    for name, model in models.items():
        (tmp_path / f"{name}.toml").write_text(dumps(put(scripted(), "judges.0", {"use": "token", "model": model})))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARENA_DB", raising=False)
    monkeypatch.setattr("sys.argv", ["arena", *words])
    with pytest.raises(SystemExit) as left:
        main()
    told = capfd.readouterr()
    assert left.value.code == 2, told.err
    assert says in told.err
    assert "Traceback" not in told.err and told.out == ""
