"""The protocols that go down to one claim, played by agents that compute before a judge with few checks."""

from __future__ import annotations

from collections import Counter
from math import exp
from pathlib import Path
from typing import Any

import pytest
from lab import play

from arena.chain import Bet, Chain, Odds, Span, stated
from arena.errors import ConfigError
from arena.metric import Sample
from arena.metrics.accuracy import Accuracy
from arena.nouns import JUDGE, Case, Question, Speech, Turn
from arena.protocol import Protocol, due
from arena.protocols.doubly_efficient import DoublyEfficient
from arena.protocols.prover_estimator import ProverEstimator, inconsistency
from arena.protocols.recursive import Recursive
from arena.run import Exit
from arena.store import db, read
from arena.work import turn
from tasks.computation import Computation

CASE = Case(question="Who?", answers=("x", "y"), defends={"alice": 0, "bob": 1})
RECURSIVE = {"use": "recursive", "depth": 4, "branching": 6}
ESTIMATED = {"use": "prover_estimator", "depth": 4, "branching": 6, "stakes": 6.0}


def computed(folder: Path, protocols: list[Any], checks: int, questions: int = 15, **task: Any) -> dict[str, Any]:
    """Accuracy and turns by protocol, and the reasons of the rulings."""
    table = {
        "name": "c",
        "tasks": [{"use": "computation", "questions": questions, **task}],
        "protocols": protocols,
        "agents": [{"debater": "prover", "consultant": "prover"}],
        "judges": [{"use": "bounded", "checks": checks, "error": 0.01}],
    }
    code, watch = play(table, folder)
    assert code == Exit.DONE
    engine = db.connect(str(folder / "arena.db"))
    records = read.records(engine, watch.run)
    engine.dispose()
    names = {r.match: r.protocol.partition("(")[0] for r in records}
    by = {name: [r for r in records if names[r.match] == name] for name in names.values()}
    turns = Counter(event.match for event in watch.events for _ in event.turns)
    return {
        name: (
            Accuracy().measure(Sample(found)).value,
            max(turns[r.match] for r in found),
            {e.ruling.reason for e in watch.events if e.ruling and names[e.match] == name},
        )
        for name, found in by.items()
    }


@pytest.mark.parametrize("steps", [100, 1000])
def test_one_check_of_a_chain_decides_where_the_judge_alone_and_advised_by_one_tosses_a_coin(
    steps: int, tmp_path: Path
) -> None:
    protocols = ["direct", "consultancy", RECURSIVE, {"use": "doubly_efficient", "block": 100}, ESTIMATED]
    found = computed(tmp_path, protocols, 1, steps=steps)
    for name in ("recursive", "doubly_efficient", "prover_estimator"):
        accuracy, turns, reasons = found[name]
        assert accuracy >= 0.95 and turns <= 20 and reasons == {"checks 1"}
    assert found["direct"][0] == 0.5 and found["direct"][2] == {"checks 0"}
    assert 0.4 <= found["consultancy"][0] <= 0.6


def test_of_votes_a_challenge_or_the_record_decides_above_the_proven_bound(tmp_path: Path) -> None:
    votes, samples, gap, error = 100, 400, 0.15, 0.01
    found = computed(tmp_path, ["direct", "doubly_efficient"], samples, variant="votes", steps=2 * votes)
    checked = 2 * exp(-samples * (gap * (1 - 2 * error)) ** 2 / 2)
    bound = 1 - checked - exp(-2 * votes * ((0.8 - 0.2) / 2 - gap) ** 2)
    accuracy, _, reasons = found["doubly_efficient"]
    assert accuracy >= bound > 0.9
    assert reasons == {"checks 0", "checks 400"}


def test_a_computation_of_10000_steps_takes_few_turns_and_no_more_checks(tmp_path: Path) -> None:
    found = computed(tmp_path, [RECURSIVE | {"branching": 10}, "doubly_efficient"], 1, questions=2, steps=10_000)
    assert found["recursive"][1] <= 10 and found["doubly_efficient"][1] <= 40
    assert {reason for _, _, reasons in found.values() for reason in reasons} == {"checks 1"}


