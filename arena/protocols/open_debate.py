"""One debater defends the answer that it believes itself, the other the other answer."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import Case, Cue, Turn
from arena.protocol import Play, Protocol, two

_PAIR = ("alice", "bob")


class OpenDebate(Protocol):
    """Open debate as in Kenton 2024; a match's arm says whether the protagonist was right.

    The protagonist first states, to nobody else, how probable it finds each answer, and then defends the likelier. A
    draw says whether Alice or Bob is the protagonist, so that the names tell the judge nothing. The rounds are those of
    a simultaneous debate. Who defends what depends on a belief, which may depend on the order in which the answers were
    shown, so each order is played. Deviation: Kenton's protagonist picks an answer; here it states a probability for
    each, so that a tie is seen, and falls to the answer that is first in the alphabet.
    """

    rounds: int = Field(default=3, ge=1)
    words: int = Field(default=100, ge=1)
    """Limit on a speech."""

    @property
    def seats(self) -> dict[str, str]:
        return dict.fromkeys(_PAIR, "debater")

    @property
    def relabels(self) -> bool:
        return False

    def fits(self, case: Case) -> str:
        return two(case)

    def assigned(self, case: Case, turns: Sequence[Turn]) -> dict[str, int]:
        mine = self.advocate(case, turns)
        if mine is None:
            return {}
        one = self._protagonist(case)
        return {seat: mine if seat == one else 1 - mine for seat in _PAIR}

    def advocate(self, case: Case, turns: Sequence[Turn]) -> int | None:
        return believed(case, turns)

    def play(self, case: Case) -> Play:
        yield Cue(seat=self._protagonist(case), round=1, act="believe")
        for number in range(1, self.rounds + 1):
            yield tuple(Cue(seat=seat, round=number, words=self.words) for seat in _PAIR)

    def _protagonist(self, case: Case) -> str:
        return case.draw("protagonist").choice(_PAIR)


def believed(case: Case, turns: Sequence[Turn]) -> int | None:
    """The answer that the first stated belief finds likeliest, the first in the alphabet of several; None before it."""
    belief = next((turn for turn in turns if turn.act == "believe"), None)
    if belief is None:
        return None
    return min(range(len(case.answers)), key=lambda i: (-belief.p[i], case.answers[i]))
