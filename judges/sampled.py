"""One judge asked several times with fresh samples, for self-consistency."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Literal, Self

from pydantic import Field, SerializeAsAny, model_validator

from arena.errors import ConfigError
from arena.judge import Judge
from arena.nouns import Verdict, View
from arena.verdict import Joint
from arena.wire import drawing


class Sampled(Joint):
    """Self-consistency (Wang 2022): reasoning is sampled several times and the most frequent answer wins.

    Deviations: the verdict is the distribution of the votes, not the winner alone; a draw that is tied shares its vote;
    `rule = "mean"` pools the draws' own probabilities instead. A judge that draws nothing (`token`, `scripted`) says
    the same each time.
    """

    judge: SerializeAsAny[Judge] = Field(default_factory=lambda: Judge.model_validate("reasoned"))
    draws: int = Field(default=5, ge=2)
    temperature: float = Field(default=0.7, gt=0)
    """In the place of the judge's own, where it has one."""
    rule: Literal["mean", "majority"] = "majority"

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.quorum > self.draws:
            raise ConfigError(f"a quorum of {self.quorum} of {self.draws} draws")
        return self

    def _verdicts(self, view: View) -> list[Coroutine[Any, Any, Verdict]]:
        warm = {"temperature": self.temperature} if "temperature" in type(self.judge).model_fields else {}
        judge = self.judge.model_copy(update=warm)
        return [_drawn(judge, view, number) for number in range(self.draws)]


async def _drawn(judge: Judge, view: View, number: int) -> Verdict:
    with drawing(number):
        return await judge.decide(view)
