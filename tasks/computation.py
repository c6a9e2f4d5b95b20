"""Where does a long computation end? Generated: thousands of steps, of which anyone can check one.

The question's text states the whole rule, so nothing is hidden; what a bounded judge lacks is the time. That is the
case that the theory of debate is about (Brown-Cohen, Irving & Piliouras 2023), and the one in which what a protocol
reaches can be held against what is proven of it. The rule has closed forms that a mathematician may find; the agents
and judges that compute go step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator

from arena.chain import ACCEPTS, REJECTS, Chain
from arena.nouns import Question
from arena.task import Task

MODULUS = 997
"""A prime, so that every step can be undone."""


class Computation(Task):
    """Every step is one to one, so that a wrong state stays wrong; both answers are as likely to be right."""

    steps: int = Field(default=1000, ge=10, le=10_000)
    variant: Literal["chain", "votes"] = "chain"
    """`chain`: which state comes last, the right one or another, drawn. `votes`: the first half are moves, which decide
    whether the votes of the second half are mostly 1; the machine accepts or rejects."""
    c: float = Field(default=0.8, gt=0, lt=1)
    """With `votes`: least mean probability of a 1 where the machine accepts."""
    s: float = Field(default=0.2, gt=0, lt=1)
    """With `votes`: greatest mean probability of a 1 where it rejects."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.s >= self.c:
            raise ValueError(f"s is {self.s}; it must be below c, which is {self.c}")
        return self

    def stream(self, seed: int) -> Iterator[Question]:
        for number in count():
            yield self._ask(f"{seed}-{number}")

    def _ask(self, name: str) -> Question:
        draw = Random(f"computation {name}")
        chain = self._chain(draw)
        end = chain.trace(0, chain.start, chain.moves)[-1]
        answers = (ACCEPTS, REJECTS) if chain.votes else _two(end, chain.modulus, draw)
        return Question(
            id=f"{self.variant}-{self.steps}-{name}",
            text=chain.text,
            answers=answers,
            correct=answers.index(chain.answer(end)),
            source=name,
            tags=(self.variant, str(self.steps)),
        )

    def _chain(self, draw: Random) -> Chain:
        start, a, b, d = draw.randrange(MODULUS), draw.randrange(2, MODULUS), *draw.sample(range(1, MODULUS), 2)
        rule = Chain(moves=self.steps, start=start, a=a, b=b, d=d, modulus=MODULUS)
        half = self.steps // 2
        votes = {"moves": self.steps - half, "votes": half, "c": self.c, "s": self.s}
        return rule.model_copy(update=votes) if self.variant == "votes" else rule


def _two(end: int, modulus: int, draw: Random) -> tuple[str, str]:
    """The right state and another, in the order of their size."""
    other = draw.choice([state for state in range(modulus) if state != end])
    low, high = sorted((end, other))
    return str(low), str(high)
