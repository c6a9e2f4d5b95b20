from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from arena.errors import ConfigError
from arena.experiment import Experiment, read
from arena.nouns import JUDGE
from arena.plan import plan
from arena.wire import Wire
from arena.work import Ask, Event, Job, play

PATH = Path("/experiments/e.toml")
REPLIES = {"otherwise": '{"A": 0.5, "B": 0.5}'}
STRONG, WEAK = ({"use": "scripted", "model": name, **REPLIES} for name in ("strong", "weak"))


def table(questions: int = 3, **fields: Any) -> dict[str, Any]:
    cast = {role: {"use": role, "model": "strong"} for role in ("debater", "consultant")}
    return {
        "name": "e",
        "models": {"strong": STRONG, "weak": WEAK},
        "tasks": [{"use": "passages", "questions": questions}],
        "protocols": [
            "direct",
            "expert",
            {"use": "debate", "rounds": 2},
            {"use": "debate", "turns": "sequential"},
            {"use": "consultancy", "rounds": 3},
        ],
        "agents": [{**cast, "questioner": {"use": "questioner", "model": "weak"}}],
        "judges": [{"use": "stated", "model": "weak"}],
        **fields,
    }


def experiment(questions: int = 3, **fields: Any) -> Experiment:
    return read(table(questions, **fields), PATH)


def played(one: Experiment) -> tuple[Counter[tuple[str, str, str]], int, int]:
    """The calls of a real run by protocol, role and model; its matches and rulings."""
    calls: Counter[tuple[str, str, str]] = Counter()
    matches = [match for _, match in one.matches()]
    rulings = 0

    async def run() -> None:
        nonlocal rulings
        async with Wire():
            for match in matches:
                asks = tuple(Ask(judge=judge, order=order) for judge in one.judges for order in match.orders)
                told: list[Event] = []
                await play(Job(match=match, asks=asks), told.append)
                for event in told:
                    rulings += event.ruling is not None
                    role = match.protocol.seats.get(event.seat, JUDGE)
                    calls.update((match.protocol.label, role, call.model) for call in event.calls)
                    assert not event.failure, event

    asyncio.run(run())
    return calls, len(matches), rulings


@pytest.mark.parametrize("fields", [{"questions": 3}, {"questions": 12}, {"questions": 5, "repeats": 2}])
def test_a_plan_counts_the_calls_that_a_run_makes(fields: dict[str, Any]) -> None:
    one = experiment(**fields)
    told = plan(one)
    calls, matches, rulings = played(one)
    assert {(line.protocol, line.role, line.model): line.calls for line in told.lines} == dict(calls)
    assert (told.matches, told.rulings, told.questions) == (matches, rulings, fields["questions"])
    assert told.run == one.id


def test_a_plan_counts_each_judge_and_each_cast() -> None:
    casts = table()["agents"] + [
        {**table()["agents"][0], "debater": {"use": "debater", "model": "weak", "temperature": 0}}
    ]
    judges = [{"use": "stated", "model": "weak"}, {"use": "stated", "model": "strong"}]
    one = experiment(agents=casts, judges=judges)
    assert plan(one).cells == 2 * (1 + 1 + 2 + 2 + 1)
    assert sum(line.calls for line in plan(one).lines) == sum(played(one)[0].values())


def test_an_agent_without_a_model_takes_no_calls() -> None:
    one = experiment(agents=[{"debater": "scripted", "consultant": "scripted", "questioner": "scripted"}])
    assert {line.role for line in plan(one).lines} == {JUDGE}


def test_a_plan_asks_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    model = {"use": "openai", "base_url": "http://127.0.0.1:9/v1", "key_env": "NO_SUCH_KEY", "retries": 0}
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    one = experiment(models={"strong": model, "weak": model})
    assert sum(line.calls for line in plan(one).lines) == sum(line.calls for line in plan(experiment()).lines)


def test_a_cost_is_the_price_of_the_tokens_and_unknown_where_a_price_is() -> None:
    priced = {**STRONG, "price_in": 2.0, "price_out": 10.0}
    unknown = {**WEAK, "price_in": None}
    for line in plan(experiment(models={"strong": priced, "weak": unknown})).lines:
        wanted = (2.0 * line.prompt_tokens + 10.0 * line.completion_tokens) / 1e6
        assert line.cost == (pytest.approx(wanted, rel=1e-6) if line.model == "strong" else None)


def test_the_longest_prompts_that_can_come_are_what_is_measured() -> None:
    short, long = (experiment(protocols=[{"use": "debate", "words": words}]) for words in (10, 400))
    told = [{line.role: line for line in plan(one).lines} for one in (short, long)]
    for role in ("debater", JUDGE):
        assert told[1][role].prompt_tokens > 2 * told[0][role].prompt_tokens
    assert told[0]["debater"].completion_tokens == told[0]["debater"].calls * 600


def test_more_questions_cost_in_proportion() -> None:
    few, many = (sum(line.prompt_tokens for line in plan(experiment(count)).lines) for count in (5, 50))
    assert many == pytest.approx(10 * few, rel=0.05)


def test_a_prompt_that_would_stop_the_run_stops_the_plan(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_text("=== ask ===\n$case and $nothing\n", encoding="utf-8")
    bad = table(judges=[{"use": "stated", "model": "weak", "prompt": "bad.md"}])
    with pytest.raises(ConfigError, match=r"section 'ask': no value for \['nothing'\]"):
        plan(read(bad, tmp_path / "e.toml"))


def test_a_question_that_a_protocol_cannot_ask_stops_the_plan() -> None:
    with pytest.raises(ConfigError, match="set `choices = 2` in its task"):
        plan(experiment(tasks=[{"use": "passages", "questions": 2, "choices": 3}]))
