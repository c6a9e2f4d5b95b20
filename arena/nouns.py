"""The nouns of an experiment: question, case, cue, view, turn, verdict.

Only a Question holds the truth. A Case is all that a protocol may know and a View is all that one seat may know;
neither has a field for the truth, so it cannot leak through them.
"""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from arena.plugin import Frozen

JUDGE = "judge"
"""The seat that decides, and that asks where a protocol lets it ask."""

Act = Literal["argue", "ask", "answer"]
"""What a cue wants: an argument, the judge's question, or an answer to it."""


class Question(Frozen):
    """A question with a known answer that the judge cannot check alone. Held by the referee and the statistics only."""

    id: str
    text: str
    answers: tuple[str, ...]
    """Two or more different answers (up to 26: judges name them by letters), in the order of the source."""
    correct: int
    """Index of the right one."""
    passage: str | None = None
    """The hidden text that holds the evidence."""
    source: str
    """The document or seed the question came from: the cluster for the statistics."""
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 2 <= len(self.answers) <= 26:
            raise ValueError(f"question {self.id!r} has {len(self.answers)} answers; it needs 2 to 26, one a letter")
        if len(set(self.answers)) < len(self.answers):
            raise ValueError(f"question {self.id!r} has the same answer twice: {list(self.answers)}")
        if not 0 <= self.correct < len(self.answers):
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


class Cue(Frozen):
    """A protocol gives a seat the floor."""

    seat: str
    round: int
    """From 1."""
    act: Act = "argue"
    words: int = 100
    """The limit on the public text; more is cut and counted."""


class Quote(Frozen):
    """A passage that a speaker marked as quoted, and whether the arena found it in the hidden text."""

    text: str
    verified: bool


class Usage(Frozen):
    """What calls took. A figure that a server did not report is None: unknown, which is not zero."""

    calls: int = 0
    prompt: int | None = 0
    """Tokens read."""
    completion: int | None = 0
    """Tokens written."""
    cost: float | None = 0.0
    """US dollars at the prices given in the configuration; calls served from the response cache cost nothing again."""
    seconds: float = 0.0
    """Sum of the calls' latencies."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            calls=self.calls + other.calls,
            prompt=_sum(self.prompt, other.prompt),
            completion=_sum(self.completion, other.completion),
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
            seconds=self.seconds + other.seconds,
        )

    @property
    def tokens(self) -> int | None:
        """Tokens read and written."""
        return _sum(self.prompt, self.completion)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


class Speech(Frozen):
    """What an agent answers to a cue: the text for all to read and what stays with it."""

    text: str
    private: str = ""
    """The reply as the model wrote it, thinking included; shown to no other seat."""


class Said(Frozen):
    """A turn as a seat may see it."""

    seat: str
    round: int
    act: Act = "argue"
    text: str
    """The public text, its quotes between <quote> and </quote>, every mark of verification removed."""
    quotes: tuple[Quote, ...] = ()
    after: int = 0
    """How many turns its speaker had heard: in a simultaneous round, none of that round."""
    private: str = ""
    """Empty but for the seat's own turns."""


class Turn(Said):
    """A turn as it is kept: what was said and what the arena noted about it."""

    cut: bool = False
    """Longer than the limit, and cut there."""
    forged: int = 0
    """Marks of verification that the speaker wrote itself, now removed."""
    usage: Usage = Usage()

    def said(self, own: bool) -> Said:
        """The turn for a reader: without usage and notes, and without private text unless it is the reader's `own`."""
        return Said(
            seat=self.seat,
            round=self.round,
            act=self.act,
            text=self.text,
            quotes=self.quotes,
            after=self.after,
            private=self.private if own else "",
        )


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
