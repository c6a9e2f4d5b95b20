"""A match and what comes of it: a transcript, rulings, failures.

Debates are dear and verdicts are cheap: one transcript serves many judges, in both orders of presentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import takewhile
from typing import Literal

from pydantic import SerializeAsAny

from arena.agent import Agent
from arena.errors import ArenaError
from arena.nouns import JUDGE, Case, Question, Turn, Usage, Verdict, View
from arena.plugin import Frozen, key
from arena.protocol import Protocol, due


class Match(Frozen):
    """A question, a protocol, and who sits where: everything that decides how it is played, and nothing else."""

    question: Question
    protocol: SerializeAsAny[Protocol]
    agents: dict[str, SerializeAsAny[Agent]]
    """Speaking seat -> agent."""
    defends: dict[str, int]
    """Seat -> index into `question.answers`."""
    shown: tuple[int, ...]
    """The order in which the answers are shown, as indices into `question.answers`."""
    repeat: int = 0
    """Which repetition with fresh samples this is."""
    branch: str = ""
    """Where it leaves the match that it branches off, and which branch it is; empty for a match of its own."""

    @cached_property
    def key(self) -> str:
        """Content hash: the match's name in the store, the same for every run that plays it."""
        return key(self)

    @property
    def sample(self) -> int:
        """Which draw from the models this is: another one for each repetition and each branch."""
        return self.repeat + (int(key(self.branch)[:6], 16) if self.branch else 0)

    def arm(self, turns: Sequence[Turn] = ()) -> str:
        """`right` or `wrong` where one seat argues alone or by its own belief, and that is known; empty otherwise.

        Never shown.
        """
        answer = self.protocol.advocate(self.case(), turns)
        if answer is None or self.question.correct is None:
            return ""
        return "right" if self.shown[answer] == self.question.correct else "wrong"

    def sides(self, turns: Sequence[Turn]) -> dict[str, int]:
        """Seat -> index into `question.answers` of the answer it argues for, as far as `turns` tell."""
        return {seat: self.shown[i] for seat, i in self.protocol.assigned(self.case(), turns).items()}

    @property
    def orders(self) -> tuple[int, ...]:
        """The presentations that its transcript can be judged in: 0 as played, 1 swapped."""
        return (0, 1) if self.protocol.relabels else (0,)

    def order(self, order: int) -> tuple[int, ...]:
        """The answers' order in presentation `order`."""
        return self.shown if order == 0 else self.shown[::-1]

    def case(self, order: int = 0) -> Case:
        """What the protocol may know, in presentation `order`."""
        shown = self.order(order)
        swap = self._swap(order)
        return Case(
            question=self.question.text,
            answers=tuple(self.question.answers[i] for i in shown),
            passage=self.question.passage,
            defends={swap.get(seat, seat): shown.index(i) for seat, i in self.defends.items()},
            seed=key(self.question.text, sorted(self.question.answers), self.repeat),
        )

    def verdict_view(self, turns: Sequence[Turn], order: int = 0) -> View:
        """What a judge sees of the finished transcript in presentation `order`: seats and answers swapped together."""
        turns = [self._turned(turn) for turn in turns] if order else turns
        return self.protocol.view(JUDGE, self.case(order), ordered(self.protocol, turns))

    def rounds(self, turns: Sequence[Turn]) -> tuple[int, ...]:
        """The rounds of a complete transcript after which there was more to hear."""
        return tuple(sorted({turn.round for turn in turns}))[:-1]

    def until(self, turns: Sequence[Turn], number: int) -> list[Turn]:
        """What had been said when round `number` was over."""
        return list(takewhile(lambda turn: turn.round <= number, ordered(self.protocol, turns)))

    def over(self, turns: Sequence[Turn]) -> bool:
        """Whether the transcript is complete. Raises RuleError where it breaks the rules."""
        return not due(self.protocol, self.case(), turns).cues

    def _turned(self, turn: Turn) -> Turn:
        """A turn as it is in the swapped presentation."""
        swap = self._swap(1)
        seats = {name: swap.get(seat, seat) for name, seat in (("seat", turn.seat), ("to", turn.to))}
        return turn.model_copy(update={**seats, "p": turn.p[::-1]})

    def _swap(self, order: int) -> dict[str, str]:
        pair = [seat for seat in self.protocol.seats if seat in self.defends]
        return dict(zip(pair, reversed(pair), strict=True)) if order else {}


def misfit(match: Match) -> str:
    """Why a match cannot be played, as far as it shows before anyone has spoken; empty where nothing does.

    A protocol may be of the user's own, and whatever it raises is the reason.
    """
    try:
        case = match.case()
        if why := match.protocol.fits(case):
            return why
        due(match.protocol, case, ())
        match.protocol.advocate(case, ())
    except ArenaError as error:
        return str(error)
    except Exception as error:
        return f"it raises {type(error).__name__}: {error}"
    return ""


def ordered(protocol: Protocol, turns: Sequence[Turn]) -> list[Turn]:
    """Turns as they are read: those of a simultaneous round in the order of the seats, whoever was faster."""
    seats = list(protocol.seats)
    return sorted(turns, key=lambda turn: (turn.after, seats.index(turn.seat)))


class Ruling(Frozen):
    """One judge's verdict on one transcript in one presentation. An unreadable verdict is a state, never a score."""

    match: str
    """The match's key."""
    judge: str
    """The judge's key."""
    order: int
    round: int = 0
    """0: the verdict on the whole transcript; any other: what the judge held after that round."""
    state: Literal["read", "unreadable"]
    p: tuple[float, ...] = ()
    """A probability for each answer, in the order of `Question.answers`; empty where unreadable."""
    reason: str = ""
    """The judge's reason, or why its reply could not be read."""
    flags: tuple[str, ...] = ()
    usage: Usage = Usage()


def ruling(match: Match, judge: str, order: int, verdict: Verdict, usage: Usage) -> Ruling:
    """Turn a verdict, given in the order shown, into a ruling in the question's own order."""
    shown = match.order(order)
    p = tuple(verdict.p[shown.index(i)] for i in range(len(shown)))
    return Ruling(
        match=match.key,
        judge=judge,
        order=order,
        state="read",
        p=p,
        reason=verdict.reason,
        flags=verdict.flags,
        usage=usage,
    )


class Failure(Frozen):
    """Something that did not come about. Never a transcript, never a score."""

    match: str
    judge: str = ""
    """The judge's key where a ruling failed."""
    order: int = 0
    round: int = 0
    """Of a belief: after which round."""
    stage: Literal["speak", "decide", "believe"]
    seat: str = ""
    kind: str
    """`unreadable`, a CallError's kind, or `error` for a fault in a plugin."""
    message: str
    passing: bool = False
    """True where the next run tries again."""
    usage: Usage = Usage()
