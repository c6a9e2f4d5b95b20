from __future__ import annotations

import json
import math
from typing import Any

import pytest

from agents.models.anthropic import Anthropic
from agents.models.local import Local
from agents.models.openai import OpenAI
from agents.models.scripted import Scripted
from arena.errors import ConfigError
from arena.provider import Message, Sampling

CHAT = [Message(role="system", content="Be brief."), Message(role="user", content="Who?")]
SCHEMA = {"type": "object", "properties": {"A": {"type": "number"}}}


def body(provider: Any, **sampling: Any) -> dict[str, Any]:
    return json.loads(provider.request("http://localhost:1/v1", CHAT, Sampling(**sampling)).content)


def choice(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, **fields}]}


@pytest.mark.parametrize(
    "reply",
    [
        choice({"content": None}),
        choice({}),
        choice({"content": ""}, logprobs=None),
        {**choice({"content": None}), "usage": None},
        {**choice({"content": None}, logprobs={"content": None}), "usage": {}},
        choice({"content": None}, logprobs={"content": []}),
    ],
)
def test_what_an_openai_server_leaves_out_is_none_and_never_made_up(reply: dict[str, Any]) -> None:
    read = OpenAI().parse(reply)
    assert (read.text, read.top, read.model, read.finish) == ("", None, None, None)
    assert (read.prompt_tokens, read.completion_tokens) == (None, None)


def test_what_no_store_can_hold_is_replaced() -> None:
    text = json.loads('"half \\ud800 pair \\ud83d\\ude00 nul \\u0000"')
    assert OpenAI().parse(choice({"content": text})).text == "half \ufffd pair \U0001f600 nul \ufffd"


def test_a_negative_count_of_tokens_is_no_count() -> None:
    read = OpenAI().parse({**choice({"content": "x"}), "usage": {"prompt_tokens": -5, "completion_tokens": 2}})
    assert (read.prompt_tokens, read.completion_tokens) == (None, 2)


def test_an_openai_reply_is_read_whole() -> None:
    tokens = [
        {
            "token": "A",
            "logprob": -0.1,
            "top_logprobs": [{"token": "A", "logprob": -0.1}, {"token": "B", "logprob": -2.5}],
        },
        {"token": "!", "logprob": -0.2, "top_logprobs": []},
    ]
    reply = choice({"content": "A!"}, finish_reason="stop", logprobs={"content": tokens})
    read = OpenAI().parse({**reply, "model": "m-1", "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
    assert read.top == ({"A": -0.1, "B": -2.5}, {"!": -0.2})
    assert (read.text, read.model, read.finish, read.prompt_tokens, read.completion_tokens) == (
        "A!",
        "m-1",
        "stop",
        7,
        2,
    )


def test_a_token_listed_twice_keeps_its_larger_probability() -> None:
    twice = [{"token": "A", "logprob": x} for x in (-3.0, -0.5, -1.0)]
    tokens = [{"token": "A", "logprob": -0.5, "top_logprobs": twice}]
    assert OpenAI().parse(choice({"content": "A"}, logprobs={"content": tokens})).top == ({"A": -0.5},)


def test_an_openai_request_says_only_what_is_set() -> None:
    assert set(body(OpenAI())) == {"model", "messages", "temperature", "max_tokens"}
    full = body(OpenAI(limit_name="max_completion_tokens"), seed=4, stop=("x",), top_logprobs=50, json_schema=SCHEMA)
    assert (full["seed"], full["stop"], full["logprobs"], full["top_logprobs"]) == (4, ["x"], True, 20)
    assert full["max_completion_tokens"] == 256 and "max_tokens" not in full
    assert full["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    "reply",
    [
        {"content": None},
        {"content": []},
        {"content": [{"type": "text", "text": None}], "usage": None},
        {"content": [{"type": "thinking", "thinking": "hm"}], "usage": {}},
        {"content": [], "usage": {"input_tokens": None, "output_tokens": None}},
    ],
)
def test_what_anthropic_leaves_out_is_none_and_never_made_up(reply: dict[str, Any]) -> None:
    read = Anthropic().parse(reply)
    assert (read.text, read.top, read.prompt_tokens, read.completion_tokens) == ("", None, None, None)


def test_anthropics_prompt_tokens_include_those_of_its_cache() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": None, "output_tokens": 3}
    read = Anthropic().parse(
        {"content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}], "usage": usage}
    )
    assert (read.text, read.prompt_tokens, read.completion_tokens) == ("AB", 105, 3)


def test_anthropic_gets_the_system_text_apart_and_a_schema_as_a_forced_tool() -> None:
    told = body(Anthropic(), temperature=1.7, stop=("x",), json_schema=SCHEMA)
    assert told["system"] == "Be brief." and told["messages"] == [{"role": "user", "content": "Who?"}]
    assert (told["temperature"], told["stop_sequences"]) == (1.0, ["x"])
    assert told["tool_choice"] == {"type": "tool", "name": "reply"} and told["tools"][0]["input_schema"] == SCHEMA
    reply = {"content": [{"type": "tool_use", "input": {"A": 0.5}}], "stop_reason": "tool_use"}
    assert json.loads(Anthropic().parse(reply).text) == {"A": 0.5}


def test_a_local_model_is_told_whether_it_may_use_its_prompt_cache() -> None:
    assert body(Local())["cache_prompt"] is True and body(Local(exact=True))["cache_prompt"] is False
    assert body(Local(), top_logprobs=30)["top_logprobs"] == 30
    assert Local().secret is None and Local().cost(10, 10) == 0


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_key_that_is_not_set_names_its_variable(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    with pytest.raises(ConfigError, match="openai model 'gpt-4o-mini': the environment variable MY_KEY is not set"):
        OpenAI(key_env="MY_KEY").key()
    assert OpenAI(key_env="").key() is None and OpenAI(key_env=None).key() is None


def test_a_cost_is_unknown_where_a_price_or_a_count_is() -> None:
    assert OpenAI(price_in=1, price_out=2).cost(1_000_000, 500_000) == pytest.approx(2.0)
    assert OpenAI(price_in=1).cost(1, 1) is None
    assert OpenAI(price_in=1, price_out=2).cost(None, 1) is None


def test_the_first_rule_found_in_the_last_message_answers() -> None:
    model = Scripted(rules={"bees|honey": "Mira", "e": "other"}, otherwise="none")
    answers = [model.answer([*CHAT, Message(role="user", content=text)], Sampling()) for text in ("bees", "he", "Z")]
    assert [found.text for found in answers] == ["Mira", "other", "none"]
    told = model.answer([*CHAT, Message(role="user", content="bees")], Sampling(top_logprobs=2))
    assert told.top == ({"Mira": math.log(0.9)},) and told.prompt_tokens == 4
