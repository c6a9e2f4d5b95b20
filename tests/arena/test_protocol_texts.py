"""The protocols of arguments and critiques, played by scripted agents to a known end."""

from __future__ import annotations

import asyncio

import pytest
from lab import happened

from agents.scripted import Scripted
from arena.match import Match, Ruling
from arena.nouns import JUDGE, Case, Question, Turn, View
from arena.protocol import Draw, Protocol
from arena.protocols.critique import Critique
from arena.protocols.cross_examination import CrossExamination
from arena.protocols.double_consultancy import DoubleConsultancy
from arena.protocols.interactive import Interactive
from arena.protocols.market_making import MarketMaking
from arena.protocols.nway import Nway
from arena.protocols.open_consultancy import OpenConsultancy
from arena.protocols.open_debate import OpenDebate
from arena.protocols.propaganda import Propaganda
from arena.protocols.recursive_critique import RecursiveCritique
from arena.wire import Wire
from arena.work import Ask, Job
from judges.scripted import Scripted as Rule

QUESTION = Question(
    id="q",
    text="Who kept bees?",
    answers=("Mira", "Jonas"),
    correct=0,
    passage="Mira kept bees by the river.",
    source="s",
)
THREE = QUESTION.model_copy(update={"answers": ("Mira", "Jonas", "Petra")})
TRUE, FALSE = "It is $mine: <quote>kept bees</quote>.", "It is $mine: <quote>kept goats</quote>."
SURE, UNSURE = '{"Mira": 0.8, "Jonas": 0.2}', '{"Mira": 0.5, "Jonas": 0.5}'
WRONG = '{"Mira": 0.3, "Jonas": 0.7}'


def match(
    protocol: Protocol, defends: dict[str, int], question: Question = QUESTION, **lines: str | list[str]
) -> Match:
    """A match in which each seat says its lines; one that is given none says the name of its seat."""
    said = {seat: lines.get(seat, f"{seat} speaks in $round") for seat in protocol.seats}
    agents = {seat: Scripted(lines=(text,) if isinstance(text, str) else tuple(text)) for seat, text in said.items()}
    shown = tuple(reversed(range(len(question.answers))))
    return Match(question=question, protocol=protocol, agents=agents, defends=defends, shown=shown)


def played(one: Match) -> tuple[list[Turn], list[Ruling]]:
    """The turns of a match, and the rulings of a judge who counts true quotes, in every order."""

    async def run() -> tuple[list[Turn], list[Ruling]]:
        asks = tuple(Ask(judge=Rule(), order=order) for order in one.orders)
        async with Wire():
            events = await happened(Job(match=one, asks=asks))
        assert not [event.failure for event in events if event.failure]
        return [t for e in events for t in e.turns], [e.ruling for e in events if e.ruling]

    return asyncio.run(run())


def told(turns: list[Turn]) -> list[str]:
    return [f"{turn.seat}{turn.round} {turn.act}{f' {turn.to}' if turn.to else ''}" for turn in turns]


def heard(one: Match, turns: list[Turn], number: int) -> list[str]:
    """What the speaker of a turn had heard of the others."""
    turn = turns[number]
    view = one.protocol.view(turn.seat, one.case(), turns[: turn.after])
    return [said.seat for said in view.turns if said.seat != turn.seat]


def seen(one: Match, turns: list[Turn]) -> View:
    return one.verdict_view(turns)


def test_propaganda_is_one_text_and_the_judge_is_told_that_nobody_asked_for_it() -> None:
    one = match(Propaganda(), {"writer": 0}, writer=TRUE)
    turns, rulings = played(one)
    assert told(turns) == ["writer1 argue"] and one.protocol.seats == {"writer": "consultant"}
    assert "You did not ask for it" in seen(one, turns).brief and one.arm(turns) == "right"
    assert [ruling.p for ruling in rulings] == [pytest.approx((0.9, 0.1))] * 2
    assert Propaganda().sides(Draw((1, 0), (0, 1))) == [{"writer": 1}, {"writer": 0}]


def test_in_an_interactive_debate_each_debater_answers_a_question_of_its_own_in_every_later_round() -> None:
    one = match(Interactive(rounds=2, words=40), {"alice": 0, "bob": 1}, alice=FALSE, bob=FALSE, judge=["Why?", "How?"])
    turns, rulings = played(one)
    assert told(turns) == [
        "alice1 argue", "bob1 argue", "judge2 ask alice", "judge2 ask bob", "alice2 answer", "bob2 answer"
    ]  # fmt: skip
    assert [turn.text for turn in turns[2:4]] == ["Why?", "How?"] and turns[2].cue and turns[2].cue.words == 10
    assert heard(one, turns, 4) == ["bob", "judge", "judge"] and "question that the judge" in str(turns[4].cue)
    assert [ruling.p for ruling in rulings] == [(0.5, 0.5)] and one.orders == (0,)


