"""A model on this machine: one of the embedded ones, or any GGUF file; nothing to configure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

import httpx
from pydantic import Field

from agents.models.openai import OpenAI
from arena.local import server, weights
from arena.plugin import OPERATIONAL
from arena.provider import Message, Sampling, post


class Local(OpenAI):
    """llama.cpp in a process of its own, started when first needed and shared by all workers of the machine.

    The same seed gives the same text only with one request at a time and without the prompt cache (`exact = true`):
    otherwise the batch that a request happens to share changes the last bits of its arithmetic.
    """

    base_url: Annotated[str, OPERATIONAL] = "http://127.0.0.1"
    """Not used: the server chooses a free port of the loopback interface."""
    model: str = "smollm2-135m"
    """`smollm2-135m`, `qwen2.5-0.5b`, `qwen2.5-1.5b`, or the path of a GGUF file."""
    key_env: Annotated[str | None, OPERATIONAL] = None
    slots: Annotated[int, OPERATIONAL] = Field(default=4, ge=1)
    """Requests answered at a time."""
    context: Annotated[int, OPERATIONAL] = Field(default=4096, ge=256)
    """Tokens of context for each slot."""
    exact: bool = False
    """Switch the prompt cache off, for text that repeats with its seed; slower, and meant for `concurrency = 1`."""
    concurrency: Annotated[int, OPERATIONAL] = Field(default=4, ge=1)
    timeout: Annotated[float, OPERATIONAL] = Field(default=1800.0, gt=0)
    price_in: Annotated[float | None, OPERATIONAL] = Field(default=0.0, ge=0)
    price_out: Annotated[float | None, OPERATIONAL] = Field(default=0.0, ge=0)

    async def origin(self) -> str:
        return await server.origin(self.model, self.slots, self.context)

    def ready(self) -> None:
        weights.check(self.model)

    async def listing(self) -> httpx.Request | None:
        await asyncio.to_thread(weights.path, self.model)
        return None

    def request(self, origin: str, messages: Sequence[Message], sampling: Sampling) -> httpx.Request:
        request = super().request(origin, messages, sampling)
        extra: dict[str, Any] = {"cache_prompt": not self.exact}
        if sampling.top_logprobs:
            extra["top_logprobs"] = sampling.top_logprobs
        return _with(request, extra)


def _with(request: httpx.Request, extra: dict[str, Any]) -> httpx.Request:
    return post(str(request.url), {**json.loads(request.content), **extra})
