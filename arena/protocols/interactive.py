"""Two debaters, and a judge who asks each of them a question before every round but the first."""

from __future__ import annotations

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue
from arena.prompt import Prompt, fill, load
from arena.protocol import Draw, Play, Protocol, two


class Interactive(Protocol):
    """Debate with a judge who takes part, as in Michael 2023.

    The judge's seat asks Alice, then Bob; both then answer at the same time, and argue on in the same turn. All hear
    all questions. A question may depend on the order in which the judge saw the answers and on who was asked first, so
    each order is played. Deviations: Michael's judges may ask as much as they like, of one debater alone if they wish,
    and may end the debate; here a round has one question for each, so that rounds stay comparable.
    """

    rounds: int = Field(default=3, ge=2)
    """One round has no question: that is `debate` with one round."""
    words: int = Field(default=100, ge=1)
    """Limit on a speech; a question may take a quarter of it."""
    prompt: Prompt = Field(default_factory=lambda: load("interactive"))
    """What the debaters are told from the second round on."""

    @property
    def seats(self) -> dict[str, str]:
        return {"alice": "debater", "bob": "debater", JUDGE: "questioner"}

    @property
    def relabels(self) -> bool:
        return False

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def play(self, case: Case) -> Play:
        pair = ("alice", "bob")
        yield tuple(Cue(seat=seat, round=1, words=self.words) for seat in pair)
        for number in range(2, self.rounds + 1):
            for seat in pair:
                yield Cue(seat=JUDGE, round=number, act="ask", to=seat, words=max(1, self.words // 4))
            task = fill(self.prompt, "answer", round=number)
            yield tuple(Cue(seat=seat, round=number, act="answer", words=self.words, task=task) for seat in pair)
