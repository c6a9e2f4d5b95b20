"""Two debaters argue for opposite answers, round by round."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue, Turn
from arena.protocol import Draw, Part, Play, Protocol, two


class Debate(Protocol):
    """Debate as in Khan 2024 (simultaneous) and Kenton 2024 (sequential); about the two answers of a question.

    Simultaneous: in each round both are cued together and neither hears the other's turn of that round. Sequential:
    the first round is simultaneous, then Alice speaks and Bob, who hears her, replies. What Bob says may then depend on
    speaking second, so a sequential debate is played once for each order.

    With `stop` the judge's seat states a probability after each round but the last, and may end the debate (Michael
    2023). What it believes may depend on the order in which it saw the answers, so this is played once for each order.
    Deviation: the debaters are not shown what the judge believes.
    """

    rounds: int = Field(default=3, ge=1)
    turns: Literal["simultaneous", "sequential"] = "simultaneous"
    words: int = Field(default=100, ge=1)
    stop: Literal["never", "sure", "choice"] = "never"
    """`sure`: the debate ends when the judge's seat finds an answer as probable as `sure`. `choice`: it is asked."""
    sure: float = Field(default=0.95, gt=0.5, le=1)
    round_price: float = Field(default=0.0, ge=0)
    """Bits of the judge's score (log2 of the probability of the right answer) that a round asked for costs; Michael
    2023 has 0.05. Without `stop` nobody asks for a round, and none has a price."""

    @property
    def seats(self) -> dict[str, str]:
        asked = {JUDGE: "questioner"} if self.stop != "never" and self.rounds > 1 else {}
        return {"alice": "debater", "bob": "debater", **asked}

    @property
    def relabels(self) -> bool:
        return JUDGE not in self.seats and (self.turns == "simultaneous" or self.rounds == 1)

    @property
    def price(self) -> float:
        return self.round_price if self.stop != "never" else 0.0

    def hears(self, seat: str, turn: Turn) -> bool:
        """What the judge chose is for the judge."""
        return super().hears(seat, turn) and (turn.act != "choose" or seat == turn.seat)

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def play(self, case: Case) -> Play:
        for number in range(1, self.rounds + 1):
            if number > 1 and (yield from self._ended(number - 1)):
                return
            alice, bob = (Cue(seat=seat, round=number, words=self.words) for seat in ("alice", "bob"))
            if self.turns == "simultaneous" or number == 1:
                yield alice, bob
            else:
                yield alice
                yield bob

    def _ended(self, number: int) -> Part[bool]:
        """Whether the judge has heard enough after round `number`."""
        if self.stop == "never":
            return False
        (belief,) = yield Cue(seat=JUDGE, round=number, act="believe")
        if self.stop == "sure":
            return max(belief.p) >= self.sure
        cost = f", at a cost of {self.round_price} bits of your score" if self.round_price else ""
        options = (f"hear another round{cost}", "decide now")
        (move,) = yield Cue(seat=JUDGE, round=number, act="choose", options=options)
        return move.choice == 1
