"""The judge reads the hidden passage too: the ceiling."""

from __future__ import annotations

from arena.nouns import Case
from arena.protocol import Play, Protocol


class Expert(Protocol):
    """No one speaks, and the judge's seat reads the passage: the only protocol where it does."""

    def reads(self, seat: str) -> bool:
        return True

    def fits(self, case: Case) -> str:
        return "" if case.passage else "the question has no passage for the judge to read"

    def play(self, case: Case) -> Play:
        yield from ()
