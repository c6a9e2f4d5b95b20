from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path

import pytest

from agents.models.openai import OpenAI
from arena import plugin
from arena.cache import Cache, Kept
from arena.errors import Unreadable
from arena.nouns import JUDGE, Said, Verdict, View
from arena.plugin import key
from arena.provider import Sampling
from arena.verdict import examples, turned
from arena.wire import Wire
from judges.token import Token

SIDES = {"alice": 1, "bob": 0}
TURNS = tuple(Said(seat=seat, round=1, text=f"{seat} speaks") for seat in SIDES)
VIEW = View(seat=JUDGE, question="Who?", answers=("Mira", "Jonas"), sides=SIDES, turns=TURNS)
ALONE = VIEW.model_copy(update={"sides": {"consultant": 0}, "turns": (Said(seat="consultant", round=1, text="x"),)})


@pytest.fixture
def replies(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "replies.db")


def decide(replies: Cache, top: dict[str, float] | None, view: View = VIEW, **fields: object) -> Verdict:
    """What the judge makes of a server's reply with these probabilities for the first token."""
    judge = Token(model=OpenAI(key_env=None), **fields)
    alternatives = [{"token": token, "logprob": math.log(p)} for token, p in (top or {}).items()]
    logprobs = {"content": [{**alternatives[0], "top_logprobs": alternatives}]} if top else None
    reply = {"choices": [{"message": {"content": "A"}, "logprobs": logprobs}]}
    sampling = Sampling(max_tokens=1, top_logprobs=judge.top)
    replies.put(plugin.key(judge.model, judge.messages(view), sampling), Kept(json.dumps(reply), 1.0))

    async def run() -> Verdict:
        async with Wire(replies):
            return await judge.decide(view)

    return asyncio.run(run())


def test_the_letters_probabilities_are_renormalised(replies: Cache) -> None:
    verdict = decide(replies, {"A": 0.6, "B": 0.2, "The": 0.2})
    assert verdict.p == pytest.approx((0.75, 0.25)) and verdict.flags == ()


def test_the_spellings_of_a_letter_with_spaces_are_summed(replies: Cache) -> None:
    verdict = decide(replies, {"A": 0.3, " A": 0.2, "\nB": 0.1, "AB": 0.3, "a": 0.05})
    assert verdict.p == pytest.approx((5 / 6, 1 / 6))


def test_an_absent_letter_gets_the_smallest_returned_probability_and_a_flag(replies: Cache) -> None:
    verdict = decide(replies, {"A": 0.5, "The": 0.02})
    assert verdict.p == pytest.approx((0.5 / 0.52, 0.02 / 0.52))
    assert verdict.flags == ("letter B absent",)


def test_an_absent_letter_gets_no_more_than_is_left(replies: Cache) -> None:
    verdict = decide(replies, {"B": 0.95, "The": 0.04})
    assert verdict.p == pytest.approx((0.01 / 0.96, 0.95 / 0.96))
    assert verdict.flags == ("letter A absent",)
    certain = decide(replies, {"A": 1.0}, VIEW.model_copy(update={"question": "Sure?"}))
    assert 0 < certain.p[1] < 1e-8


def test_each_of_four_letters_has_its_place(replies: Cache) -> None:
    view = VIEW.model_copy(update={"answers": ("w", "x", "y", "z"), "sides": {}, "turns": ()})
    verdict = decide(replies, {"D": 0.4, "B": 0.3, "A": 0.2, "C": 0.1}, view)
    assert verdict.p == pytest.approx((0.2, 0.3, 0.1, 0.4))


def test_a_letter_that_is_no_answer_does_not_count(replies: Cache) -> None:
    assert decide(replies, {"C": 0.8, "A": 0.1, "B": 0.1}).p == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("top", [None, {"The": 0.9, "C": 0.1}])
def test_without_log_probabilities_or_letters_it_is_unreadable(replies: Cache, top: dict[str, float] | None) -> None:
    with pytest.raises(Unreadable, match=r"no log-probabilities|no letter of AB"):
        decide(replies, top)


