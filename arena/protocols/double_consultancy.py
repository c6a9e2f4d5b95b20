"""Two consultants for the two answers, shown to the judge together, neither of whom hears the other."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue, Turn, View
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol, two


class DoubleConsultancy(Protocol):
    """Double consultancy as in Arnesen 2024: against a debate of as many rounds it shows what rebuttal adds.

    Each consultant knows its own side and its own words, and not that there is another. The turns of a round stand side
    by side, as in a simultaneous debate. Deviation: with more than one round a consultant adds to its case.
    """

    rounds: int = Field(default=1, ge=1)
    words: int = Field(default=200, ge=1)
    """Limit on a speech."""
    prompt: Prompt = Field(default_factory=lambda: load("double_consultancy"))
    """What the judge is told, and the consultants from the second round on."""

    @property
    def seats(self) -> dict[str, str]:
        return {"alice": "consultant", "bob": "consultant"}

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def hears(self, seat: str, turn: Turn) -> bool:
        return seat in {turn.seat, JUDGE}

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        return fill(self.prompt, "brief")

    def play(self, case: Case) -> Play:
        for number in range(1, self.rounds + 1):
            task = fill(self.prompt, "more", round=number) if number > 1 else ""
            yield tuple(Cue(seat=seat, round=number, words=self.words, task=task) for seat in self.seats)

    def view(self, seat: str, case: Case, turns: Sequence[Turn]) -> View:
        shown = super().view(seat, case, turns)
        known = shown.sides if seat == JUDGE else {seat: shown.sides[seat]}
        return shown.model_copy(update={"sides": known})
