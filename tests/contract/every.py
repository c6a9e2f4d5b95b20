"""What the contract tests try on each plugin: every plugin by name, variants of its fields, scripted games."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from importlib import import_module
from random import Random
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from arena.agent import Agent
from arena.errors import ConfigError
from arena.match import Match
from arena.moves import mute
from arena.nouns import Case, Cue, Question, Speech, Turn, View
from arena.plugin import FOLDERS, OPERATIONAL, Plugin, names
from arena.protocol import Draw, Protocol, Step, due
from arena.work import turn

PLUGINS = [(kind, name) for kind in FOLDERS for name in names(kind)]
PASSAGE = "Mira kept bees by the river. Jonas kept goats on the hill. Mira sold honey in spring."
QUESTION = Question(id="q", text="Who kept bees?", answers=("Mira", "Jonas"), correct=0, passage=PASSAGE, source="s")


class Player(Agent):
    """Makes the first move there is, whatever it is asked for."""

    kind = "agent"

    async def speak(self, view: View, cue: Cue) -> Speech:
        said = mute(cue, len(view.answers))
        return said.model_copy(update={"claims": ("I accept.",)}) if "I accept." in cue.task else said


def base(kind: str) -> type[Plugin]:
    """The abstract class of a kind."""
    found: type[Plugin] = getattr(import_module(f"arena.{kind}"), kind.title())
    return found


def make(kind: str, name: str, **fields: Any) -> Any:
    return base(kind).model_validate({"use": name, **fields})


QUESTIONS = [
    QUESTION,
    QUESTION.model_copy(update={"id": "q3", "answers": ("Mira", "Jonas", "Petra")}),
    # Questions of a form that only some protocols are about:
    next(iter(make("task", "computation", steps=10).stream(0))),
]
"""Of each protocol the first is played that fits it."""


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
        ["scripted"],
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


def variants(name: str, most: int = 8) -> list[Protocol]:
    """The protocol with each value of its fields of few choices and with small counts; then some of all combined."""
    plain = make("protocol", name)
    values = small(plain)
    single = [{field: value} for field, some in values.items() for value in some]
    combined = [dict(zip(values, some, strict=True)) for some in itertools.product(*values.values())]
    Random(name).shuffle(combined)
    made = [plain]
    for fields in [*single, *combined]:
        with contextlib.suppress(ValidationError, ConfigError):
            made.append(make("protocol", name, **fields))
    distinct = list(dict.fromkeys(p.model_dump_json() for p in made))
    return [Protocol.model_validate_json(text) for text in distinct[:most]]


def small(plain: Protocol) -> dict[str, list[Any]]:
    """The values to try of each field that has few."""
    values: dict[str, list[Any]] = {}
    for field, info in type(plain).model_fields.items():
        default = getattr(plain, field)
        if isinstance(default, bool):
            values[field] = [False, True]
        elif isinstance(default, int) and default <= 5:
            values[field] = [1, 2, 3]
        elif found := _choices(info.annotation):
            values[field] = found
    return values


PROTOCOLS = [p for name in names("protocol") for p in variants(name)]


def fitting(protocol: Protocol) -> Question:
    """The first question that the protocol can be played on."""
    why = {}
    for question in QUESTIONS:
        case = Case(question=question.text, answers=question.answers, passage=question.passage)
        why[question.id] = protocol.fits(case)
    fits = [question for question in QUESTIONS if not why[question.id]]
    assert fits, f"no question fits {protocol.label}: {why}"
    return fits[0]


def draw(question: Question) -> Draw:
    return Draw((0, len(question.answers) - 1), tuple(range(len(question.answers))))


def matches(protocol: Protocol) -> Iterator[Match]:
    """A match for each assignment of sides, in both orders."""
    question = fitting(protocol)
    drawn = draw(question)
    for one, shown in itertools.product((drawn, drawn.turned()), (drawn.answers, drawn.answers[::-1])):
        for sides in protocol.sides(one):
            agents = {seat: Player() for seat in protocol.seats}
            yield Match(question=question, protocol=protocol, agents=agents, defends=sides, shown=shown)


def flipped(match: Match) -> Match:
    """The match as it is where another answer is right."""
    question = match.question
    other = (question.correct + 1) % len(question.answers)
    return match.model_copy(update={"question": question.model_copy(update={"correct": other})})


def relabelled(match: Match, turns: Sequence[Turn]) -> list[Turn]:
    """The turns as they are in the other presentation: seats, addressees and beliefs reversed with the answers."""
    sided = [seat for seat in match.protocol.seats if seat in match.defends]
    swap = dict(zip(sided, reversed(sided), strict=True))
    return [
        turn.model_copy(
            update={"seat": swap.get(turn.seat, turn.seat), "to": swap.get(turn.to, turn.to), "p": turn.p[::-1]}
        )
        for turn in turns
    ]


def reply(step: Step, match: Match) -> list[Turn]:
    """A turn for each cue, its public and its private text found in no other turn."""
    after = len(step.heard)
    made = []
    for cue in step.cues:
        x = f"{cue.seat}-{cue.round}-{after}"
        p = tuple(belief(match.question.answers.index(answer), after, match) for answer in match.case().answers)
        claims = tuple(f"claim-{i}-{x}." for i in range(1, cue.most + 1))
        said = Speech(text=f"said-{x}.", private=f"thought-{x}.", p=p, choice=0, claims=claims)
        view = match.protocol.view(cue.seat, match.case(), step.heard)
        made.append(turn(cue, said, view, match.question.passage, after))
    return made


def belief(answer: int, after: int, match: Match) -> float:
    """Surest of the first answer, and less so with each turn heard."""
    first, others = 0.5 + 0.4 / (after + 1), len(match.question.answers) - 1
    return (1 - first) / others if answer else first


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
