"""A protocol says who speaks when and who sees what; `due` is all that plays it.

`play` is a generator that does no input or output: it yields a cue, or a tuple of cues to be answered at the same time,
and is sent the turns. `due` replays it over the turns so far. Going on after a crash, a person at a form whose script
restarts at each click, and checking a stored transcript against the rules all come from that one function.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Sequence
from typing import ClassVar, NamedTuple, TypeVar

from arena.errors import RuleError, choices
from arena.nouns import JUDGE, Case, Cue, Turn, View
from arena.plugin import Plugin

R = TypeVar("R")
Part = Generator[Cue | tuple[Cue, ...], tuple[Turn, ...], R]
"""A part of a game, for `yield from`, that comes to a value."""
Play = Part[None]


class Draw(NamedTuple):
    """What the experiment draws for a match, as indices into the question's answers; no order says what is right."""

    pair: tuple[int, int]
    """The right answer and a wrong one."""
    answers: tuple[int, ...]
    """All answers."""

    def turned(self) -> Draw:
        """The same draw for the other order."""
        return Draw((self.pair[1], self.pair[0]), self.answers[::-1])


class Protocol(Plugin):
    """Pure rules: `play` and `view` depend on the case and the turns alone."""

    kind: ClassVar[str] = "protocol"

    @property
    def seats(self) -> dict[str, str]:
        """Speaking seat -> the role an experiment casts an agent for: debater, consultant, questioner."""
        return {}

    @property
    def copies(self) -> dict[str, str]:
        """Seat -> the seat whose agent sits there as well, unless an agent is cast for it by name."""
        return {}

    @property
    def relabels(self) -> bool:
        """True where a transcript may be shown in the other order without being played again.

        That holds where no speaker heard anything that depends on the order of the answers or on who speaks first.
        """
        return True

    @property
    def price(self) -> float:
        """What the judge pays for each round that it asks for, in bits of its score."""
        return 0.0

    @property
    def free(self) -> int:
        """How many rounds the judge does not ask for: they cost it nothing."""
        return 1

    def fits(self, case: Case) -> str:
        """Why the protocol cannot be played on this question; empty where it can."""
        return ""

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        """For each match, who defends which answer."""
        return [{}]

    def assigned(self, case: Case, turns: Sequence[Turn]) -> dict[str, int]:
        """Who argues for which answer, as far as that is known after `turns`: some seats choose for themselves."""
        return case.defends

    def advocate(self, case: Case, turns: Sequence[Turn]) -> int | None:
        """The answer that the match's arm is about: that of a seat that argues alone, or by its own belief."""
        return next(iter(case.defends.values())) if len(case.defends) == 1 else None

    def reads(self, seat: str) -> bool:
        """Whether a seat reads the hidden passage: all but the judge."""
        return seat != JUDGE

    def hears(self, seat: str, turn: Turn) -> bool:
        """Whether a seat is shown a turn: what one believes stays with it, and no judge sees what another believed."""
        return turn.act != "believe" or seat == turn.seat != JUDGE

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        """What the judge is told of the rules before it reads the turns."""
        return ""

    def refuses(self, case: Case, turn: Turn) -> str:
        """Why a turn is not the move that was asked for, where the act alone does not say; empty where it is.

        Such a turn is refused as unreadable, and never guessed.
        """
        return ""

    @abstractmethod
    def play(self, case: Case) -> Play:
        """Yield cues, receive turns, end."""

    def view(self, seat: str, case: Case, turns: Sequence[Turn]) -> View:
        """All that `seat` may know after `turns`."""
        return View(
            seat=seat,
            question=case.question,
            answers=case.answers,
            sides=self.assigned(case, turns),
            passage=case.passage if self.reads(seat) else None,
            turns=tuple(turn.said(own=turn.seat == seat) for turn in turns if self.hears(seat, turn)),
            brief=self.brief(case, turns) if seat == JUDGE else "",
        )


def two(case: Case) -> str:
    """Why a protocol about two answers does not fit."""
    count = len(case.answers)
    return "" if count == 2 else f"it is about two answers, this question has {count}; set `choices = 2` in its task"


class Step(NamedTuple):
    """The next move of a match."""

    cues: tuple[Cue, ...]
    """Who must speak now, at the same time; empty when the match is over."""
    heard: tuple[Turn, ...]
    """What they may have heard: the turns of every finished round, in the order of the cues, whoever was faster."""


def due(protocol: Protocol, case: Case, turns: Sequence[Turn]) -> Step:
    """The cues that wait for an answer after `turns`.

    Turns of an unfinished simultaneous round may be missing in part; the cues of the missing ones are due. Raises
    RuleError where the turns are not those that the protocol asked for, or what it yields cannot be asked of anyone.
    """
    play = protocol.play(case)
    heard: list[Turn] = []
    try:
        cues = _cues(protocol, next(play))
        while True:
            answers = _answers(cues, turns[len(heard) : len(heard) + len(cues)], len(heard))
            if len(answers) < len(cues):
                missing = tuple(cue for cue in cues if cue.seat not in answers)
                return Step(missing, tuple(heard))
            said = tuple(answers[cue.seat] for cue in cues)
            heard += said
            cues = _cues(protocol, play.send(said))
    except StopIteration:
        if len(heard) < len(turns):
            raise RuleError(f"{protocol.name} ends after {len(heard)} turns, the transcript has {len(turns)}") from None
        return Step((), tuple(heard))


def _cues(protocol: Protocol, given: object) -> tuple[Cue, ...]:
    """What a protocol yielded, where each cue is for another of its seats."""
    cues = (given,) if isinstance(given, Cue) else tuple(given) if isinstance(given, tuple | list) else ()
    told = tuple(cue for cue in cues if isinstance(cue, Cue))
    if not told or len(told) < len(cues):
        raise RuleError(f"{protocol.name} yields {given!r}; it must yield a cue or a tuple of one or more")
    asked = [cue.seat for cue in told]
    for seat in asked:
        if seat not in protocol.seats:
            raise RuleError(f"{protocol.name} cues the seat {seat!r}; {choices(seat, protocol.seats)}")
    if len(set(asked)) < len(asked):
        raise RuleError(f"{protocol.name} cues a seat twice at the same time: {', '.join(asked)}")
    return told


def _answers(cues: tuple[Cue, ...], turns: Sequence[Turn], heard: int) -> dict[str, Turn]:
    asked = {cue.seat: cue for cue in cues}
    for turn in turns:
        cue = asked.pop(turn.seat, None)
        if cue is None or (turn.round, turn.act, turn.to, turn.after) != (cue.round, cue.act, cue.to, heard):
            wanted = ", ".join(f"{c.seat} ({c.act}, round {c.round})" for c in cues)
            raise RuleError(f"{turn.seat} ({turn.act}, round {turn.round}) spoke, the protocol waits for {wanted}")
    return {turn.seat: turn for turn in turns}
