"""Every call: faults of a real server, retries, limits, what is kept of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from server import Fault, Server

from agents.models.anthropic import Anthropic
from agents.models.openai import OpenAI
from arena.errors import CallError, ConfigError
from arena.provider import Call, Completion, Message, Provider, Sampling, total
from arena.wire import Wire, recording

ASK = [Message(role="user", content="Which answer is right? Reply with the letter alone.")]


def openai(server: Server, **fields: Any) -> OpenAI:
    fast: dict[str, Any] = {"retries": 2, "timeout": 5.0, "patience": 20.0}
    return OpenAI.model_validate({"base_url": server.url, "model": "tiny", "key_env": "", **fast, **fields})


def ask(provider: Provider, sampling: Sampling | None = None) -> tuple[Completion | CallError, list[Call]]:
    """One call through a wire of its own: what came of it, and the calls recorded."""

    async def once() -> tuple[Completion | CallError, list[Call]]:
        with recording() as calls:
            async with Wire() as wire:
                try:
                    return await wire.complete(provider, ASK, sampling or Sampling()), calls
                except CallError as error:
                    return error, calls

    return asyncio.run(once())


def many(provider: Provider, texts: list[str]) -> tuple[list[Any], list[Call]]:
    """Calls at the same time: what came of each, exceptions included, and the calls recorded."""

    async def at_once() -> tuple[list[Any], list[Call]]:
        with recording() as calls:
            async with Wire() as wire:
                asked = (wire.complete(provider, [Message(role="user", content=t)], Sampling()) for t in texts)
                return await asyncio.gather(*asked, return_exceptions=True), calls

    return asyncio.run(at_once())


def test_a_reply_is_read_with_its_model_its_finish_its_usage_and_its_alternatives(server: Server) -> None:
    answer, _ = ask(openai(server), Sampling(top_logprobs=5))
    assert isinstance(answer, Completion)
    assert (answer.text in "AB", answer.model, answer.finish) == (True, "tiny-2026-01-01", "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (9, 1)
    assert answer.top is not None
    assert answer.top[0][answer.text] == -0.25


def test_everything_about_a_call_is_recorded(server: Server) -> None:
    server.faults.append("500")
    _, [call] = ask(openai(server, price_in=1.0, price_out=2.0))
    assert call.request == server.bodies[-1]
    assert '"choices"' in call.reply
    assert (call.status, call.retries, call.finish, call.resolved) == (200, 1, "stop", "tiny-2026-01-01")
    assert (call.url, call.provider, call.model) == (f"{server.url}/chat/completions", "openai", "tiny")
    assert call.cost == pytest.approx((9 * 1.0 + 1 * 2.0) / 1e6)
    assert 0 < call.latency < 5 and not call.error and not call.cached


def test_anthropic_counts_its_prompt_cache_and_reads_a_forced_tool_as_json(server: Server) -> None:
    model = Anthropic(base_url=server.url, model="tiny", key_env="")
    answer, _ = ask(model, Sampling(json_schema={"type": "object"}))
    assert isinstance(answer, Completion)
    assert answer.text == '{"A": 0.75, "B": 0.25}'
    assert (answer.prompt_tokens, answer.finish, answer.model) == (12, "end_turn", "tiny-20260101")


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "529", "408", "cut", "drop", "garbage", "gzip"])
def test_a_passing_fault_is_tried_again(server: Server, kind: str) -> None:
    server.faults.append(kind)
    answer, [call] = ask(openai(server))
    assert isinstance(answer, Completion)
    assert (call.retries, len(server.bodies)) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "says"),
    [("429", "overloaded"), ("500", "broken"), ("cut", "broken"), ("garbage", "broken"), ("drop", "unreachable")],
)
def test_the_budget_of_retries_is_finite(server: Server, kind: str, says: str) -> None:
    server.choose = lambda body: kind
    error, [call] = ask(openai(server, retries=2))
    assert isinstance(error, CallError)
    assert (error.kind, len(server.bodies)) == (says, 3)
    assert call.error == str(error)
    assert call.retries == 2
    assert call.cost is None


@pytest.mark.parametrize(("after", "least"), [(1, 1.0), ("date", 0.2), ("1.5", 1.5)])
def test_retry_after_is_kept_in_seconds_and_as_a_date(server: Server, after: str | float, least: float) -> None:
    server.faults.append(Fault("429", after))
    answer, _ = ask(openai(server))
    assert isinstance(answer, Completion)
    assert least <= server.times[1] - server.times[0] < least + 30


def test_a_retry_after_beyond_the_patience_gives_up_at_once(server: Server) -> None:
    server.faults.append(Fault("429", 3600))
    started = time.monotonic()
    error, _ = ask(openai(server, patience=10.0))
    assert isinstance(error, CallError)
    assert (error.kind, len(server.bodies)) == ("overloaded", 1)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("after", ["soon", "Wed, 21 Oct 2015 07:28:00 -0000", "Wed, 21 Oct 2015 07:28:00", "-5"])
def test_an_odd_retry_after_is_no_fault_of_its_own(server: Server, after: str) -> None:
    server.faults.append(Fault("503", after))
    answer, _ = ask(openai(server))
    assert isinstance(answer, Completion)


def test_a_server_that_hangs_is_given_up_after_the_timeout(server: Server) -> None:
    server.choose = lambda body: "hang"
    error, _ = ask(openai(server, timeout=0.4, retries=1))
    assert isinstance(error, CallError)
    assert (error.kind, len(server.bodies)) == ("timeout", 2)


def test_a_slow_server_is_waited_for(server: Server) -> None:
    server.faults.append(Fault("slow", 0.5))
    _, [call] = ask(openai(server))
    assert call.latency >= 0.5
    assert call.retries == 0


def test_nobody_listening_is_unreachable() -> None:
    error, _ = ask(OpenAI(base_url="http://127.0.0.1:1/v1", key_env="", retries=1))
    assert isinstance(error, CallError)
    assert error.kind == "unreachable"
    assert "127.0.0.1:1" in str(error)


@pytest.mark.parametrize(("kind", "says"), [("401", "refused"), ("404", "refused"), ("too long", "too long")])
def test_what_another_attempt_cannot_mend_is_asked_once(server: Server, kind: str, says: str) -> None:
    server.choose = lambda body: kind
    error, [call] = ask(openai(server))
    assert isinstance(error, CallError)
    assert (error.kind, len(server.bodies)) == (says, 1)
    assert call.status == (400 if kind == "too long" else int(kind))
    assert call.reply


def test_a_reply_of_the_wrong_shape_is_refused_and_kept(server: Server) -> None:
    server.choose = lambda body: "wrong shape"
    error, [call] = ask(openai(server))
    assert isinstance(error, CallError)
    assert (error.kind, len(server.bodies)) == ("broken", 1)
    assert call.reply == '["what", "is", "this"]'
    assert call.answered and call.cost is None


def test_a_reply_that_cannot_be_read_is_paid_for_all_the_same(server: Server) -> None:
    server.choose = lambda body: "parts"
    error, [call] = ask(openai(server, price_in=1.0, price_out=2.0))
    assert isinstance(error, CallError) and error.kind == "broken"
    assert "Input should be a valid string" in str(error) and "pydantic" not in str(error)
    assert (call.prompt_tokens, call.completion_tokens) == (9, 1)
    assert call.cost == pytest.approx((9 * 1.0 + 1 * 2.0) / 1e6)
    assert total([call]).calls == 1


def test_missing_usage_leaves_tokens_and_cost_unknown(server: Server) -> None:
    server.faults.append("no usage")
    answer, [call] = ask(openai(server, price_in=1.0, price_out=1.0))
    assert isinstance(answer, Completion)
    assert (call.prompt_tokens, call.completion_tokens, call.cost) == (None, None, None)


def test_a_missing_price_leaves_the_cost_unknown(server: Server) -> None:
    _, [call] = ask(openai(server, price_in=1.0))
    assert call.prompt_tokens == 9
    assert call.cost is None


def test_missing_content_is_empty_text(server: Server) -> None:
    server.faults.append("null")
    answer, _ = ask(openai(server))
    assert isinstance(answer, Completion)
    assert answer.text == ""


def test_no_more_calls_than_the_limit_are_in_flight_at_an_endpoint(server: Server) -> None:
    server.delay = 0.05
    replies, _ = many(openai(server, concurrency=3), [f"question {i}" for i in range(12)])
    assert all(isinstance(reply, Completion) for reply in replies)
    assert server.peak == 3


def test_a_call_that_waits_to_try_again_holds_no_place(server: Server) -> None:
    server.choose = lambda body: Fault("429", 2) if "first" in str(body) and len(server.bodies) == 1 else None
    started = time.monotonic()
    many(openai(server, concurrency=1), ["first", "second"])
    assert server.times[1] - server.times[0] < 1.5
    assert time.monotonic() - started >= 2


def test_identical_calls_in_flight_are_sent_once_and_paid_once(server: Server) -> None:
    server.delay = 0.2
    replies, calls = many(openai(server, price_in=1.0, price_out=1.0), ["the same"] * 5)
    assert len(server.bodies) == 1
    assert len({reply.text for reply in replies}) == 1
    assert sorted(call.cached for call in calls) == [False, True, True, True, True]
    assert len({(call.paid, call.cost) for call in calls}) == 1


def test_identical_calls_share_a_failure_too(server: Server) -> None:
    server.delay = 0.1
    server.choose = lambda body: "500"
    replies, calls = many(openai(server, retries=1), ["the same"] * 4)
    assert [reply.kind for reply in replies] == ["broken"] * 4
    assert len(server.bodies) == 2
    assert all(call.error for call in calls)


def twins(server: Server, count: int, cancelled: int) -> list[Any]:
    """What becomes of identical calls of which one is cancelled while they are in flight."""
    model, message = openai(server), [Message(role="user", content="x")]

    async def all_of_them() -> list[Any]:
        async with Wire() as wire:
            tasks = [asyncio.create_task(wire.complete(model, message, Sampling())) for _ in range(count)]
            await asyncio.sleep(0.1)
            tasks[cancelled].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(all_of_them())


def test_a_cancelled_call_is_taken_over_by_its_twin(server: Server) -> None:
    server.delay = 0.3
    first, *others = twins(server, 3, cancelled=0)
    assert isinstance(first, asyncio.CancelledError)
    assert all(isinstance(reply, Completion) for reply in others)
    assert len(server.bodies) == 2


def test_a_call_that_waits_for_its_twin_can_be_cancelled(server: Server) -> None:
    server.delay = 0.5
    first, second = twins(server, 2, cancelled=1)
    assert isinstance(first, Completion)
    assert isinstance(second, asyncio.CancelledError)


def test_the_key_goes_out_and_is_in_nothing_that_is_kept(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret")
    server.faults.extend(["500", "echo"])
    error, [call] = ask(openai(server, key_env="TEST_KEY"))
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret"
    assert "HTTP 401" in str(error) and "***" in str(error)
    assert "sk-very-secret" not in f"{error!r} {call!r} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize("key", ["sk-“typographic”", "two\nlines", "with\x00nul"])
def test_a_key_that_cannot_be_sent_is_a_fault_of_the_configuration(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"TEST_KEY": key})
    with pytest.raises(ConfigError, match="TEST_KEY") as error:
        OpenAI(key_env="TEST_KEY").key()
    assert key not in str(error.value)


@pytest.mark.parametrize("place", ["https://me:secret@host/v1", "https://host/v1?api-key=secret"])
def test_a_key_has_no_place_in_a_url(place: str) -> None:
    with pytest.raises(ValueError, match="key_env") as error:
        OpenAI(base_url=place)
    assert "api-key=secret" not in str(error.value).partition("[type=")[0]


def test_before_anything_is_paid_the_server_must_have_the_model(server: Server) -> None:
    async def check(model: Provider) -> None:
        async with Wire() as wire:
            await wire.check(model)

    asyncio.run(check(openai(server)))
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        asyncio.run(check(openai(server, model="tinny")))
    with pytest.raises(ConfigError, match="does not answer"):
        asyncio.run(check(OpenAI(base_url="http://127.0.0.1:1/v1", key_env="", timeout=1)))
    assert not server.bodies