@pytest.mark.parametrize(
    ("belief", "mine", "arm"), [(SURE, "Mira", "right"), (WRONG, "Jonas", "wrong"), (UNSURE, "Jonas", "wrong")]
)
def test_the_protagonist_of_an_open_debate_defends_what_it_believes(belief: str, mine: str, arm: str) -> None:
    one = match(OpenDebate(rounds=1), {}, alice=[belief, TRUE], bob=[belief, TRUE])
    (first, *_), case = (turns := played(one)[0]), one.case()
    other = {"alice": "bob", "bob": "alice"}[first.seat]
    sides = {seat: case.answers[i] for seat, i in one.protocol.assigned(case, turns).items()}
    assert told(turns) == [f"{first.seat}1 believe", "alice1 argue", "bob1 argue"]
    assert sides[first.seat] == mine != sides[other] and one.arm(turns) == arm
    assert one.arm() == "" and one.protocol.assigned(case, ()) == {}


def test_nobody_else_hears_the_protagonists_belief_and_its_name_does_not_tell_who_it_is() -> None:
    one = match(OpenDebate(rounds=2), {}, alice=[SURE, TRUE], bob=[SURE, TRUE])
    turns, _ = played(one)
    assert [said.act for said in seen(one, turns).turns] == ["argue"] * 4
    other = next(turn.seat for turn in turns[1:] if turn.seat != turns[0].seat)
    assert "believe" not in {said.act for said in one.protocol.view(other, one.case(), turns).turns}
    cases = [Case(question="?", answers=("x", "y"), seed=str(i)) for i in range(200)]
    first = [next(iter(OpenDebate().play(case))) for case in cases]
    assert 70 < sum("seat='alice'" in str(cue) for cue in first) < 130


def test_an_open_consultant_argues_for_the_likeliest_answer_to_the_end() -> None:
    belief = '{"Mira": 0.2, "Jonas": 0.2, "Petra": 0.6}'
    one = match(OpenConsultancy(rounds=2), {}, THREE, consultant=[belief, TRUE], judge="Why?")
    turns, rulings = played(one)
    assert told(turns) == ["consultant1 believe", "consultant1 argue", "judge2 ask", "consultant2 answer"]
    assert [turn.text[:12] for turn in turns[1::2]] == ["It is Petra:"] * 2 and one.arm(turns) == "wrong"
    assert [said.seat for said in seen(one, turns).turns] == ["consultant", "judge", "consultant"]
    assert [ruling.p for ruling in rulings] == [pytest.approx((0.05, 0.05, 0.9))]


def test_in_an_nway_debate_every_answer_has_its_debater_in_both_presentations() -> None:
    one = match(Nway(rounds=2), {"alice": 2, "bob": 0, "carol": 1}, THREE, alice=FALSE, bob=TRUE, carol=FALSE)
    turns, rulings = played(one)
    assert told(turns) == [f"{seat}{number} argue" for number in (1, 2) for seat in ("alice", "bob", "carol")]
    assert heard(one, turns, 3) == ["bob", "carol"] and heard(one, turns, 0) == []
    for order, seats in enumerate((("alice", "bob", "carol"), ("carol", "bob", "alice"))):
        shown = one.verdict_view(turns, order)
        said = {turn.seat: turn.text.split()[2] for turn in shown.turns}
        assert [said[seat] for seat in seats] == ["Petra:", "Mira:", "Jonas:"]
        assert all(said[seat] == f"{shown.answers[side]}:" for seat, side in shown.sides.items())
    assert [ruling.p for ruling in rulings] == [pytest.approx((0.9, 0.05, 0.05))] * 2


def test_the_sides_of_an_nway_debate_are_the_drawn_order_and_the_answers_must_be_as_many() -> None:
    assert Nway().sides(Draw((0, 2), (1, 2, 0))) == [{"alice": 1, "bob": 2, "carol": 0}]
    case = Case(question="?", answers=("x", "y"))
    assert Nway().fits(case).startswith("it has 3 debaters, this question 2 answers") and not Nway(debaters=2).fits(
        case
    )


def test_neither_of_two_consultants_hears_or_knows_the_other() -> None:
    one = match(DoubleConsultancy(rounds=2), {"alice": 0, "bob": 1}, alice=TRUE, bob=FALSE)
    turns, rulings = played(one)
    assert told(turns) == ["alice1 argue", "bob1 argue", "alice2 argue", "bob2 argue"]
    assert heard(one, turns, 2) == heard(one, turns, 3) == []
    assert one.protocol.view("bob", one.case(), turns).sides == {"bob": 0}
    assert [said.seat for said in seen(one, turns).turns] == ["alice", "bob"] * 2
    assert "Neither has read" in seen(one, turns).brief and [r.p for r in rulings] == [pytest.approx((0.9, 0.1))] * 2


