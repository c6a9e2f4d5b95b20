"""What the contract tests try on each plugin: every plugin by name, variants of its fields, scripted games."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from importlib import import_module
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from agents.scripted import Scripted
from arena.errors import ConfigError
from arena.match import Match
from arena.nouns import Question, Speech, Turn
from arena.plugin import FOLDERS, OPERATIONAL, Plugin, names
from arena.protocol import Draw, Protocol, Step, due
from arena.work import turn

PLUGINS = [(kind, name) for kind in FOLDERS for name in names(kind)]
PASSAGE = "Mira kept bees by the river. Jonas kept goats on the hill. Mira sold honey in spring."
QUESTION = Question(id="q", text="Who kept bees?", answers=("Mira", "Jonas"), correct=0, passage=PASSAGE, source="s")


def base(kind: str) -> type[Plugin]:
    """The abstract class of a kind."""
    found: type[Plugin] = getattr(import_module(f"arena.{kind}"), kind.title())
    return found


def make(kind: str, name: str, **fields: Any) -> Any:
    return base(kind).model_validate({"use": name, **fields})


def operational(plugin: Plugin, field: str) -> bool:
    return OPERATIONAL in type(plugin).model_fields[field].metadata


def changed(plugin: Plugin, field: str) -> Plugin | None:
    """The plugin with another value of the field, whatever the field takes."""
    annotation = type(plugin).model_fields[field].annotation
    tried = [
        3,
        2,
        0.25,
        700,
        True,
        False,
        "elsewhere",
        "http://elsewhere",
        "=== ask ===\nother\n",
        ["x"],
        {"x": "y"},
        None,
    ]
    for value in [*_choices(annotation), {"use": "scripted", "otherwise": "B"}, "scripted", *tried]:
        with contextlib.suppress(ValidationError, ConfigError, TypeError):
            other = make(plugin.kind, plugin.name, **{field: value})
            if getattr(other, field) != getattr(plugin, field):
                return other
    return None


def _choices(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for part in get_args(annotation) if part is not NoneType for choice in _choices(part)]


def variants(name: str, most: int = 16) -> list[Protocol]:
    """The protocol with every choice of its fields of few choices and with small counts, all combined."""
    plain = make("protocol", name)
    values: dict[str, list[Any]] = {}
    for field, info in type(plain).model_fields.items():
        default = getattr(plain, field)
        if isinstance(default, bool):
            values[field] = [False, True]
        elif isinstance(default, int) and default <= 5:
            values[field] = [1, 2, 3]
        elif found := _choices(info.annotation):
            values[field] = found
    made = [plain]
    for combination in itertools.islice(itertools.product(*values.values()), 20 * most):
        with contextlib.suppress(ValidationError, ConfigError):
            made.append(make("protocol", name, **dict(zip(values, combination, strict=True))))
    distinct = list(dict.fromkeys(p.model_dump_json() for p in made))
    step = -(-len(distinct) // most)
    return [Protocol.model_validate_json(text) for text in distinct[::step]]


PROTOCOLS = [p for name in names("protocol") for p in variants(name)]


def matches(protocol: Protocol, question: Question = QUESTION) -> Iterator[Match]:
    """A match for each assignment of sides, in both orders."""
    for pair, shown in itertools.product(((0, 1), (1, 0)), repeat=2):
        for sides in protocol.sides(Draw(pair, pair)):
            agents = {seat: Scripted() for seat in protocol.seats}
            yield Match(question=question, protocol=protocol, agents=agents, defends=sides, shown=shown)


def reply(step: Step, match: Match) -> list[Turn]:
    """A turn for each cue, its public and its private text found in no other turn."""
    after = len(step.heard)
    made = []
    for cue in step.cues:
        x = f"{cue.seat}-{cue.round}-{after}"
        p = (0.7, 0.3) if match.case().answers[0] == "Mira" else (0.3, 0.7)
        claims = tuple(f"claim-{i}-{x}." for i in range(1, cue.most + 1))
        said = Speech(text=f"said-{x}.", private=f"thought-{x}.", p=p, choice=0, claims=claims)
        view = match.protocol.view(cue.seat, match.case(), step.heard)
        made.append(turn(cue, said, view, match.question.passage, after))
    return made


def game(match: Match, most: int = 500) -> list[tuple[Step, list[Turn]]]:
    """The whole match, step by step, with the turns that answer each step."""
    played: list[tuple[Step, list[Turn]]] = []
    turns: list[Turn] = []
    while (step := due(match.protocol, match.case(), turns)).cues:
        assert len(turns) < most, "the protocol does not end"
        played.append((step, reply(step, match)))
        turns += played[-1][1]
    return played


def flat(played: Sequence[tuple[Step, list[Turn]]]) -> list[Turn]:
    return [turn for _, turns in played for turn in turns]
