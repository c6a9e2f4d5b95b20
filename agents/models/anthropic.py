"""Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import httpx

from arena.plugin import OPERATIONAL
from arena.provider import Completion, Message, Provider, Sampling, post


class Anthropic(Provider):
    """Log-probabilities do not exist there, so a token judge cannot use it; a schema is asked for as a forced tool."""

    base_url: str = "https://api.anthropic.com/v1"
    model: str = "claude-haiku-4-5"
    key_env: Annotated[str, OPERATIONAL] = "ANTHROPIC_API_KEY"
    """The environment variable with the key."""

    @property
    def secret(self) -> str | None:
        return self.key_env or None

    def sign(self, key: str) -> dict[str, str]:
        return {"x-api-key": key}

    async def origin(self) -> str:
        return self.base_url.rstrip("/")

    async def listing(self) -> httpx.Request | None:
        return httpx.Request("GET", f"{await self.origin()}/models?limit=1000", headers=_VERSION)

    def request(self, origin: str, messages: Sequence[Message], sampling: Sampling) -> httpx.Request:
        body: dict[str, Any] = {
            "model": self.model,
            "max_tokens": sampling.max_tokens,
            "temperature": min(1.0, sampling.temperature),
            "messages": [m.model_dump() for m in messages if m.role != "system"],
        }
        system = "\n\n".join(m.content for m in messages if m.role == "system")
        if system:
            body["system"] = system
        if sampling.stop:
            body["stop_sequences"] = list(sampling.stop)
        if sampling.json_schema is not None:
            tool = {"name": "reply", "description": "Give the reply.", "input_schema": sampling.json_schema}
            body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": "reply"}}
        return post(f"{origin}/messages", body, _VERSION)

    def parse(self, reply: dict[str, Any]) -> Completion:
        prompt, completion = self.usage(reply)
        return Completion(
            text="".join(_text(block) for block in reply["content"] or []),
            model=reply.get("model"),
            finish=reply.get("stop_reason"),
            prompt_tokens=prompt,
            completion_tokens=completion,
        )

    def usage(self, reply: dict[str, Any]) -> tuple[int | None, int | None]:
        usage = reply.get("usage") or {}
        return _read(usage), usage.get("output_tokens")


_VERSION = {"anthropic-version": "2023-06-01"}


def _text(block: dict[str, Any]) -> str:
    return json.dumps(block["input"]) if block["type"] == "tool_use" else str(block.get("text") or "")


def _read(usage: dict[str, Any]) -> int | None:
    """Prompt tokens: those read anew and those of the prompt cache, which Anthropic counts apart."""
    if usage.get("input_tokens") is None:
        return None
    cached = ("cache_creation_input_tokens", "cache_read_input_tokens")
    return int(usage["input_tokens"]) + sum(int(usage.get(name) or 0) for name in cached)
