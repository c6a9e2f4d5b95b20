"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, hosted ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import httpx

from arena.plugin import OPERATIONAL
from arena.provider import Completion, Message, Provider, Sampling, post


class OpenAI(Provider):
    """Usage, log-probabilities and even content may be missing from a reply: they then are None or empty."""

    base_url: str = "https://api.openai.com/v1"
    model: str = "gpt-4o-mini"
    key_env: Annotated[str | None, OPERATIONAL] = "OPENAI_API_KEY"
    """The environment variable with the key; `""` for a server that needs none."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """How the server calls the limit on a reply's length."""

    @property
    def secret(self) -> str | None:
        return self.key_env or None

    async def origin(self) -> str:
        return self.base_url.rstrip("/")

    def request(self, origin: str, messages: Sequence[Message], sampling: Sampling) -> httpx.Request:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [m.model_dump() for m in messages],
            "temperature": sampling.temperature,
            self.limit_name: sampling.max_tokens,
        }
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": min(20, sampling.top_logprobs)}
        if sampling.json_schema is not None:
            schema = {"name": "reply", "strict": True, "schema": sampling.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return post(f"{origin}/chat/completions", body)

    def parse(self, reply: dict[str, Any]) -> Completion:
        choice = reply["choices"][0]
        prompt, completion = self.usage(reply)
        return Completion(
            text=choice["message"].get("content") or "",
            model=reply.get("model"),
            finish=choice.get("finish_reason"),
            prompt_tokens=prompt,
            completion_tokens=completion,
            top=_top(choice.get("logprobs")),
        )

    def usage(self, reply: dict[str, Any]) -> tuple[int | None, int | None]:
        usage = reply.get("usage") or {}
        return usage.get("prompt_tokens"), usage.get("completion_tokens")


def _top(logprobs: dict[str, Any] | None) -> tuple[dict[str, float], ...] | None:
    """Alternatives by token; a token listed twice keeps its larger probability."""
    if not logprobs or not logprobs.get("content"):
        return None
    tokens = []
    for token in logprobs["content"]:
        best: dict[str, float] = {}
        for other in token.get("top_logprobs") or [token]:
            best[other["token"]] = max(best.get(other["token"], float("-inf")), other["logprob"])
        tokens.append(best)
    return tuple(tokens)
