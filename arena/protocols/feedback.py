"""Speeches with the judge's feedback between, until the judge has heard enough."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arena.nouns import JUDGE, Act, Case, Cue, Turn
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Part, Play, Protocol, two

_UNASKED = 3
"""Rounds that debaters who end it themselves always play."""


class Feedback(Protocol):
    """The debates and consultancies of Michael 2023.

    The judge writes before the first speeches and after each round, and after each round decides to hear another or
    ends it; each round, the first too, costs it a part of its score. Debaters open at the same time, then Alice speaks
    and Bob, who hears her, replies; a consultant speaks alone. What is said depends on who sat where, so each order is
    played. Deviation: speakers are not shown the probabilities that the judge states.
    """

    form: Literal["debate", "consultancy"] = "debate"
    end: Literal["judge", "debaters"] = "judge"
    """`debaters`: no judge takes part, and after the third round those who speak end it by agreement, as in the rooms
    that were judged from the transcript alone."""
    rounds: int = Field(default=50, ge=1)
    """At most."""
    words: int = Field(default=130, ge=1)
    """Limit on a speech (Michael 2023: 750 characters, for a consultant 1,500); feedback may take as much."""
    round_price: float = Field(default=0.05, ge=0)
    """Bits of the judge's score that each round costs."""
    prompt: Prompt = Field(default_factory=lambda: load("feedback"))
    """What the judge's seat is told when it is to write."""

    @property
    def seats(self) -> dict[str, str]:
        asked = {JUDGE: "questioner"} if self.end == "judge" else {}
        return {**{seat: seat if seat == "consultant" else "debater" for seat in self._speakers}, **asked}

    @property
    def relabels(self) -> bool:
        return False

    @property
    def price(self) -> float:
        return self.round_price if self.end == "judge" else 0.0

    @property
    def free(self) -> int:
        return 0 if self.end == "judge" else 1

    @property
    def _speakers(self) -> tuple[str, ...]:
        return ("alice", "bob") if self.form == "debate" else ("consultant",)

    def hears(self, seat: str, turn: Turn) -> bool:
        """Who wants to go on is for who was asked."""
        return super().hears(seat, turn) and (turn.act != "choose" or seat == turn.seat)

    def fits(self, case: Case) -> str:
        return two(case) if self.form == "debate" else ""

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        if self.form == "debate":
            return [{"alice": draw.pair[0], "bob": draw.pair[1]}]
        return [{"consultant": answer} for answer in draw.pair]

    def play(self, case: Case) -> Play:
        for number in range(1, self.rounds + 1):
            if number > 1 and (yield from self._ended(number - 1)):
                return
            if self.end == "judge":
                task = fill(self.prompt, "open" if number == 1 else "feedback")
                yield Cue(seat=JUDGE, round=number, act="ask", words=self.words, task=task)
            act: Act = "argue" if self.form == "debate" or self.end == "debaters" else "answer"
            cues = tuple(Cue(seat=seat, round=number, act=act, words=self.words) for seat in self._speakers)
            for step in [cues] if number == 1 else cues:  # noqa: UP028 - what is sent to a generator is lost in a list
                yield step

    def _ended(self, number: int) -> Part[bool]:
        """Whether enough has been said after round `number`."""
        if self.end == "debaters" and number < _UNASKED:
            return False
        cost = f", at a cost of {self.round_price} bits of your score" if self.price else ""
        options = ("end here", f"hear another round{cost}" if self.end == "judge" else "speak another round")
        asked = (JUDGE,) if self.end == "judge" else self._speakers
        moves = yield tuple(Cue(seat=seat, round=number, act="choose", options=options) for seat in asked)
        return all(move.choice == 0 for move in moves)
