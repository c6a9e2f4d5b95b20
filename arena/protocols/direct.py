"""The judge decides from the question and the answers alone: the floor."""

from __future__ import annotations

from arena.nouns import Case
from arena.protocol import Play, Protocol


class Direct(Protocol):
    """No one speaks. What a judge reaches here can be guessed without any help (Khan 2024 calls it naive)."""

    def play(self, case: Case) -> Play:
        yield from ()
