from __future__ import annotations

import asyncio

import pytest

from arena.chain import Chain, Odds, Span, hinge
from arena.nouns import JUDGE, Quote, Said, Verdict, View
from judges.bounded import IDLE, Bounded

CHAIN = Chain(moves=100, start=17, a=5, b=3, d=7)
VOTES = CHAIN.model_copy(update={"moves": 50, "votes": 50})
END = CHAIN.trace(0, 17, 100)[-1]
ANSWERS = (str(END), str((END + 1) % 997))


def decide(judge: Bounded, view: View) -> Verdict:
    return asyncio.run(judge.decide(view))


def shown(brief: str = "", *said: Said, question: str = CHAIN.text) -> View:
    sides = {"alice": 0, "bob": 1}
    return View(seat=JUDGE, question=question, answers=ANSWERS, sides=sides, brief=brief, turns=said)


def hanging(claim: str) -> View:
    return shown(f"| {claim}\n{hinge(true=ANSWERS[0], false=ANSWERS[1])}")


def step(i: int, off: int = 0) -> Span:
    states = CHAIN.trace(0, 17, i)
    return Span(first=i - 1, before=states[-2], last=i, after=(states[-1] + off) % 997)


def test_one_check_decides_the_claim_that_everything_hangs_on() -> None:
    judge = Bounded(checks=1, error=0)
    for off, best in ((0, 0), (5, 1)):
        verdict = decide(judge, hanging(step(60, off).text))
        assert verdict.p[best] == 1 and verdict.reason == "checks 1" and not verdict.flags


def test_its_errors_come_at_their_rate_and_alike_for_the_same_view() -> None:
    judge = Bounded(checks=1, error=0.25)
    true, false = ([hanging(step(i, off).text) for i in range(1, 101)] for off in (0, 9))
    assert 60 < sum(decide(judge, view).p[0] > 0.5 for view in true) < 90
    assert sum(decide(judge, view).p[1] > 0.5 for view in false) > 95, (
        "an error gives another state, not the claimed one"
    )
    assert decide(judge, true[0]) == decide(judge, true[0])


def test_what_it_can_check_more_than_once_goes_by_the_majority() -> None:
    judge = Bounded(checks=10, error=0.25)
    verdicts = [decide(judge, hanging(step(i).text)) for i in range(1, 101)]
    assert {verdict.reason for verdict in verdicts} == {"checks 9"}
    assert sum(verdict.p[0] > 0.5 for verdict in verdicts) > 88
    assert verdicts[0].p[0] == pytest.approx(judge.surety(1)) == pytest.approx(0.951, abs=0.001)
    assert [judge.surety(moves) for moves in (5, 10, 11)] == pytest.approx([0.75**5, 0.75**10, 0])


@pytest.mark.parametrize(("off", "best"), [(0.0, 0), (0.14, 1), (-0.14, 1)])
def test_odds_are_checked_by_samples_with_its_own_errors_taken_out(off: float, best: int) -> None:
    claim = Odds(moves=50, state=46, ones=3, p=VOTES.odds(46, 3) + off, gap=0.14)
    brief = f"{claim.text}\n{hinge(true=ANSWERS[0], false=ANSWERS[1])}"
    verdict = decide(Bounded(checks=2000, error=0.1), shown(brief, question=VOTES.text))
    assert verdict.p[best] == pytest.approx(0.9) and verdict.reason == "checks 2000"


def test_beyond_its_budget_it_has_nothing_to_check_and_says_so() -> None:
    far = Span(first=0, before=17, last=50, after=3)
    for view in (shown(), hanging(far.text), shown("", Said(seat="alice", round=1, text=far.text))):
        verdict = decide(Bounded(checks=49), view)
        assert verdict == Verdict(p=(0.5, 0.5), reason="checks 0", flags=(IDLE,))


def test_within_its_budget_it_computes_by_itself() -> None:
    verdict = decide(Bounded(checks=100, error=0), shown())
    assert verdict.p == (1, 0) and verdict.reason == "checks 100"


def test_checkpoints_that_pass_speak_for_their_answer_and_a_false_one_against() -> None:
    states = CHAIN.trace(0, 17, 100)
    true = [Span(first=i, before=states[i], last=i + 10, after=states[i + 10]) for i in range(0, 100, 10)]
    verdict = decide(Bounded(checks=50, error=0), shown("", Said(seat="alice", round=1, text=texts(true))))
    assert verdict.p == pytest.approx((2 / 3, 1 / 3)) and verdict.reason == "checks 50"
    wrong = CHAIN.back(100, int(ANSWERS[1]), 10)
    false = [true[0].model_copy(update={"after": wrong[0]}), Span(first=10, before=wrong[0], last=100, after=wrong[-1])]
    assert decide(Bounded(checks=10, error=0), shown("", Said(seat="bob", round=1, text=texts(false)))).p == (1, 0)


def test_checkpoints_with_a_gap_prove_nothing() -> None:
    loose = [step(1), step(100)]
    assert decide(Bounded(), shown("", Said(seat="alice", round=1, text=texts(loose)))).flags == (IDLE,)


def texts(spans: list[Span]) -> str:
    return " ".join(span.text for span in spans)


def test_without_a_computation_it_looks_at_so_many_quotes() -> None:
    quotes = {"alice": (False, False, False), "bob": (True, True, True)}
    said = [
        Said(seat=seat, round=1, text="x", quotes=tuple(Quote(text="a b", verified=v) for v in marks))
        for seat, marks in quotes.items()
    ]
    verdict = decide(Bounded(checks=4, error=0), shown("", *said, question="Who?"))
    assert verdict.p == (0, 1) and verdict.reason == "checks 4"
    assert decide(Bounded(), shown(question="Who?")).flags == (IDLE,)