def test_the_examples_have_the_shape_of_the_case() -> None:
    for one in examples(VIEW, 2):
        assert {t.seat for t in one.view.turns} == {"alice", "bob"} and one.view.passage is None
    for one in examples(VIEW.model_copy(update={"turns": (), "sides": {}, "passage": "text"}), 2):
        assert one.view.turns == () and one.view.passage
    assert [one.letter for one in examples(VIEW, 2)] == ["B", "A"]


def test_a_lone_speaker_is_right_in_one_example_and_wrong_in_the_other() -> None:
    told = examples(ALONE, 2)
    assert ["AB"[one.view.sides["consultant"]] == one.letter for one in told] == [True, False]
    assert [one.sure for one in told] == [95, 80]


def test_the_examples_are_asked_in_the_same_words_and_come_first() -> None:
    chat = Token().messages(ALONE)
    assert [m.role for m in chat] == ["user", "assistant"] * 2 + ["user"]
    assert {m.content for m in chat[1::2]} == {"A", "B"}
    assert len({m.content.rpartition("\n")[2] for m in chat[::2]}) == 1
    assert Token(shots=0).messages(ALONE) == chat[-1:]


def test_without_examples_the_prompt_begins_with_the_passage() -> None:
    (asked,) = Token(shots=0).messages(VIEW.model_copy(update={"passage": "Bees."}))
    assert asked.content.startswith("Passage:\nBees.\n\nQuestion: Who?")


def test_asked_in_both_orders_a_judge_that_only_follows_position_is_undecided(replies: Cache) -> None:
    sampling = Sampling(max_tokens=1, top_logprobs=20)
    judge = Token(model=OpenAI(key_env=None), orders="both")
    tops = [{"token": "A", "logprob": math.log(0.9)}, {"token": "B", "logprob": math.log(0.1)}]
    reply = {"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{**tops[0], "top_logprobs": tops}]}}]}
    for view in (VIEW, turned(VIEW)):
        replies.put(plugin.key(judge.model, judge.messages(view), sampling), Kept(json.dumps(reply), 1.0))

    async def run() -> Verdict:
        async with Wire(replies):
            return await judge.decide(VIEW)

    assert asyncio.run(run()).p == pytest.approx((0.5, 0.5))


def test_a_view_turned_twice_is_the_same_and_each_speaker_keeps_its_answer() -> None:
    back = turned(VIEW)
    assert turned(back) == VIEW and back.answers == VIEW.answers[::-1]
    assert {s: back.answers[i] for s, i in back.sides.items()} == {s: VIEW.answers[i] for s, i in SIDES.items()}


@pytest.mark.parametrize(
    ("seats", "passage", "known"),
    [
        (("alice", "bob"), None, "79942e9961f4"),
        (("consultant",), None, "2a68aad01184"),
        ((), None, "ddeae4d4e1b7"),
        ((), "Bees.", "4e89f5b74776"),
    ],
    ids=["debate", "consultancy", "direct", "expert"],
)
def test_where_every_speaker_has_a_side_the_examples_are_as_they_have_been(
    seats: tuple[str, ...], passage: str | None, known: str
) -> None:
    """A changed prompt would ask all stored questions again."""
    turns = tuple(Said(seat=seat, round=1, text="So.") for seat in seats)
    sides = {seat: i for i, seat in enumerate(seats)}
    view = View(seat=JUDGE, question="Who?", answers=("Mira", "Jonas"), sides=sides, turns=turns, passage=passage)
    assert key(*Token().messages(view))[:12] == known


def test_a_speaker_without_a_side_has_none_in_the_examples() -> None:
    for turns in ((Said(seat="adversary", round=1, text="So."),), (Said(seat="critic", round=1, text="No."),)):
        view = View(seat=JUDGE, question="Who?", answers=("Mira", "Jonas"), turns=turns)
        for message in Token().messages(view)[::2]:
            assert f"[Round 1] {turns[0].seat.title()}:" in message.content and "for answer" not in message.content
