from __future__ import annotations

import asyncio
import pickle
import re
from itertools import count
from pathlib import Path
from textwrap import dedent

import pytest
from lab import happened

from agents.debater import Debater
from agents.scripted import Scripted
from arena.agent import Agent
from arena.errors import ConfigError, choices
from arena.experiment import Experiment, load
from arena.judge import Judge
from arena.match import Match
from arena.plugin import find, first_line, key, names
from arena.protocol import Protocol
from arena.protocols.debate import Debate
from arena.wire import Wire
from arena.work import Ask, Event, Job
from judges.token import Token

MINE = '''
"""One voice speaks for an answer, then the judge may ask once."""

from arena.nouns import JUDGE, Cue
from arena.protocol import Protocol


class Duet(Protocol):
    """A protocol of a user's own."""

    words: int = 30

    @property
    def seats(self):
        return {"voice": "debater", JUDGE: "questioner"}

    @property
    def relabels(self):
        return False

    def sides(self, draw):
        return [{"voice": answer} for answer in draw.pair]

    def play(self, case):
        yield Cue(seat="voice", round=1, words=self.words)
        yield Cue(seat=JUDGE, round=2, act="ask")
        yield Cue(seat="voice", round=2, act="answer")
'''
COUNT = count(1)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of a user's own: its name, another for each test."""
    folder = tmp_path / f"mine{next(COUNT)}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "duet.py").write_text(MINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


