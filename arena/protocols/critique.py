"""A proposer argues for an answer, a critic lists its flaws, the proposer replies."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import Case, Cue, Turn
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol


class Critique(Protocol):
    """Assistance by critique, as in Saunders 2022 and McAleese 2024.

    The critic argues for no answer: it is asked for flaws, with quotes or steps. Both assignments of the proposer are
    played, as in a consultancy. Deviations: there the proposal is a model's own answer, or one with a bug put in, and
    here it is an argument for an assigned answer; and there nobody replies to the critic, which is `defence = false`.
    """

    words: int = Field(default=150, ge=1)
    """Limit on each speech."""
    defence: bool = True
    """The proposer replies to the critic."""
    prompt: Prompt = Field(default_factory=lambda: load("critique"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        return {"proposer": "proposer", "critic": "critic"}

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"proposer": answer} for answer in draw.pair]

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        told = ("brief", "rebutted") if len(turns) == 3 else ("brief",)
        return " ".join(fill(self.prompt, section) for section in told)

    def play(self, case: Case) -> Play:
        yield self._cue("proposer", 1, "propose")
        yield self._cue("critic", 2, "critique")
        if self.defence:
            yield self._cue("proposer", 3, "defend")

    def _cue(self, seat: str, number: int, section: str) -> Cue:
        return Cue(seat=seat, round=number, words=self.words, task=fill(self.prompt, section))
