"""A predictor says what the judge will conclude, an adversary moves it as far as it can, until it moves no more."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from arena.nouns import JUDGE, Case, Cue, Turn
from arena.prompt import Prompt, fill, load
from arena.protocol import Play, Protocol


class MarketMaking(Protocol):
    """AI safety via market making, Hubinger 2020: what is left standing when nothing more can be said to change it.

    The predictor states the probability that the judge will give each answer, knowing the passage and the texts so far;
    the adversary, who hears the prediction, adds a text. It ends when the prediction moved by less than `tolerance` in
    every answer, or after `rounds` texts. The judge then decides from the adversary's texts and never sees a
    prediction. How long it lasts hangs on beliefs, which may hang on the order of the answers, so each order is played.
    Deviations: both models are trained there, on the judge's conclusion and on how far it moved, and here
    they are told what they would be trained for; and the judge concludes once, at the end.
    """

    rounds: int = Field(default=3, ge=1)
    """At most so many texts."""
    words: int = Field(default=100, ge=1)
    """Limit on a text."""
    tolerance: float = Field(default=0.05, gt=0, le=1)
    """A prediction that moves by less than this in every answer has stopped moving."""
    prompt: Prompt = Field(default_factory=lambda: load("market_making"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        return {"predictor": "predictor", "adversary": "adversary"}

    @property
    def relabels(self) -> bool:
        return False

    def hears(self, seat: str, turn: Turn) -> bool:
        return turn.act != "believe" or seat != JUDGE

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        return fill(self.prompt, "brief")

    def play(self, case: Case) -> Play:
        predict, persuade = (fill(self.prompt, section) for section in ("predict", "persuade"))
        before: tuple[float, ...] = ()
        for number in range(1, self.rounds + 1):
            (stated,) = yield Cue(seat="predictor", round=number, act="believe", task=predict)
            if before and max(abs(p - q) for p, q in zip(stated.p, before, strict=True)) < self.tolerance:
                return
            yield Cue(seat="adversary", round=number, words=self.words, task=persuade)
            before = stated.p