def answers(protocol: Protocol, *speeches: Speech, case: Case = CASE) -> list[Turn]:
    """The turns in which the seats answer, cue by cue, with these speeches."""
    turns: list[Turn] = []
    waiting = list(speeches)
    while waiting:
        step = due(protocol, case, turns)
        for cue in step.cues:
            view = protocol.view(cue.seat, case, step.heard)
            turns.append(turn(cue, waiting.pop(0), view, None, len(step.heard)))
    return turns


def claims(*said: str) -> Speech:
    return Speech(claims=said)


def test_the_judge_reads_the_last_node_alone() -> None:
    protocol = Recursive(depth=2)
    turns = answers(
        protocol,
        *(claims("one is so", "two is so"), Speech(choice=1)),
        *(claims("three is so", "four is so"), Speech(choice=0)),
        *(Speech(text="It holds."), Speech(text="It fails.")),
    )
    assert not due(protocol, CASE, turns).cues
    view = protocol.view(JUDGE, CASE, turns)
    assert [said.text for said in view.turns] == ["It holds.", "It fails."]
    assert "| three is so\nIf it is true, the answer is: x\nIf it is false, the answer is: y" in view.brief
    assert len(protocol.view("bob", CASE, turns).turns) == 6


def test_a_claim_that_alice_restates_is_the_last() -> None:
    turns = answers(Recursive(depth=5), claims("one", "two"), Speech(choice=0), claims("one"))
    assert [cue.act for cue in due(Recursive(depth=5), CASE, turns).cues] == ["argue", "argue"]


def test_where_the_judge_is_sure_they_go_no_deeper() -> None:
    protocol = Recursive(depth=5, stop="sure", sure=0.9)
    opening = (claims("one", "two"), Speech(choice=0))
    for p, act in ((0.95, "argue"), (0.6, "claim")):
        turns = answers(protocol, *opening, Speech(p=(p, 1 - p)))
        assert due(protocol, CASE, turns).cues[0].act == act


def test_claims_about_a_computation_that_leave_a_gap_lose() -> None:
    question: Question = next(iter(Computation(steps=10).stream(0)))
    case = CASE.model_copy(update={"question": question.text, "answers": question.answers})
    turns = answers(Recursive(), claims("From x(0) = 1 it follows that x(1) = 2."), Speech(choice=0), case=case)
    assert f"By the record, the answer is: {question.answers[1]}" in Recursive().brief(case, turns)


def test_a_question_without_steps_or_with_too_wide_a_gap_does_not_fit() -> None:
    assert "states no computation" in DoublyEfficient().fits(CASE)
    votes = next(iter(Computation(variant="votes", c=0.6, s=0.4).stream(0))).text
    assert "must be below (c - s) / 2 = 0.1" in DoublyEfficient().fits(CASE.model_copy(update={"question": votes}))
    with pytest.raises(ConfigError, match="no computation"):
        next(DoublyEfficient().play(CASE))


def test_a_challenge_ends_the_match_and_the_judge_reads_that_one_step() -> None:
    question = next(iter(Computation(steps=20).stream(0)))
    case = CASE.model_copy(update={"question": question.text, "answers": question.answers})
    protocol = DoublyEfficient(block=5)
    turns = answers(protocol, claims("1 2 3 4 5"), claims("I challenge step 3."), case=case)
    assert not due(protocol, case, turns).cues
    view = protocol.view(JUDGE, case, turns)
    assert "| From x(2) = 2 it follows that x(3) = 3." in view.brief and not view.turns
    assert due(protocol, case, answers(protocol, claims("1 2 3 4 5"), claims("I accept."), case=case)).cues


@pytest.mark.parametrize(
    ("p", "parts", "missed"), [(0.0, (0.75,) * 4, 0), (0.0, (0.9,) * 4, 0.6), (0.8, (0.9, 0.9), 0), (0.5, (0.9,), 0.4)]
)
def test_estimates_hang_together_where_the_parts_may_all_be_false_often_enough(
    p: float, parts: tuple[float, ...], missed: float
) -> None:
    assert inconsistency(p, parts) == pytest.approx(missed)


