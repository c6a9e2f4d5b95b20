"""One consultant argues for the answer it was given, right in one match and wrong in another."""

from __future__ import annotations

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue
from arena.protocol import Draw, Play, Protocol


class Consultancy(Protocol):
    """Both assignments are always played, so that the mean and the two apart can be reported (Khan 2024, Kenton 2024).

    Between rounds the judge's seat asks a question that the consultant answers. A question may depend on the order in
    which the judge saw the answers, so with more than one round each order is a match of its own. A question with more
    than two answers is played for the right one and for one wrong one.
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
        return self.rounds == 1

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"consultant": answer} for answer in draw.pair]

    def play(self, case: Case) -> Play:
        yield Cue(seat="consultant", round=1, words=self.words)
        for number in range(2, self.rounds + 1):
            yield Cue(seat=JUDGE, round=number, act="ask", words=max(1, self.words // 4))
            yield Cue(seat="consultant", round=number, act="answer", words=self.words)
