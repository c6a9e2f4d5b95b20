from __future__ import annotations

import asyncio
import json

import pytest

from agents.debater import Debater
from agents.models.scripted import Scripted as Model
from agents.open import Open
from arena.errors import Unreadable
from arena.nouns import Cue, Said, Speech, View
from arena.provider import Call
from arena.wire import Wire, recording

VIEW = View(seat="alice", question="Who kept bees?", answers=("Mira", "Jonas"), passage="Jonas kept bees.")
CUE = Cue(seat="alice", round=1)
BELIEVES = Model(rules={"own honest opinion": '{"answer": 1, "confidence": 80}'}, otherwise="<argument>So.</argument>")


def spoken(view: View, model: Model = BELIEVES, always: bool = False, cue: Cue = CUE) -> tuple[Speech, list[Call]]:
    async def run() -> tuple[Speech, list[Call]]:
        async with Wire():
            with recording() as calls:
                return await Open(agent=Debater(model=model), always=always).speak(view, cue), calls

    return asyncio.run(run())


def test_a_seat_without_a_side_argues_for_what_its_agent_believes() -> None:
    speech, (asked, argued) = spoken(VIEW)
    assert "own honest opinion" in asked.request and "You argue" not in asked.request
    assert "You argue that the right answer is: Jonas" in argued.request and speech.text == "So."
    turned = VIEW.model_copy(update={"answers": VIEW.answers[::-1]})
    assert [json.loads(c.request) for c in spoken(turned)[1]] == [json.loads(c.request) for c in (asked, argued)]


def test_the_belief_is_asked_for_in_the_same_words_at_every_turn() -> None:
    later = (
        Said(seat="alice", round=1, text="So.", private="So."),
        Said(seat="judge", round=2, act="ask", text="Why?"),
    )
    first = spoken(VIEW)[1]
    second = spoken(VIEW.model_copy(update={"turns": later}), cue=Cue(seat="alice", round=2, act="argue"))[1]
    assert first[0].key == second[0].key and first[1].key != second[1].key


@pytest.mark.parametrize("always", [False, True])
def test_a_seat_with_a_side_keeps_it_unless_told_otherwise_and_that_is_noted(always: bool) -> None:
    for side, answer in enumerate(VIEW.answers):
        speech, calls = spoken(VIEW.model_copy(update={"sides": {"alice": side}}), always=always)
        assert f"right answer is: {'Jonas' if always else answer}" in calls[-1].request
        assert speech.outcomes == (("off-side",) if always and answer != "Jonas" else ())


def test_of_answers_believed_alike_the_first_by_the_alphabet_is_argued_for() -> None:
    model = Model(rules={"own honest opinion": '{"answer": 2, "confidence": 50}'}, otherwise="<argument>So.</argument>")
    assert "right answer is: Jonas" in spoken(VIEW, model)[1][-1].request


def test_a_belief_that_cannot_be_read_is_unreadable_and_one_that_is_asked_for_is_passed_on() -> None:
    with pytest.raises(Unreadable, match="not the JSON asked for"):
        spoken(VIEW, Model(otherwise="Jonas"))
    speech, calls = spoken(VIEW, cue=Cue(seat="alice", round=1, act="believe"))
    assert speech.p == pytest.approx((0.2, 0.8)) and len(calls) == 1