@pytest.mark.parametrize("estimate", ["0.75", "75%", "1"])
def test_alice_wins_where_the_claim_holds_that_bob_thought_unlikely_or_did_not_see_prove_her_answer(
    estimate: str,
) -> None:
    protocol = ProverEstimator(depth=1, branching=4, stakes=4.0)
    four = claims("a is so", "b is so", "c is so", "d is so")
    turns = answers(protocol, claims("probability 0"), four, claims(*[f"it has {estimate}"] * 4), Speech(choice=4))
    assert not due(protocol, CASE, turns).cues
    told = protocol.brief(CASE, turns)
    assert "| c is so\nIf it is true, the answer is: x\nIf it is false, the answer is: y" in told


def test_an_error_spread_thin_pays_where_the_stakes_do_not_grow() -> None:
    for stakes, answer in ((1.0, "y"), (4.0, "x")):
        protocol = ProverEstimator(depth=2, branching=4, stakes=stakes)
        four = claims("a is so", "b is so", "c is so", "d is so")
        first, second = (claims(*[f"it has {p}"] * 4) for p in (0.75, 0.9375))
        turns = answers(protocol, claims("0"), four, first, Speech(choice=0), four, second, Speech(choice=0), case=CASE)
        assert f"If it is true, the answer is: {answer}" in protocol.brief(CASE, turns)


@pytest.mark.parametrize(
    "protocol", [{"use": "recursive", "depth": 2, "stop": "sure"}, {"use": "prover_estimator", "depth": 2}]
)
def test_language_models_play_it_about_a_passage(protocol: dict[str, Any], tmp_path: Path) -> None:
    model = {"use": "scripted", "otherwise": '{"claims": ["the boat was found"], "choice": 1, "A": 0.7, "B": 0.3}'}
    table = {
        "name": "m",
        "tasks": [{"use": "passages", "questions": 1}],
        "protocols": [protocol],
        "agents": [{"debater": {"use": "debater", "model": model}}],
        "judges": [{"use": "stated", "model": model}],
    }
    code, watch = play(table, tmp_path)
    assert code == Exit.DONE and sum(event.ruling is not None for event in watch.events) == 2
    assert {turn.act for event in watch.events for turn in event.turns} >= {"claim", "choose"}


def computation(steps: int, **task: Any) -> Case:
    question = next(iter(Computation(steps=steps, **task).stream(0)))
    return CASE.model_copy(update={"question": question.text, "answers": question.answers})


def test_a_liar_who_splits_off_one_true_step_or_none_loses() -> None:
    """The bisection's bound needs parts that are no longer than equal ones."""
    case = computation(1000)
    chain = Chain.read(case.question)
    assert chain
    states = chain.trace(0, chain.start, 1000)
    end = int(case.answers[0])
    whole = Span(first=0, before=chain.start, last=1000, after=end).text
    rest = Span(first=1, before=states[1], last=1000, after=end).text
    protocol = Recursive(depth=4, branching=10)
    for said, choice in (((whole,), 0), ((Span(first=0, before=chain.start, last=1, after=states[1]).text, rest), 1)):
        turns = answers(protocol, claims(*said), Speech(choice=choice), case=case)
        assert f"By the record, the answer is: {case.answers[1]}" in protocol.brief(case, turns)
    assert "None may span more than 100 steps." in due(protocol, case, []).cues[0].task


@pytest.mark.parametrize(
    ("said", "step"),
    [
        ("I challenge step 3.", 3),
        ("challenge: 3", 3),
        ("3", 3),
        ("Step 3 is wrong.", 3),
        ("Step 3: wrong", 3),
        ("x(3) is wrong", 3),
        ("I accept steps 1 to 5.", 0),
        ("I accept all 5 values.", 0),
        ("1. I accept.", 0),
    ],
)
def test_a_step_is_challenged_or_all_are_accepted_in_the_forms_that_bob_is_told(said: str, step: int) -> None:
    case = computation(20)
    protocol = DoublyEfficient(block=5)
    turns = answers(protocol, claims("1 2 3 4 5"), claims(said), case=case)
    assert not protocol.refuses(case, turns[-1])
    assert bool(due(protocol, case, turns).cues) == (step == 0)
    assert (f"it follows that x({step}) = {step}." in protocol.brief(case, turns)) == (step > 0)


