"""The nouns of an experiment: question, case, cue, view, turn, verdict.

Only a Question holds the truth. A Case is all that a protocol may know and a View is all that one seat may know;
neither has a field for the truth, so it cannot leak through them.
"""

from __future__ import annotations

import math
import re
from random import Random
from typing import Literal, Self, TypeVar

from pydantic import Field, model_validator

from arena.plugin import Frozen

JUDGE = "judge"
"""The seat that decides, and that asks where a protocol lets it ask."""

Act = Literal["argue", "ask", "answer", "claim", "choose", "believe"]
"""What a cue wants: an argument, a question, an answer to it, a list of statements, one of the cue's options, or a
probability for each answer."""

Outcome = Literal["concession", "refusal", "off-side", "untagged"]
"""What may be the matter with a turn: it gives the own answer up, says nothing to the point, argues for another answer,
or lacks the tags that were asked for. Recorded and counted by arm, never mended."""


def illegible(text: str) -> str:
    """What a text holds that no database keeps; empty where there is nothing of the kind."""
    if "\0" in text:
        return "a NUL character (\\u0000)"
    half = re.search("[\ud800-\udfff]", text)
    return f"half of a surrogate pair (\\u{ord(half[0]):x})" if half else ""


class Question(Frozen):
    """A question that the judge cannot check alone, with its answer. Held by the referee and the statistics only."""

    id: str
    text: str
    answers: tuple[str, ...]
    """Two or more different answers (up to 26: judges name them by letters), in the order of the source."""
    correct: int | None
    """Index of the right one; None where nobody knows one, as in votes of taste: rulings are not scored then."""
    passage: str | None = None
    """The hidden text that holds the evidence."""
    source: str
    """The document or seed the question came from: the cluster for the statistics."""
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _legible(self) -> Self:
        """Neither databases nor files keep NUL and halves of a surrogate pair, which JSON can hold."""
        for name in ("id", "text", "answers", "passage", "source", "tags"):
            value = getattr(self, name)
            if why := illegible("".join(value or ())):
                raise ValueError(f"question {self.id!r}: its {name} holds {why}")
        return self

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 2 <= len(self.answers) <= 26:
            raise ValueError(f"question {self.id!r} has {len(self.answers)} answers; it needs 2 to 26, one a letter")
        if len(set(self.answers)) < len(self.answers):
            raise ValueError(f"question {self.id!r} has the same answer twice: {list(self.answers)}")
        if self.correct is not None and not 0 <= self.correct < len(self.answers):
            last = len(self.answers) - 1
            raise ValueError(f"question {self.id!r}: correct is {self.correct}; choices: 0 to {last}")
        return self


class Case(Frozen):
    """What a protocol may know of a match: the question without its truth, as it is laid on the table."""

    question: str
    answers: tuple[str, ...]
    """In the order shown."""
    passage: str | None = None
    defends: dict[str, int] = Field(default_factory=dict)
    """Seat -> index (into the order shown) of the answer that it argues for."""
    seed: str = ""
    """What the protocol's own draws come from; the same in both orders, and no sign of what is right."""

    def draw(self, name: str) -> Random:
        """A generator for one draw of the protocol: the same whenever the match is replayed."""
        return Random(f"{name} {self.seed}")


class Cue(Frozen):
    """A protocol gives a seat the floor."""

    seat: str
    round: int
    """From 1."""
    act: Act = "argue"
    words: int = 100
    """The limit on the public text, of 12 characters a word on average; more is cut and counted."""
    to: str = ""
    """The seat that a question is for, where that is not plain."""
    task: str = ""
    """What is to be done, in words for a model and a person alike; empty where the agent's own prompt says it."""
    options: tuple[str, ...] = ()
    """What to choose from."""
    most: int = 1
    """How many statements a claim may have."""
    form: str = ""
    """A regular expression that a statement must match, for models whose server holds them to it."""


class Quote(Frozen):
    """A passage that a speaker marked as quoted, and whether the arena found it in the hidden text."""

    text: str
    verified: bool


N = TypeVar("N", int, float)


