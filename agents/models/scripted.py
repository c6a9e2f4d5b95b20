"""A model that answers from rules in the configuration: for tests and for dry runs, no server needed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any

import httpx
from pydantic import Field

from arena.plugin import OPERATIONAL
from arena.provider import Completion, Message, Provider, Sampling


class Scripted(Provider):
    """The first rule whose pattern is found in the last message answers, else `otherwise`. Deterministic."""

    model: str = "scripted"
    rules: dict[str, str] = Field(default_factory=dict)
    """Regular expression -> reply, tried in order."""
    otherwise: str = "A"
    price_in: Annotated[float | None, OPERATIONAL] = Field(default=0.0, ge=0)
    price_out: Annotated[float | None, OPERATIONAL] = Field(default=0.0, ge=0)

    def answer(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        last = messages[-1].content
        text = next((reply for rule, reply in self.rules.items() if re.search(rule, last)), self.otherwise)
        words = text.split()
        return Completion(
            text=text,
            model=self.model,
            finish="stop",
            prompt_tokens=sum(len(m.content.split()) for m in messages),
            completion_tokens=len(words),
            top=tuple({word: math.log(0.9)} for word in words) if sampling.top_logprobs else None,
        )

    async def listing(self) -> httpx.Request | None:
        return None

    def request(self, origin: str, messages: Sequence[Message], sampling: Sampling) -> httpx.Request:
        raise ValueError("a scripted model sends no request")

    def parse(self, reply: dict[str, Any]) -> Completion:
        raise ValueError("a scripted model receives no reply")
