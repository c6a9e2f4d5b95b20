"""One debater for every answer of a question, all in the same rounds."""

from __future__ import annotations

from pydantic import Field

from arena.nouns import Case, Cue
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol

_SEATS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")


class Nway(Protocol):
    """Debate as in Khan 2024 (simultaneous) with as many debaters as answers; ours beyond two.

    Who defends what is drawn from all orders of the answers: a draw of the right answer and a wrong one would always
    give the right one to Alice or Bob. In the other presentation the seats and the answers are reversed together, so
    every text stays with its answer, and the text that was read first, for the answer shown first, is now read last
    for the answer shown last. The one in the middle of an odd number stays where it is; the draw evens that out.
    """

    debaters: int = Field(default=3, ge=2, le=len(_SEATS))
    """As many as the questions have answers."""
    rounds: int = Field(default=2, ge=1)
    words: int = Field(default=100, ge=1)
    """Limit on a speech."""
    prompt: Prompt = Field(default_factory=lambda: load("nway"))
    """What the debaters are told from the second round on."""

    @property
    def seats(self) -> dict[str, str]:
        return dict.fromkeys(_SEATS[: self.debaters], "debater")

    def fits(self, case: Case) -> str:
        count, wanted = len(case.answers), self.debaters
        if count == wanted:
            return ""
        return f"it has {wanted} debaters, this question {count} answers; set its `debaters` or `choices` in the task"

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [dict(zip(self.seats, draw.answers, strict=False))]

    def play(self, case: Case) -> Play:
        for number in range(1, self.rounds + 1):
            task = fill(self.prompt, "rebuttal", round=number) if number > 1 else ""
            yield tuple(Cue(seat=seat, round=number, words=self.words, task=task) for seat in self.seats)
