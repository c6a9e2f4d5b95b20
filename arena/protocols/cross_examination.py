"""A debate that ends with a question to a copy of each debater, who remembers the first round alone."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import Case, Cue, Turn, View
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol, two

_COPY = "_copy"


class CrossExamination(Protocol):
    """Debate with cross-examination, as in Barnes and Christiano 2020.

    After the rounds of a simultaneous debate each debater asks the other a question about what it said. A copy of the
    other answers, who sees what the other saw after the first round, and the question: it cannot fit its answer to what
    was said later. The judge is told that an answer that contradicts the debater counts against it. Deviations: there a
    debater may ask at any time and go back to any point; here each asks once, at the end, and the copy goes back to the
    first round. It may be relabelled, as all speak in pairs: the seats are named inwards from both ends, so that those
    of one side change places with those of the other.
    """

    rounds: int = Field(default=2, ge=2)
    """Rounds before the questions; one round has nothing later to forget."""
    words: int = Field(default=100, ge=1)
    """Limit on a speech; a question may take a quarter of it."""
    prompt: Prompt = Field(default_factory=lambda: load("cross_examination"))
    """What the debaters are told at the end, and the judge."""

    @property
    def seats(self) -> dict[str, str]:
        return dict.fromkeys(("alice", f"alice{_COPY}", f"bob{_COPY}", "bob"), "debater")

    @property
    def copies(self) -> dict[str, str]:
        return {seat: seat.removesuffix(_COPY) for seat in self.seats if seat.endswith(_COPY)}

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        pair = {"alice": draw.pair[0], "bob": draw.pair[1]}
        return [{seat: pair[seat.removesuffix(_COPY)] for seat in self.seats}]

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        return fill(self.prompt, "brief")

    def play(self, case: Case) -> Play:
        for number in range(1, self.rounds + 1):
            yield tuple(Cue(seat=seat, round=number, words=self.words) for seat in ("alice", "bob"))
        last = self.rounds + 1
        ask = Cue(seat="", round=last, act="ask", words=max(1, self.words // 4), task=fill(self.prompt, "ask"))
        yield tuple(ask.model_copy(update={"seat": one, "to": to}) for one, to in (("alice", "bob"), ("bob", "alice")))
        answer = Cue(seat="", round=last, act="answer", words=self.words, task=fill(self.prompt, "answer"))
        yield tuple(answer.model_copy(update={"seat": f"{seat}{_COPY}"}) for seat in ("alice", "bob"))

    def view(self, seat: str, case: Case, turns: Sequence[Turn]) -> View:
        """A copy sees as the debater it is a copy of, and remembers itself as that debater."""
        whose = seat.removesuffix(_COPY)
        if whose != seat:
            turns = [turn for turn in turns if turn.round == 1 or (turn.act == "ask" and turn.to == whose)]
        return super().view(whose, case, turns)
