from __future__ import annotations

import asyncio
import json
import math

import pytest
from every import PROTOCOLS, flat, flipped, game, make, matches

from agents.models.scripted import Scripted as Model
from arena.errors import ArenaError, Unreadable
from arena.judge import Judge
from arena.nouns import JUDGE, Quote, Said, Verdict, View
from arena.plugin import names
from arena.wire import Wire, recording

REPLIES = (
    "A",
    "B is likelier",
    "Verdict: B\nConfidence: 70%",
    '{"A": 0.7, "B": 0.3}',
    '{"A": 0.2, "B": 0.2, "C": 0.6}',
    "{}",
    "[]",
    '{"A": null, "B": NaN}',
    "I cannot say.",
    "",
)


def view(answers: int, turns: bool, passage: bool) -> View:
    said = [
        Said(seat=s, round=1, text=f"{s} <quote>x y</quote>", quotes=(Quote(text="x y", verified=True),)) for s in "ab"
    ]
    return View(
        seat=JUDGE,
        question="Which?",
        answers=tuple(f"answer {i}" for i in range(answers)),
        sides={"a": 0, "b": 1} if turns else {},
        passage="x y z" if passage else None,
        turns=tuple(said) if turns else (),
    )


def decided(judge: Judge, *shown: View) -> list[tuple[Verdict | Exception, list[str]]]:
    """The verdict on each view, or why there is none, and what a model was asked for it."""

    async def one(view: View) -> tuple[Verdict | Exception, list[str]]:
        with recording() as calls:
            try:
                verdict: Verdict | Exception = await asyncio.wait_for(judge.decide(view), 10)
            except ArenaError as error:
                verdict = error
        return verdict, [call.request for call in calls]

    async def run() -> list[tuple[Verdict | Exception, list[str]]]:
        async with Wire():
            return [await one(view) for view in shown]

    return asyncio.run(run())


def replying(name: str, text: str) -> Judge:
    plain: Judge = make("judge", name)
    return plain.model_copy(update={"model": Model(otherwise=text)}) if "model" in type(plain).model_fields else plain


@pytest.mark.parametrize("name", names("judge"))
def test_a_verdict_is_a_distribution_over_the_answers_or_unreadable(name: str) -> None:
    shown = [view(n, turns=n % 2 == 0, passage=n > 3) for n in range(2, 6)]
    for text in REPLIES:
        for asked, (verdict, _) in zip(shown, decided(replying(name, text), *shown), strict=True):
            if isinstance(verdict, Exception):
                lacks = "model" not in type(make("judge", name)).model_fields
                assert isinstance(verdict, Unreadable) or lacks, verdict
            else:
                assert len(verdict.p) == len(asked.answers) and min(verdict.p) >= 0
                assert math.isclose(sum(verdict.p), 1, abs_tol=1e-9)


@pytest.mark.parametrize("name", names("judge"))
def test_some_replies_can_be_read_and_an_empty_one_never(name: str) -> None:
    if "model" not in type(make("judge", name)).model_fields:
        pytest.skip("it has no model")
    read = {text: decided(replying(name, text), view(2, turns=True, passage=False))[0][0] for text in REPLIES}
    assert any(isinstance(verdict, Verdict) for verdict in read.values())
    assert isinstance(read[""], Unreadable)


@pytest.mark.parametrize("name", names("judge"))
def test_it_is_asked_the_same_whichever_answer_is_right(name: str) -> None:
    games = [next(matches(protocol)) for protocol in PROTOCOLS[::3]]
    others = [flipped(m) for m in games]
    one, two = (
        decided(make("judge", name), *(m.verdict_view(flat(game(m)), order) for m in some for order in m.orders))
        for some in (games, others)
    )
    assert [(str(v), asked) for v, asked in one] == [(str(v), asked) for v, asked in two] != []


@pytest.mark.parametrize("name", names("judge"))
def test_a_judge_without_the_passage_is_told_nothing_of_it(name: str) -> None:
    games = [next(matches(protocol)) for protocol in PROTOCOLS if not protocol.reads(JUDGE)]
    for _, asked in decided(make("judge", name), *(m.verdict_view(flat(game(m))) for m in games)):
        assert not any("goats on the hill" in m["content"] for request in asked for m in json.loads(request)[-1:])


def test_a_view_has_no_place_for_the_truth() -> None:
    assert set(View.model_fields) == {"seat", "question", "answers", "sides", "passage", "turns", "brief"}
