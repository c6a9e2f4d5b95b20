from __future__ import annotations

import pytest
from pydantic import ValidationError

from agents.scripted import Scripted
from arena.match import Match, ordered, ruling
from arena.nouns import Question, Turn, Usage, Verdict
from arena.protocol import Protocol
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct

QUESTION = Question(id="q", text="Who?", answers=("x", "y", "z"), correct=2, passage="p", source="s")
DEBATE = Debate(rounds=1)
TURNS = [Turn(seat="bob", round=1, text="for x"), Turn(seat="alice", round=1, text="for z")]


def match(protocol: Protocol = DEBATE, **fields: object) -> Match:
    two = QUESTION.model_copy(update={"answers": ("x", "z"), "correct": 1})
    question = QUESTION if isinstance(protocol, Direct) else two
    agents = {seat: Scripted() for seat in protocol.seats}
    start = {"question": question, "protocol": protocol, "agents": agents, "defends": {}, "shown": (1, 0)}
    return Match.model_validate({**start, **fields})


def test_the_case_lays_the_answers_out_in_the_order_shown() -> None:
    case = match(defends={"alice": 1, "bob": 0}).case()
    assert case.answers == ("z", "x") and case.defends == {"alice": 0, "bob": 1}
    assert match(Direct(), shown=(2, 0, 1)).case().answers == ("z", "x", "y")


def test_in_the_swapped_order_names_and_answers_change_places_together() -> None:
    played = match(defends={"alice": 1, "bob": 0})
    first, second = (played.verdict_view(TURNS, order) for order in (0, 1))
    assert (first.answers, second.answers) == (("z", "x"), ("x", "z"))
    assert [(t.seat, t.text) for t in first.turns] == [("alice", "for z"), ("bob", "for x")]
    assert [(t.seat, t.text) for t in second.turns] == [("alice", "for x"), ("bob", "for z")]
    assert first.sides == second.sides == {"alice": 0, "bob": 1}


def test_a_lone_speaker_keeps_name_and_answer_when_the_order_is_swapped() -> None:
    played = match(Consultancy(), defends={"consultant": 1})
    said = [Turn(seat="consultant", round=1, text="for z")]
    views = [played.verdict_view(said, order) for order in (0, 1)]
    assert [view.answers[view.sides["consultant"]] for view in views] == ["z", "z"]
    assert views[0].sides != views[1].sides


def test_turns_are_read_in_the_order_of_the_seats_whoever_was_faster() -> None:
    assert [turn.seat for turn in ordered(Debate(), TURNS)] == ["alice", "bob"]
    late = [TURNS[0].model_copy(update={"after": 2, "round": 2}), TURNS[1]]
    assert [turn.seat for turn in ordered(Debate(), late)] == ["alice", "bob"]


@pytest.mark.parametrize(("shown", "order"), [((2, 0, 1), 0), ((2, 0, 1), 1), ((0, 1, 2), 1), ((1, 2, 0), 0)])
def test_a_ruling_gives_each_answer_the_probability_it_was_given(shown: tuple[int, ...], order: int) -> None:
    played = match(Direct(), shown=shown)
    told = {"x": 0.5, "y": 0.3, "z": 0.2}
    verdict = Verdict(p=tuple(told[a] for a in played.case(order).answers), reason="r", flags=("f",))
    found = ruling(played, "j", order, verdict, Usage(calls=1))
    assert found.p == (0.5, 0.3, 0.2)
    assert (found.match, found.judge, found.state, found.flags) == (played.key, "j", "read", ("f",))


@pytest.mark.parametrize(("answer", "arm"), [(1, "right"), (0, "wrong")])
def test_the_arm_is_what_a_lone_speaker_argues_for(answer: int, arm: str) -> None:
    assert match(Consultancy(), defends={"consultant": answer}).arm() == arm
    assert match(defends={"alice": answer, "bob": 1 - answer}).arm() == ""
    assert match(Direct(), shown=(0, 1, 2)).arm() == ""


def test_the_key_follows_all_that_decides_how_a_match_is_played() -> None:
    played = match(defends={"alice": 1, "bob": 0})
    others = [
        match(defends={"alice": 0, "bob": 1}),
        match(defends={"alice": 1, "bob": 0}, shown=(0, 1)),
        match(defends={"alice": 1, "bob": 0}, repeat=1),
        match(Debate(rounds=2), defends={"alice": 1, "bob": 0}),
        match(defends={"alice": 1, "bob": 0}, agents={"alice": Scripted(), "bob": Scripted(lines=("no",))}),
    ]
    assert len({played.key, *(other.key for other in others)}) == 6
    assert match(defends={"bob": 0, "alice": 1}).key == played.key


def test_a_transcript_is_over_when_nobody_has_the_floor() -> None:
    played = match(defends={"alice": 1, "bob": 0})
    assert not played.over([]) and not played.over(TURNS[:1]) and played.over(TURNS)


@pytest.mark.parametrize("p", [(0.5, 0.6), (1.2, -0.2), (float("nan"), 1.0), (0.5,), ()])
def test_a_verdict_that_is_no_distribution_cannot_be_made(p: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        Verdict(p=p)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"answers": ("x",)}, "has 1 answers; it needs 2 to 26"),
        ({"answers": ("x", "x")}, "has the same answer twice"),
        ({"correct": 3}, "correct is 3; choices: 0 to 2"),
        ({"correct": -1}, "correct is -1"),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Question.model_validate({**QUESTION.model_dump(), **fields})


def test_what_a_server_did_not_report_stays_unknown_in_a_sum() -> None:
    known, unknown = Usage(calls=1, prompt=3, completion=4, cost=0.5), Usage(calls=1, prompt=None, cost=None)
    assert (known + known) == Usage(calls=2, prompt=6, completion=8, cost=1.0)
    assert (known + unknown).prompt is None and (known + unknown).cost is None and (known + unknown).tokens is None
    assert (known + unknown).calls == 2 and (known + Usage()) == known