class Usage(Frozen):
    """What calls took. A figure that a server did not report is None: unknown, which is not zero."""

    calls: int = 0
    prompt: int | None = 0
    """Tokens read."""
    completion: int | None = 0
    """Tokens written."""
    cost: float | None = 0.0
    """US dollars at the prices given in the configuration; calls served from the response cache cost nothing again."""
    seconds: float | None = 0.0
    """Sum of the calls' latencies; None where nobody measured."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            prompt=_sum(self.prompt, other.prompt),
            completion=_sum(self.completion, other.completion),
            cost=_sum(self.cost, other.cost),
            seconds=_sum(self.seconds, other.seconds),
        )

    @property
    def tokens(self) -> int | None:
        """Tokens read and written."""
        return _sum(self.prompt, self.completion)


def _sum(one: N | None, other: N | None) -> N | None:
    return None if one is None or other is None else one + other


class Move(Frozen):
    """The part of a turn that a protocol can compute with: what the act asked for, and nothing for the other acts."""

    p: tuple[float, ...] = ()
    """A probability for each answer, in the order shown."""
    choice: int | None = None
    """Index of the option chosen."""
    claims: tuple[str, ...] = ()
    """The statements made."""


class Speech(Move):
    """What an agent answers to a cue: the text for all to read and what stays with it.

    An agent that gives no move has it read from its text (`arena.moves`), as a person at a form does.
    """

    text: str = ""
    private: str = ""
    """The reply as the model wrote it, thinking included; shown to no other seat."""
    outcomes: tuple[Outcome, ...] = ()
    """What the agent itself knows to be the matter; the arena adds what it sees."""
    scores: tuple[float, ...] = ()
    """Of every draft that was scored, the one that was kept included; for best-of-n curves."""


class Said(Move):
    """A turn as a seat may see it."""

    seat: str
    round: int
    act: Act = "argue"
    to: str = ""
    """Whom a question is for."""
    text: str
    """The public text, its quotes between <quote> and </quote>, every mark of verification removed."""
    quotes: tuple[Quote, ...] = ()
    after: int = 0
    """How many turns its speaker had heard: in a simultaneous round, none of that round."""
    private: str = ""
    """Empty but for the seat's own turns."""
    cue: Cue | None = None
    """What was asked; None but for the seat's own turns."""


class Turn(Said):
    """A turn as it is kept: what was said and what the arena noted about it."""

    cut: bool = False
    """Longer than the limit, and cut there."""
    forged: int = 0
    """The arena's marks, of verification or of a cut, that the speaker wrote itself, now removed."""
    outcomes: tuple[Outcome, ...] = ()
    scores: tuple[float, ...] = ()
    usage: Usage = Usage()

    def said(self, own: bool) -> Said:
        """The turn for a reader: without usage and notes; private text and the cue only where it is its `own`."""
        known = {name: getattr(self, name) for name in Said.model_fields}
        return Said(**known if own else {**known, "private": "", "cue": None})


class View(Frozen):
    """All that one seat may know when it speaks or decides."""

    seat: str
    question: str
    answers: tuple[str, ...]
    """In the order shown."""
    sides: dict[str, int] = Field(default_factory=dict)
    """Seat -> index of the answer that it argues for: known to all, and no sign of which is right."""
    passage: str | None = None
    """The hidden text, for a seat that may read it."""
    turns: tuple[Said, ...] = ()
    brief: str = ""
    """What the seat is told of the protocol's rules, where that is more than who spoke."""

    @property
    def mine(self) -> str:
        """The answer this seat argues for. Raises KeyError for a seat that argues for none."""
        return self.answers[self.sides[self.seat]]


class Verdict(Frozen):
    """A judge's decision: a probability for each answer, in the order in which the answers were shown to it."""

    p: tuple[float, ...]
    reason: str = ""
    flags: tuple[str, ...] = ()
    """Oddities of the reading, such as an answer letter that was not among the returned log-probabilities."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if any(not 0 <= p <= 1 for p in self.p) or not math.isclose(sum(self.p), 1, abs_tol=1e-6):
            raise ValueError(f"a verdict's probabilities must lie in 0..1 and sum to 1, not {self.p}")
        return self
