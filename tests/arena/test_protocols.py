from __future__ import annotations

from collections.abc import Sequence

import pytest

from arena.errors import RuleError
from arena.nouns import JUDGE, Case, Cue, Turn
from arena.protocol import Draw, Protocol, due
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct
from arena.protocols.expert import Expert

CASE = Case(question="Who?", answers=("x", "y"), passage="x did it", defends={"alice": 0, "bob": 1})


def play(protocol: Protocol, case: Case = CASE) -> tuple[list[str], list[Turn]]:
    """The cues step by step as `alice1+bob1`, and the turns."""
    told: list[str] = []
    turns: list[Turn] = []
    while (step := due(protocol, case, turns)).cues:
        told.append("+".join(f"{cue.seat}{cue.round}" for cue in step.cues))
        turns += [answer(cue, step.heard) for cue in step.cues]
    return told, turns


def answer(cue: Cue, heard: Sequence[Turn]) -> Turn:
    return Turn(
        seat=cue.seat, round=cue.round, act=cue.act, text=f"{cue.seat} {cue.round}", to=cue.to, after=len(heard)
    )


def test_in_a_simultaneous_debate_both_are_cued_together_each_round() -> None:
    told, turns = play(Debate(rounds=3))
    assert told == ["alice1+bob1", "alice2+bob2", "alice3+bob3"]
    assert [turn.after for turn in turns] == [0, 0, 2, 2, 4, 4]


def test_in_a_sequential_debate_bob_hears_alice_from_the_second_round_on() -> None:
    told, turns = play(Debate(rounds=3, turns="sequential"))
    assert told == ["alice1+bob1", "alice2", "bob2", "alice3", "bob3"]
    assert [turn.after for turn in turns] == [0, 0, 2, 3, 4, 5]


def test_between_the_rounds_of_a_consultancy_the_judge_asks() -> None:
    told, turns = play(Consultancy(rounds=3), CASE.model_copy(update={"defends": {"consultant": 0}}))
    assert told == ["consultant1", "judge2", "consultant2", "judge3", "consultant3"]
    assert [turn.act for turn in turns] == ["argue", "ask", "answer", "ask", "answer"]
    assert Consultancy(rounds=1).seats == {"consultant": "consultant"}


@pytest.mark.parametrize("protocol", [Direct(), Expert()])
def test_in_a_baseline_no_one_speaks(protocol: Protocol) -> None:
    assert play(protocol) == ([], []) and protocol.seats == {} and protocol.sides(Draw((0, 1), (0, 1))) == [{}]
    with pytest.raises(RuleError, match="ends after 0 turns, the transcript has 1"):
        due(protocol, CASE, [Turn(seat="alice", round=1, text="hello")])


def test_only_the_expert_judge_reads_the_passage() -> None:
    assert Expert().view(JUDGE, CASE, ()).passage == CASE.passage
    for protocol in (Direct(), Debate(), Consultancy()):
        assert protocol.view(JUDGE, CASE, ()).passage is None
    assert Debate().view("bob", CASE, ()).passage == CASE.passage


def test_the_limits_reach_the_cues() -> None:
    step = due(Debate(words=7), CASE, [])
    assert [cue.words for cue in step.cues] == [7, 7]
    case = CASE.model_copy(update={"defends": {"consultant": 0}})
    first = answer(due(Consultancy(rounds=2, words=80), case, []).cues[0], ())
    assert [cue.words for cue in due(Consultancy(rounds=2, words=80), case, [first]).cues] == [20]
    assert due(Consultancy(rounds=2, words=3), case, [first]).cues[0].words == 1


def test_a_debate_about_three_answers_says_what_to_set() -> None:
    case = CASE.model_copy(update={"answers": ("x", "y", "z")})
    assert Debate().fits(case) == "it is about two answers, this question has 3; set `choices = 2` in its task"
    assert Debate().fits(CASE) == ""


def test_both_assignments_of_a_consultancy_are_played_and_one_of_a_debate() -> None:
    assert Consultancy().sides(Draw((2, 0), (2, 0, 1))) == [{"consultant": 2}, {"consultant": 0}]
    assert Debate().sides(Draw((2, 0), (2, 0, 1))) == [{"alice": 2, "bob": 0}]


def test_what_heard_the_order_or_who_spoke_first_is_never_relabelled() -> None:
    assert Debate().relabels and Debate(turns="sequential", rounds=1).relabels and Consultancy().relabels
    assert not Debate(turns="sequential").relabels and not Consultancy(rounds=2).relabels


def test_a_missing_turn_of_a_round_is_asked_for_alone_and_hears_none_of_it() -> None:
    _, turns = play(Debate(rounds=2))
    step = due(Debate(rounds=2), CASE, [turns[0], turns[1], turns[3]])
    assert [cue.seat for cue in step.cues] == ["alice"] and step.heard == tuple(turns[:2])


def test_a_late_turn_is_heard_in_its_place() -> None:
    _, turns = play(Debate(rounds=2))
    assert due(Debate(rounds=2), CASE, [turns[1], turns[0]]).heard == tuple(turns[:2])


def test_the_message_about_a_wrong_turn_says_who_was_awaited() -> None:
    _, turns = play(Debate(rounds=2))
    expected = r"bob \(argue, round 2\) spoke, the protocol waits for alice \(argue, round 1\), bob \(argue, round 1\)"
    with pytest.raises(RuleError, match=expected):
        due(Debate(rounds=2), CASE, [turns[3]])


def test_one_seat_cannot_speak_twice_in_a_round() -> None:
    _, turns = play(Debate(rounds=1))
    with pytest.raises(RuleError, match="alice"):
        due(Debate(rounds=1), CASE, [turns[0], turns[0]])


def test_a_view_shows_the_own_thoughts_only() -> None:
    turns = [t.model_copy(update={"private": f"{t.seat} thinks"}) for t in play(Debate(rounds=1))[1]]
    view = Debate().view("bob", CASE, turns)
    assert [said.private for said in view.turns] == ["", "bob thinks"] and view.mine == "y"
    assert [said.private for said in Debate().view(JUDGE, CASE, turns).turns] == ["", ""]
