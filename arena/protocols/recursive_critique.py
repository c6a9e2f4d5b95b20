"""A proposal, its critique, the critique of that critique, and so on."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import Case, Cue, Turn
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol


class RecursiveCritique(Protocol):
    """Recursive self-critiquing as in Wen 2025: a critique of a critique may be easier to judge than the critique.

    Two seats write the critiques by turns, and argue for no answer; both assignments of the proposer are played. The
    comparison to make is at equal effort against a majority vote: a match is `order` + 1 speeches, so compare it with
    `propaganda` before a judge that asks its own model `order` + 1 times and takes the majority. Deviations: in Wen all
    orders see several answers or critiques of the order below and choose among them, here one; and there one model
    writes all, here whoever is cast.
    """

    order: int = Field(default=2, ge=1)
    """How many critiques: 1 is of the proposal, 2 of the critique of the proposal."""
    words: int = Field(default=150, ge=1)
    """Limit on each speech."""
    prompt: Prompt = Field(default_factory=lambda: load("recursive_critique"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        second = {"reviewer": "critic"} if self.order > 1 else {}
        return {"proposer": "proposer", "critic": "critic", **second}

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"proposer": answer} for answer in draw.pair]

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        return fill(self.prompt, "brief")

    def play(self, case: Case) -> Play:
        yield Cue(seat="proposer", round=1, words=self.words, task=fill(self.prompt, "propose"))
        for order in range(1, self.order + 1):
            task = fill(self.prompt, "critique") if order == 1 else fill(self.prompt, "again", order=order)
            yield Cue(seat="critic" if order % 2 else "reviewer", round=order + 1, words=self.words, task=task)