@pytest.mark.parametrize(
    "said",
    [
        "I accept: nothing to challenge in steps 1 to 20.",
        "I accept; I have no challenge to step 7.",
        "No challenge (steps 1 to 10)",
        "There is no need to challenge step 3",
        "I see no reason to challenge any of steps 1 to 10",
        "I don't want to challenge step 4",
        "I do not challenge step 2.",
        "I decline to challenge 5",
        "I challenge step 9, and step 3.",
        "I challenge step 21.",
        "I challenge step ٣.",
        "I accept step 3, and challenge step 4",
        "Step 3 is not wrong",
        "fine",
    ],
)
def test_what_is_neither_a_challenge_nor_an_acceptance_by_name_is_refused(said: str) -> None:
    case = computation(20)
    turns = answers(DoublyEfficient(block=20), claims("1 2 3"), claims(said), case=case)
    assert "'I challenge step N.', N from 1 to 20, was asked for: " in DoublyEfficient(block=20).refuses(
        case, turns[-1]
    )


def test_a_refused_answer_ends_its_match_as_unreadable(tmp_path: Path) -> None:
    bob = {"use": "scripted", "lines": ["I decline to challenge 5"]}
    table = {
        "name": "d",
        "tasks": [{"use": "computation", "questions": 1, "steps": 20}],
        "protocols": ["doubly_efficient"],
        "agents": [{"alice": "prover", "bob": bob}],
        "judges": ["bounded"],
    }
    code, watch = play(table, tmp_path)
    assert code == Exit.FAILED
    assert {event.failure.kind for event in watch.events if event.failure} == {"unreadable"}


def test_a_state_that_is_no_whole_number_is_a_wrong_one() -> None:
    case = computation(20)
    chain = Chain.read(case.question)
    assert chain
    true = chain.move(1, chain.start)
    assert true
    turns = answers(DoublyEfficient(block=1), claims(f"{true}.4"), claims("I challenge step 1."), case=case)
    assert "it follows that x(1) = 0." in DoublyEfficient(block=1).brief(case, turns)


def test_the_smallest_probability_can_be_challenged() -> None:
    case = computation(10, variant="votes")
    said = claims("1 2 3 4 5 0.00000001 1 1 1 1")
    turns = answers(DoublyEfficient(block=10), said, claims("I challenge step 6."), case=case)
    (claim,) = Odds.found(DoublyEfficient(block=10).brief(case, turns))
    assert claim.p == 1e-8


def test_a_model_has_room_to_say_a_single_value() -> None:
    case = computation(20)
    protocol = DoublyEfficient(block=1)
    (said,) = answers(protocol, claims("1. The state after the move is 512"), case=case)
    assert stated([said.said(own=False)], 1, 20) == [512.0]


@pytest.mark.parametrize(
    ("said", "p"),
    [
        ("It has the probability 0.", 0),
        (".9", 0.9),
        ("95 percent", 0.95),
        ("1e-3", 0.001),
        ("Statement 1 is 95 percent likely", 0.95),
        ("0.3 on a scale from 0 to 1", 0.3),
        ("0.3 (see round 1)", 0.3),
        ("not likely", 0.5),
    ],
)
def test_an_estimate_is_read_as_it_is_meant(said: str, p: float) -> None:
    protocol = ProverEstimator(depth=1, branching=4, stakes=4.0)
    turns = answers(protocol, claims("0.5"), claims("a is so"), claims(said))
    (cue,) = due(protocol, CASE, turns).cues
    assert [Bet.found(option) for option in cue.options] == [Bet(sign=1, p=p), Bet(sign=-1, p=p)]
