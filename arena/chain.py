"""A computation of many steps: written into a question's text and read back from it, with the sentences about it.

Agents and judges see views and never a question, so whatever they compute must stand in the text. The sentences are the
common language of the protocols that ask, the provers that state and the judges that check.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from math import ceil
from random import Random
from typing import Self

from arena.nouns import Said
from arena.plugin import Frozen
from arena.prompt import inert

ACCEPTS, REJECTS = "The machine accepts.", "The machine rejects."

_MOVES = (
    "A machine begins in the state x(0) = {start}. For i = 1, 2, ..., {moves} its next state is "
    "x(i) = ({a} * x(i-1) + k(i)) mod {modulus}, with k(i) = ({b} * i * i + {d}) mod {modulus}."
)
_END = " What is x({moves})?"
_VOTES = (
    " Then come {votes} votes. Each is a bit, drawn anew. Where x({moves}) is even, a vote is 1 with probability "
    "{c} after an odd number of ones and halfway from there to 1 after an even number; where x({moves}) is odd, with "
    "probability {s} after an odd number of ones and half of that after an even number. The machine accepts if the "
    "votes' mean probability of a 1 is at least {c}, and rejects if it is at most {s}. Which does it do?"
)


def _pattern(template: str, number: str = r"[0-9]{1,9}(?:\.[0-9]{1,18})?") -> str:
    """A template as a regular expression: a name takes a number, and a name that comes again the same number."""
    parts = re.split(r"\{(\w+)\}", template)
    seen: set[str] = set()
    found = ""
    for literal, name in zip(parts[::2], [*parts[1::2], ""], strict=True):
        value = rf"(?P={name})" if name in seen else rf"(?P<{name}>{number})"
        found += re.escape(literal) + (value if name else "")
        seen.add(name)
    return found


_READ = [re.compile(_pattern(_MOVES + rest)) for rest in (_VOTES, _END)]


class Chain(Frozen):
    """A state that moves by a rule that is one to one, and then, it may be, votes whose odds hang on where it came.

    A move is a bijection: from a wrong state no right one is reached again, so a wrong end needs one wrong move at
    least. At every state and after all bits a vote's probability of 1 is at least c or at most s, so the mean is too.
    """

    moves: int
    votes: int = 0
    start: int = 1
    a: int = 2
    b: int = 1
    d: int = 0
    modulus: int = 997
    """A prime: every `a` below it but 0 can be divided by."""
    c: float = 0.8
    """Least mean probability of a machine that accepts."""
    s: float = 0.2
    """Greatest mean probability of a machine that rejects."""

    @property
    def steps(self) -> int:
        """Moves and votes."""
        return self.moves + self.votes

    @property
    def text(self) -> str:
        """The question."""
        return (_MOVES + (_VOTES if self.votes else _END)).format(**self.model_dump())

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The computation that a question states; None where it states none."""
        found = next((match for form in _READ if (match := form.fullmatch(text))), None)
        return cls.model_validate(found.groupdict()) if found else None

    @cached_property
    def _inverse(self) -> int:
        return pow(self.a, -1, self.modulus)

    def _add(self, i: int) -> int:
        return (self.b * i * i + self.d) % self.modulus

    def move(self, i: int, before: int) -> int:
        """Step i: the state x(i) after x(i-1)."""
        return (self.a * before + self._add(i)) % self.modulus

    def trace(self, first: int, before: int, last: int) -> list[int]:
        """The states x(first), which is `before`, to x(last)."""
        return list(accumulate(range(first + 1, last + 1), lambda x, i: self.move(i, x), initial=before))

    def back(self, last: int, after: int, first: int) -> list[int]:
        """The states x(first) to x(last) that end in `after`: the moves undone."""
        undo = accumulate(
            range(last, first, -1), lambda x, i: self._inverse * (x - self._add(i)) % self.modulus, initial=after
        )
        return list(undo)[::-1]

    def odds(self, state: int, ones: int) -> float:
        """The oracle: with which probability a vote is 1, at the last move's state and after so many ones."""
        if state % 2 == 0:
            return self.c if ones % 2 else (1 + self.c) / 2
        return self.s if ones % 2 else self.s / 2

    def answer(self, state: int) -> str:
        """The answer that follows from the last move's state."""
        return (ACCEPTS if state % 2 == 0 else REJECTS) if self.votes else str(state)

    def target(self, answer: str, end: int) -> int:
        """A state that the moves would have to end in for `answer`, where in truth they end in `end`."""
        if self.answer(end) == answer:
            return end
        return (end - 1 if end else 1) if self.votes else int(answer)

    def proof(self, spans: Sequence[Span], answer: str) -> bool:
        """Whether the claims lead without a gap from the start to an end from which `answer` follows."""
        end = spans[-1].after if spans else 0
        return self.answer(end) == answer and Span(first=0, before=self.start, last=self.moves, after=end).by(spans)

    def part(self, claim: str, parts: int) -> int:
        """The most moves that one of so many equal parts of a claim spans; of all moves, where it is no claim."""
        goal = Span.read(claim)
        return ceil((goal.length if goal else self.moves) / parts)

    def proved(self, claim: str, answer: str, by: Sequence[str], parts: int) -> bool:
        """Whether statements prove a claim, or where it is empty the answer.

        Each must be one span and not a word besides, begin where the one before it ends, and be no longer than an equal
        part: a statement that said more than its span could be attacked for one thing and judged for another.
        """
        spans = [span for one in by if (span := Span.read(one))]
        if len(spans) < len(by) or any(span.length > self.part(claim, parts) for span in spans):
            return False
        goal = Span.read(claim)
        return goal.by(spans) if goal else not claim and self.proof(spans, answer)

    def ones(self, odds: Sequence[float], coins: str) -> list[int]:
        """How many ones there are before each vote and after the last: bit i is 1 where coin i is below its odds."""
        draw = Random(coins)
        return list(accumulate((draw.random() < p for p in odds), initial=0))

    def record(self, values: Sequence[float], coins: str) -> str:
        """The answer that follows from a value for every step: the last state, or the votes drawn with the coins."""
        if not self.votes:
            return str(round(values[-1]))
        mean = self.ones(values[self.moves :], coins)[-1] / self.votes
        return ACCEPTS if mean >= (self.c + self.s) / 2 else REJECTS