def add(tmp_path: Path, package: str, name: str, text: str) -> str:
    (tmp_path / package / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return f"{package}.{name}"


def test_a_plugin_is_named_by_a_word_a_table_or_itself() -> None:
    plain = Protocol.model_validate("debate")
    assert plain == Protocol.model_validate({"use": "debate"}) == Protocol.model_validate(Debate()) == Debate()
    assert Protocol.model_validate({"use": "debate", "rounds": 2}) == Debate(rounds=2)


def test_the_label_names_what_differs_from_the_defaults() -> None:
    assert Debate().label == "debate"
    assert Debate(rounds=1, turns="sequential").label == "debate(rounds=1, sequential)"
    assert Debater(model="scripted", temperature=0).label == "debater(temperature=0.0)"
    assert Token(prompt="naive").label == "token(prompt=naive)", "a prompt that ships goes by its name"
    assert re.fullmatch(r"token\(prompt=[0-9a-f]{6}\)", Token(prompt="=== ask ===\nYours").label)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Protocol, "debatte", r"no protocol is called 'debatte'; did you mean 'debate'\? choices: .*debate, direct"),
        (Judge, {"use": "tokn"}, r"no judge is called 'tokn'; did you mean 'token'\? choices: .*reasoned"),
        (Agent, "zzz", r"no agent is called 'zzz'; choices: .*consultant, .*debater"),
        (Protocol, {"rounds": 1}, r"a protocol needs 'use'; choices: .*consultancy, "),
        (Protocol, {"use": "debate", "round": 1}, r"unknown key 'round'; did you mean 'rounds'\? choices: .*rounds, "),
    ],
)
def test_a_typo_gives_the_nearest_name_and_the_choices(kind: type, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind.model_validate(value)


def test_the_nearest_name_is_told_only_where_one_is_near() -> None:
    assert choices("debat", ["token", "debate"]) == "did you mean 'debate'? choices: debate, token"
    assert choices("xyz", ["b", "a"]) == "choices: a, b"
    assert choices("xyz", []) == "choices: none"


def test_a_users_plugin_is_reached_by_module_or_by_class(package: str) -> None:
    short, long = (Protocol.model_validate(f"{package}.duet{end}") for end in ("", ".Duet"))
    assert short == long and short.name == f"{package}.duet.Duet" and short.kind == "protocol"
    assert Protocol.model_validate_json(short.model_dump_json()) == short
    assert pickle.loads(pickle.dumps(short)) == short
    assert key(short) == key(long)


def test_a_shipped_plugin_has_one_name_and_one_key_however_it_is_reached() -> None:
    for name in ("arena.protocols.debate", "arena.protocols.debate.Debate"):
        assert Protocol.model_validate(name) == Debate() and Protocol.model_validate(name).name == "debate"


def test_a_users_protocol_is_played_to_the_verdict(package: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        f"""
        name = "own"
        tasks = [{{ use = "passages", questions = 1 }}]
        protocols = [{{ use = "{package}.duet", words = 9 }}]
        judges = ["scripted"]
        [[agents]]
        debater = "scripted"
        questioner = {{ use = "scripted", lines = ["Why?"] }}
        """,
        encoding="utf-8",
    )
    experiment = load(path)
    assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment
    found = [match for _, match in experiment.matches()]
    assert len(found) == 4 and {match.arm() for match in found} == {"right", "wrong"}
    for match in found:
        events = asyncio.run(played(match, experiment.judges[0]))
        assert [t.seat for e in events for t in e.turns] == ["voice", "judge", "voice"]
        assert events[-1].ruling and events[-1].ruling.state == "read"


async def played(match: Match, judge: Judge) -> list[Event]:
    async with Wire():
        return await happened(Job(match=match, asks=(Ask(judge=judge, order=0),)))


def test_a_name_that_leads_nowhere_says_what_was_tried(package: str) -> None:
    for name in ("nosuchpackage.duet", f"{package}.nosuch.Duet"):
        with pytest.raises(ValueError, match=f"protocol '{name}' cannot be imported: ModuleNotFoundError: No "):
            Protocol.model_validate(name)
    with pytest.raises(ValueError, match=rf"'{package}.duet.Trio' is not a protocol: .* arena.protocol.Protocol"):
        Protocol.model_validate(f"{package}.duet.Trio")


def test_a_plugin_of_another_kind_is_refused(package: str) -> None:
    with pytest.raises(ValueError, match=rf"'{package}.duet.Duet' is not a judge"):
        Judge.model_validate(f"{package}.duet.Duet")
    with pytest.raises(ValueError, match="must define exactly one judge, it defines 0"):
        Judge.model_validate(f"{package}.duet")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nosuchlibrary", "cannot be imported: ModuleNotFoundError: No module named 'nosuchlibrary'"),
        ("def oops(:", "cannot be imported: SyntaxError"),
        ("1 / 0", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_users_module_that_breaks_says_how(package: str, tmp_path: Path, text: str, message: str) -> None:
    name = add(tmp_path, package, "broken", text)
    for reached in (name, f"{name}.Duet"):
        with pytest.raises(ValueError, match=message):
            Protocol.model_validate(reached)


def test_a_users_class_without_its_method_says_what_it_lacks(package: str, tmp_path: Path) -> None:
    name = add(tmp_path, package, "half", "from arena.protocol import Protocol\nclass Half(Protocol): words: int = 1\n")
    for reached in (name, f"{name}.Half"):
        with pytest.raises(ValueError, match=rf"{name}.Half lacks play"):
            Protocol.model_validate(reached)


def test_two_plugins_in_a_module_must_be_told_apart(package: str, tmp_path: Path) -> None:
    name = add(tmp_path, package, "two", MINE + MINE.replace("Duet", "Other").partition("Protocol\n")[2])
    with pytest.raises(ValueError, match=f"{name} must define exactly one protocol, it defines 2"):
        Protocol.model_validate(name)
    assert Protocol.model_validate(f"{name}.Other").name == f"{name}.Other"


def test_the_first_line_of_a_module_is_what_a_list_prints() -> None:
    assert first_line("agent", "scripted").startswith("Says lines that the configuration gives")
    assert "scripted" in names("agent") and find("agent", "scripted") is Scripted
    with pytest.raises(ConfigError, match="no agent is called"):
        first_line("agent", "nosuch")
