from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from every import make

from arena import plugin
from arena.cache import Cache, Kept
from arena.errors import CallError
from arena.plugin import names
from arena.provider import Completion, Message, Provider, Sampling
from arena.wire import Wire, recording

CHAT = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="Who kept bees? “Mira”, $mine"),
    Message(role="assistant", content="Mira."),
    Message(role="user", content="Sure?"),
]
SAMPLINGS = [
    Sampling(),
    Sampling(temperature=1.5, max_tokens=7, seed=3, stop=("\n",), top_logprobs=5),
    Sampling(json_schema={"type": "object", "properties": {"A": {"type": "number"}}}),
]
ODD: list[Any] = [
    [], {}, None, "text", 1, {"choices": []}, {"choices": [{}]}, {"choices": [{"message": None}]}, {"choices": None},
    {"content": 1}, {"content": [{}]}, {"content": [None]}, {"error": {"message": "no"}}, {"choices": [None]},
    {"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{}]}}]}, {"content": [], "usage": 3},
    {"choices": [{"message": {"content": [1]}}]}, {"choices": [{"message": "A"}]}, {"choices": {"a": 1}},
]  # fmt: skip


@pytest.fixture(params=names("provider"))
def provider(request: pytest.FixtureRequest) -> Provider:
    return make("provider", request.param)


def sends(provider: Provider) -> None:
    """Skip the test for a provider that answers by itself."""
    if provider.answer(CHAT, SAMPLINGS[0]) is not None:
        pytest.skip("it sends no request")


def test_a_request_is_the_same_bytes_each_time(provider: Provider) -> None:
    sends(provider)
    for sampling in SAMPLINGS:
        one, two = (provider.request("http://127.0.0.1:1/v1", CHAT, sampling) for _ in range(2))
        assert (one.method, str(one.url), one.content) == (two.method, str(two.url), two.content)
        body = json.loads(one.content)
        assert body["max_tokens"] == sampling.max_tokens and body["model"] == provider.model


def test_a_request_holds_every_word_of_the_chat_in_order(provider: Provider) -> None:
    sends(provider)
    body = json.loads(provider.request("http://127.0.0.1:1/v1", CHAT, SAMPLINGS[0]).content)
    told = [m["content"] for m in body["messages"]]
    assert told[-3:] == [m.content for m in CHAT[1:]]
    assert CHAT[0].content in (told[0], body.get("system"))


def test_what_is_sampled_differently_is_asked_differently(provider: Provider) -> None:
    sends(provider)
    bodies = {provider.request("http://127.0.0.1:1/v1", CHAT, sampling).content for sampling in SAMPLINGS}
    assert len(bodies) == len(SAMPLINGS)


def test_the_key_is_in_no_request_and_in_no_dump(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    sends(provider)
    if provider.secret is None:
        assert provider.key() is None
        return
    monkeypatch.setenv(provider.secret, "hush-hush")
    request = provider.request("http://127.0.0.1:1/v1", CHAT, SAMPLINGS[0])
    assert "hush-hush" not in f"{request.content!r} {request.headers} {request.url} {provider.model_dump_json()}"
    assert provider.key() == "hush-hush" and "hush-hush" in str(provider.sign("hush-hush"))


def test_an_answer_of_its_own_is_the_same_each_time(provider: Provider) -> None:
    for sampling in SAMPLINGS:
        first = provider.answer(CHAT, sampling)
        assert first == provider.answer(CHAT, sampling)
        assert first is None or (first.top is None) == (sampling.top_logprobs == 0)


@pytest.mark.parametrize("reply", ODD, ids=json.dumps)
def test_an_odd_reply_is_read_or_called_broken(provider: Provider, reply: Any, tmp_path: Path) -> None:
    sends(provider)
    cache = Cache(tmp_path / "replies.db")
    cache.put(plugin.key(provider, CHAT, SAMPLINGS[0]), Kept(json.dumps(reply), 1.0))

    async def ask() -> Completion:
        async with Wire(cache) as wire:
            with recording() as calls:
                completion = await wire.complete(provider, CHAT, SAMPLINGS[0])
            assert [(call.cached, call.paid) for call in calls] == [(True, 1.0)]
            return completion

    try:
        assert isinstance(asyncio.run(ask()).text, str)
    except CallError as error:
        assert error.kind == "broken"
    cache.close()
