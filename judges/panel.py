"""Several judges who decide apart and are made into one."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Self

from pydantic import Field, SerializeAsAny, model_validator

from arena.errors import ConfigError
from arena.judge import Judge
from arena.nouns import Verdict, View
from arena.verdict import Joint


def _scripted() -> tuple[Judge, ...]:
    return tuple(Judge.model_validate({"use": "scripted", "rule": rule}) for rule in ("quotes", "passage", "first"))


class Panel(Joint):
    """Every member sees what a judge sees and no other member's verdict; all weigh the same.

    A member that cannot be read makes the panel unreadable, unless there is a quorum.
    """

    judges: tuple[SerializeAsAny[Judge], ...] = Field(default_factory=_scripted, min_length=1)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.quorum > len(self.judges):
            raise ConfigError(f"a quorum of {self.quorum} in a panel of {len(self.judges)}")
        return self

    def _verdicts(self, view: View) -> list[Coroutine[Any, Any, Verdict]]:
        return [judge.decide(view) for judge in self.judges]