@pytest.mark.parametrize(
    ("defence", "order"), [(True, ["proposer1", "critic2", "proposer3"]), (False, ["proposer1", "critic2"])]
)
def test_a_critic_lists_flaws_and_the_proposer_replies_where_it_may(defence: bool, order: list[str]) -> None:
    one = match(Critique(defence=defence), {"proposer": 1}, proposer=TRUE, critic="No: <quote>Mira kept bees</quote>")
    turns, rulings = played(one)
    assert told(turns) == [f"{seat} argue" for seat in order] and one.arm(turns) == "wrong"
    assert heard(one, turns, 1) == ["proposer"] and seen(one, turns).sides == {"proposer": 0}
    assert ("replied to the critic" in seen(one, turns).brief) == defence
    assert [ruling.p for ruling in rulings] == [pytest.approx((0.1, 0.9))] * 2


def test_each_critique_of_a_higher_order_is_of_the_one_before_by_the_other_seat() -> None:
    one = match(RecursiveCritique(order=3), {"proposer": 0}, proposer=TRUE)
    turns, rulings = played(one)
    assert told(turns) == ["proposer1 argue", "critic2 argue", "reviewer3 argue", "critic4 argue"]
    assert [turn.cue.task.split(".")[0] for turn in turns[2:] if turn.cue] == [
        "This is the critique of order 2", "This is the critique of order 3"
    ]  # fmt: skip
    assert heard(one, turns, 3) == ["proposer", "reviewer"] and one.arm(turns) == "right"
    assert RecursiveCritique(order=1).seats == {"proposer": "proposer", "critic": "critic"}
    assert [ruling.p for ruling in rulings] == [pytest.approx((0.9, 0.1))] * 2


def test_a_copy_that_remembers_the_first_round_answers_in_a_cross_examination() -> None:
    lines = ["It is $mine, 1", "It is $mine, 2", "Why?"]
    one = match(CrossExamination(), CrossExamination().sides(Draw((0, 1), (0, 1)))[0], alice=lines, bob=lines)
    turns, _ = played(one)
    assert told(turns)[4:] == ["alice3 ask bob", "bob3 ask alice", "alice_copy3 answer", "bob_copy3 answer"]
    memory = one.protocol.view("alice_copy", one.case(), turns[:6])
    assert (memory.seat, memory.mine) == ("alice", "Mira")
    assert [(said.seat, said.act, said.private) for said in memory.turns] == [
        ("alice", "argue", "line 1"), ("bob", "argue", ""), ("bob", "ask", "")
    ]  # fmt: skip


def test_a_cross_examination_is_relabelled_with_the_copies_on_the_side_of_their_debaters() -> None:
    lines = {seat: ["It is $mine"] * 2 + ["Why?"] for seat in ("alice", "bob")}
    copies = {"alice_copy": TRUE, "bob_copy": FALSE}
    one = match(CrossExamination(), CrossExamination().sides(Draw((0, 1), (0, 1)))[0], **lines, **copies)
    turns, rulings = played(one)
    swapped = one.verdict_view(turns, 1)
    assert [said.seat for said in swapped.turns[-2:]] == ["alice_copy", "bob_copy"]
    assert [said.text.split()[2] for said in swapped.turns[-2:]] == ["Jonas:", "Mira:"]
    assert [said.to for said in swapped.turns[4:6]] == ["bob", "alice"]
    assert "counts against the debater" in swapped.brief and [r.p for r in rulings] == [pytest.approx((0.9, 0.1))] * 2


def test_the_market_closes_when_the_prediction_no_longer_moves() -> None:
    one = match(MarketMaking(rounds=5), {}, predictor=[UNSURE, SURE, '{"Mira": 0.82, "Jonas": 0.18}'])
    turns, rulings = played(one)
    assert told(turns) == [
        "predictor1 believe", "adversary1 argue", "predictor2 believe", "adversary2 argue", "predictor3 believe"
    ]  # fmt: skip
    assert heard(one, turns, 3) == ["predictor", "predictor"] and heard(one, turns, 4) == ["adversary", "adversary"]
    assert [said.seat for said in seen(one, turns).turns] == ["adversary", "adversary"]
    assert [turn.p for turn in turns[::2]][1] == (0.2, 0.8) and one.arm(turns) == ""
    assert len(rulings) == 1 and seen(one, turns).sides == {}


def test_the_market_closes_after_its_last_round_at_the_latest() -> None:
    one = match(MarketMaking(rounds=2), {}, predictor=[SURE, WRONG])
    assert told(played(one)[0]) == ["predictor1 believe", "adversary1 argue", "predictor2 believe", "adversary2 argue"]


def test_a_seat_is_told_what_it_is_to_do_in_words_that_can_be_replaced() -> None:
    text = "=== argue ===\nSing.\n\n=== brief ===\nA song.\n"
    one = match(Propaganda(prompt=text), {"writer": 0}, writer=TRUE)
    turns, _ = played(one)
    assert turns[0].cue and turns[0].cue.task == "Sing." and seen(one, turns).brief == "A song."
    assert one.key != match(Propaganda(), {"writer": 0}, writer=TRUE).key
    assert JUDGE not in Propaganda().seats
