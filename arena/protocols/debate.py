"""Two debaters argue for opposite answers, round by round."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arena.errors import ConfigError
from arena.nouns import Case, Cue
from arena.protocol import Play, Protocol


class Debate(Protocol):
    """Debate as in Khan 2024 (simultaneous) and Kenton 2024 (sequential); about the two answers of a question.

    Simultaneous: in each round both are cued together and neither hears the other's turn of that round. Sequential:
    the first round is simultaneous, then Alice speaks and Bob, who hears her, replies. What Bob says may then depend on
    speaking second, so a sequential debate is played once for each order.
    """

    rounds: int = Field(default=3, ge=1)
    turns: Literal["simultaneous", "sequential"] = "simultaneous"
    words: int = Field(default=100, ge=1)

    @property
    def seats(self) -> dict[str, str]:
        return {"alice": "debater", "bob": "debater"}

    @property
    def relabels(self) -> bool:
        return self.turns == "simultaneous" or self.rounds == 1

    def sides(self, pair: tuple[int, int]) -> list[dict[str, int]]:
        return [{"alice": pair[0], "bob": pair[1]}]

    def play(self, case: Case) -> Play:
        if len(case.answers) != 2:
            raise ConfigError(
                f"debate is about two answers, this question has {len(case.answers)}: {case.question!r}; "
                "set `choices = 2` in its task"
            )
        for number in range(1, self.rounds + 1):
            alice, bob = (Cue(seat=seat, round=number, words=self.words) for seat in self.seats)
            if self.turns == "simultaneous" or number == 1:
                yield alice, bob
            else:
                yield alice
                yield bob
