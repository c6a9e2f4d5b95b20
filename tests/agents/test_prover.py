from __future__ import annotations

import asyncio

import pytest

from agents.prover import Prover
from arena.chain import Bet, Block, Chain, Span, numbers
from arena.errors import Unreadable
from arena.nouns import Cue, Said, Speech, View

CHAIN = Chain(moves=100, start=17, a=5, b=3, d=7)
STATES = CHAIN.trace(0, 17, 100)
ANSWERS = (str(STATES[-1]), str((STATES[-1] + 1) % 997))
CLAIM = Cue(seat="alice", round=1, act="claim", most=10, words=200)


def speak(cue: Cue, mine: int, *turns: Said, question: str = CHAIN.text) -> Speech:
    sides = {cue.seat: mine}
    return asyncio.run(
        Prover().speak(View(seat=cue.seat, question=question, answers=ANSWERS, sides=sides, turns=turns), cue)
    )


def holds(span: Span) -> bool:
    return CHAIN.trace(span.first, span.before, span.last)[-1] == span.after


def spans(speech: Speech) -> list[Span]:
    return [span for claim in speech.claims or (speech.text,) for span in Span.found(claim)]


@pytest.mark.parametrize("mine", [0, 1])
def test_its_claims_lead_to_its_answer_with_one_false_claim_where_that_is_wrong(mine: int) -> None:
    said = spans(speak(CLAIM, mine))
    assert CHAIN.proof(said, ANSWERS[mine]) and len(said) == 10
    assert sum(not holds(span) for span in said) == mine


def test_it_splits_the_claim_that_was_attacked() -> None:
    node = Span(first=10, before=STATES[10], last=20, after=STATES[20] + 1)
    said = spans(speak(CLAIM, 1, Said(seat="bob", round=1, act="choose", text=node.text)))
    assert node.by(said) and [span.length for span in said] == [1] * 10
    assert sum(not holds(span) for span in said) == 1


def test_it_attacks_the_first_false_claim() -> None:
    options = [span.text for span in spans(speak(CLAIM, 1))]
    said = speak(Cue(seat="bob", round=1, act="choose", options=tuple(options)), 0)
    assert said.choice == [holds(span) for text in options for span in Span.found(text)].index(False)
    assert said.private == "100 steps computed"


def test_it_bets_on_the_estimate_that_is_most_wrong() -> None:
    true = [Span(first=i, before=STATES[i], last=i + 1, after=STATES[i + 1]) for i in range(2)]
    options = tuple(f"{s.text} {Bet(sign=g, p=p).text}" for s, p in zip(true, (0.9, 0.4), strict=True) for g in (1, -1))
    assert speak(Cue(seat="alice", round=2, act="choose", options=options), 0).choice == 2


def test_as_an_estimator_it_tells_the_truth_or_spreads_its_error() -> None:
    for mine in (0, 1):
        options = speak(CLAIM, mine).claims
        cue = Cue(seat="bob", round=2, act="claim", most=10, options=options)
        found = [float(claim.split()[-1].rstrip(".")) for claim in speak(cue, 1 - mine).claims]
        truth = [float(holds(span)) for option in options for span in Span.found(option)]
        assert found == (truth if mine else pytest.approx([0.9] * 10))


@pytest.mark.parametrize("mine", [0, 1])
def test_in_a_speech_it_states_checkpoints_within_the_limit(mine: int) -> None:
    said = speak(Cue(seat="consultant", round=1, words=70), mine)
    assert CHAIN.proof(spans(said), ANSWERS[mine]) and len(said.text.split()) <= 70


@pytest.mark.parametrize("mine", [0, 1])
def test_block_by_block_its_states_end_in_its_answer_after_one_false_move_at_most(mine: int) -> None:
    turns: list[Said] = []
    for number in range(1, 5):
        task = f"State {Block(first=25 * number - 24, last=25 * number, coins='ab', gap=0.1).text}."
        said = speak(Cue(seat="alice", round=number, act="claim", words=30, task=task), mine, *turns)
        turns.append(Said(seat="alice", round=number, act="claim", text=said.claims[0], claims=said.claims))
    states = [17, *(round(x) for turn in turns for x in numbers(turn.text, 25))]
    assert str(states[-1]) == ANSWERS[mine]
    assert sum(CHAIN.move(i, states[i - 1]) != states[i] for i in range(1, 101)) == mine


def test_what_cannot_be_computed_it_refuses() -> None:
    for cue, question in ((CLAIM, "Who?"), (Cue(seat="alice", round=1, act="ask"), CHAIN.text)):
        with pytest.raises(Unreadable, match="comput"):
            speak(cue, 0, question=question)


def test_a_statement_that_says_anything_but_one_claim_about_the_computation_is_false_to_it() -> None:
    true = Span(first=0, before=17, last=1, after=STATES[1]).text
    beyond = Span(first=0, before=17, last=10**9 - 1, after=1).text
    for liar in ("x", f"It is not so: {true}", f"{true} {true}", beyond, f"{true} (more probable than ...)"):
        assert speak(Cue(seat="bob", round=1, act="choose", options=(true, liar, true)), 0).choice == 1
        estimated = speak(Cue(seat="bob", round=1, act="claim", most=2, options=(true, liar)), 0).claims
        assert [float(claim.split()[-1].rstrip(".")) for claim in estimated] == [1, 0]
