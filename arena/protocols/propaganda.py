"""One text argues for an assigned answer, and nothing else is said."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import Case, Cue, Turn
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol


class Propaganda(Protocol):
    """Propaganda, a baseline of Sudhir 2025: what one argument does before anyone asks, objects or finds flaws.

    A consultancy of one round announces an adviser. Here the seat is called `writer`, its task is a text that must do
    its work alone, and the judge is told that it sees one text for which it did not ask. Both assignments are
    played, as in a consultancy, and the writer is cast as a consultant. Deviation: the wording is ours.
    """

    words: int = Field(default=200, ge=1)
    """Limit on the text."""
    prompt: Prompt = Field(default_factory=lambda: load("propaganda"))
    """What the writer and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        return {"writer": "consultant"}

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"writer": answer} for answer in draw.pair]

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        return fill(self.prompt, "brief")

    def play(self, case: Case) -> Play:
        yield Cue(seat="writer", round=1, words=self.words, task=fill(self.prompt, "argue"))
