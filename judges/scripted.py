"""Decides by a rule that the configuration gives: for tests and for protocols in the making."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from arena.judge import Judge
from arena.nouns import JUDGE, Verdict, View


class Scripted(Judge):
    """Puts `confidence` on one answer and shares the rest. Deterministic, no model."""

    rule: Literal["first", "passage", "quotes", "uniform"] = "quotes"
    """`first`: the answer shown first. `passage`: the answer that stands in the passage most often, where the seat
    reads it. `quotes`: the answer whose speakers have most verified quotes. `uniform`: no answer over another. A rule
    that finds no single best answer gives a uniform verdict."""
    confidence: float = Field(default=0.9, ge=0, le=1)

    async def decide(self, view: View) -> Verdict:
        scores = [self._score(view, i) for i in range(len(view.answers))]
        n = len(scores)
        if scores.count(max(scores)) > 1:
            return Verdict(p=(1 / n,) * n, flags=("no single best",))
        rest = (1 - self.confidence) / (n - 1)
        return Verdict(p=tuple(self.confidence if s == max(scores) else rest for s in scores), reason=self.rule)

    def _score(self, view: View, answer: int) -> float:
        if self.rule == "first":
            return -answer
        if self.rule == "passage":
            return (view.passage or "").count(view.answers[answer])
        if self.rule == "uniform":
            return 0
        speakers = {seat for seat, side in view.sides.items() if side == answer and seat != JUDGE}
        return sum(quote.verified for turn in view.turns if turn.seat in speakers for quote in turn.quotes)