class Span(Frozen):
    """A claim: from one state there follows another."""

    first: int
    before: int
    last: int
    after: int

    @property
    def text(self) -> str:
        return _SPAN.format(**self.model_dump())

    @property
    def length(self) -> int:
        """How many moves it spans."""
        return self.last - self.first

    def by(self, spans: Sequence[Span]) -> bool:
        """Whether the claims lead without a gap from its beginning to its end, and so prove it."""
        ends = [(self.first, self.before), *((span.last, span.after) for span in spans)]
        return (
            bool(spans)
            and [(span.first, span.before) for span in spans] == ends[:-1]
            and ends[-1] == (self.last, self.after)
        )

    @classmethod
    def found(cls, text: str) -> list[Self]:
        """Every such claim of a text."""
        made = (cls.model_validate(m.groupdict()) for m in _STATED.finditer(text))
        return [span for span in made if span.first < span.last]

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The claim that a text is, to the word; None where it is none, or says anything besides."""
        spans = cls.found(text)
        return spans[0] if spans and _STATED.fullmatch(text) else None


_SPAN = "From x({first}) = {before} it follows that x({last}) = {after}."
_STATED = re.compile(_pattern(_SPAN[:-1], "[0-9]{1,9}") + r"(?!\.?[0-9])\.?")


class Odds(Frozen):
    """A claim: at a state and after so many ones, the next vote has these odds, give or take a gap."""

    moves: int
    state: int
    ones: int
    p: float
    gap: float

    @property
    def text(self) -> str:
        return _ODDS.format(**{**self.model_dump(), "p": f"{self.p:.12f}".rstrip("0").rstrip(".")})

    @classmethod
    def found(cls, text: str) -> list[Self]:
        """Every such claim of a text."""
        return [cls.model_validate(m.groupdict()) for m in re.finditer(_pattern(_ODDS), text)]


_ODDS = "With x({moves}) = {state} and after {ones} ones the next vote is 1 with probability {p}, give or take {gap}."


class Block(Frozen):
    """Steps whose values are asked for together."""

    first: int
    last: int
    coins: str
    """What the votes' coins are drawn from: public, so that all know the bits."""
    gap: float
    """How far a probability may be from the truth."""

    @property
    def text(self) -> str:
        return f"steps {self.first} to {self.last} (coins {self.coins}, gap {self.gap})"

    @classmethod
    def found(cls, text: str) -> Self | None:
        """The block that a task is about."""
        found = _BLOCK.search(text)
        return cls.model_validate(found.groupdict()) if found else None


_BLOCK = re.compile(r"steps (?P<first>\d+) to (?P<last>\d+) \(coins (?P<coins>\w+), gap (?P<gap>[\d.]+)\)")


class Bet(Frozen):
    """In which direction an estimate is said to err."""

    sign: int
    """1: the statement is likelier than estimated; -1: less likely."""
    p: float

    @property
    def text(self) -> str:
        return f"({'more' if self.sign > 0 else 'less'} probable than {self.p})"

    @classmethod
    def found(cls, text: str) -> Self | None:
        """The bet that an option offers."""
        found = re.search(r"\((more|less) probable than ([0-9]+(?:\.[0-9]+)?(?:e-[0-9]+)?)\)\Z", text)
        return cls(sign=1 if found[1] == "more" else -1, p=float(found[2])) if found else None


@lru_cache(maxsize=512)  # a match is replayed at every turn
def numbers(text: str, count: int) -> tuple[float, ...]:
    """The first `count` words of a text that are numbers; what is missing is 0."""
    words = (word.strip(".,;:") for word in text.replace(",", " ").split())
    found = [float(word) for word in words if _NUMBER.fullmatch(word)][:count]
    return (*found, *[0.0] * (count - len(found)))


_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]+)?")


def stated(turns: Sequence[Said], size: int, moves: int) -> list[float]:
    """The values of all steps that Alice has stated, `size` a turn; a state that is no whole number counts as 0."""
    values = [value for t in turns if t.seat == "alice" and t.claims for value in numbers(t.claims[0], size)]
    return [value if i >= moves or value.is_integer() else 0.0 for i, value in enumerate(values)]


def hinge(**answers: str) -> str:
    """What follows for the answer, one line each: `true` and `false` from the claim, `record` from what was stated."""
    return "\n".join(f"{_FOLLOWS[name]}, the answer is: {inert(answer)}" for name, answer in answers.items())


def hung(text: str) -> dict[str, str]:
    """What a text says follows for the answer: `true`, `false`, `record`."""
    found = {name: re.search(rf"^{said}, the answer is: (.*)$", text, re.MULTILINE) for name, said in _FOLLOWS.items()}
    return {name: match[1] for name, match in found.items() if match}


_FOLLOWS = {"true": "If it is true", "false": "If it is false", "record": "By the record"}
