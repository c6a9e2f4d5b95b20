"""One consultant argues for the answer that it believes itself."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue, Turn
from arena.protocol import Play, Protocol
from arena.protocols.open_debate import believed


class OpenConsultancy(Protocol):
    """Open consultancy as in Kenton 2024; a match's arm says whether the consultant was right.

    The consultant first states, to nobody else, how probable it finds each answer, and then argues for the likeliest
    (of several, the first in the alphabet). Between rounds the judge's seat asks, as in a consultancy. What it believes
    may depend on the order in which the answers were shown, so each order is played. Deviation: Kenton's consultant
    picks an answer and states no probability.
    """

    rounds: int = Field(default=1, ge=1)
    words: int = Field(default=200, ge=1)
    """Limit on a speech; the judge's question may take a quarter of it."""

    @property
    def seats(self) -> dict[str, str]:
        asks = {JUDGE: "questioner"} if self.rounds > 1 else {}
        return {"consultant": "consultant", **asks}

    @property
    def relabels(self) -> bool:
        return False

    def assigned(self, case: Case, turns: Sequence[Turn]) -> dict[str, int]:
        mine = self.advocate(case, turns)
        return {} if mine is None else {"consultant": mine}

    def advocate(self, case: Case, turns: Sequence[Turn]) -> int | None:
        return believed(case, turns)

    def play(self, case: Case) -> Play:
        yield Cue(seat="consultant", round=1, act="believe")
        yield Cue(seat="consultant", round=1, words=self.words)
        for number in range(2, self.rounds + 1):
            yield Cue(seat=JUDGE, round=number, act="ask", words=max(1, self.words // 4))
            yield Cue(seat="consultant", round=number, act="answer", words=self.words)
