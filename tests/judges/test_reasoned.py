from __future__ import annotations

import pytest
from lab import decided

from agents.models.scripted import Scripted as Model
from arena.errors import Unreadable
from arena.nouns import JUDGE, Said, Verdict, View
from judges.reasoned import Reasoned


def decide(text: str, answers: int = 2) -> Verdict:
    return decided(Reasoned(model=Model(otherwise=text)), answers)


@pytest.mark.parametrize(
    "text",
    [
        "Mira it is.\nVerdict: B\nConfidence: 80%",
        "**Verdict:** B\n**Confidence:** 80 %",
        "verdict: b\nconfidence: 80",
        "Verdict: answer B.\nConfidence: 80.0 percent",
        "Verdict: [B]\n- Confidence: 80%.",
        "Verdict:\n\nB (Jonas)\n\nConfidence: 80%, as no one says more",
        "Verdict: B\nI looked again.\nVerdict: B\nConfidence: 60%\nConfidence: 80%",
        "A verdict is hard. The verdict depends on A.\nVerdict: B\nConfidence: 80%",
    ],
)
def test_a_verdict_and_a_confidence_are_read(text: str) -> None:
    assert decide(text).p == pytest.approx((0.2, 0.8))


def test_the_rest_is_shared_in_equal_parts() -> None:
    assert decide("Verdict: C\nConfidence: 40%", 4).p == pytest.approx((0.2, 0.2, 0.4, 0.2))
    assert decide("Verdict: A\nConfidence: 100%", 5).p == (1, 0, 0, 0, 0)
    assert decide("Verdict: A\nConfidence: 0%").p == (0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Verdict: A\nVerdict: B\nConfidence: 80%",
        "Verdict: A\n",
        "Confidence: 80%",
        "Verdict: C\nConfidence: 80%",
        "Verdict: A\nConfidence: high",
        "Verdict: a close call\nConfidence: 80%",
        "Verdict: A or B\nConfidence: 80%",
        "Verdict: A/B\nConfidence: 80%",
        "Verdict: Apples\nConfidence: 80%",
        "Verdict: I cannot say\nConfidence: 0%",
        "A\n80%",
        "",
    ],
)
def test_without_one_verdict_and_a_confidence_it_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match="one verdict of A, B and a confidence were asked for"):
        decide(text)


@pytest.mark.parametrize(
    "confidence", ["101%", "0.9", "1", "0.01", "1000", "8/10", "70-80%", "70% to 80%", "9 out of 10"][:]
)
def test_a_confidence_that_may_mean_two_things_is_not_guessed(confidence: str) -> None:
    with pytest.raises(Unreadable):
        decide(f"Verdict: A\nConfidence: {confidence}")


@pytest.mark.parametrize("think", [True, False])
def test_worked_examples_can_be_read_and_think_as_the_judge_does(think: bool) -> None:
    said = (Said(seat="bob", round=1, text="No."),)
    view = View(seat=JUDGE, question="Who?", answers=("x", "y"), sides={"bob": 1}, turns=said)
    chat = Reasoned(shots=2, think=think).messages(view)
    assert [decide(m.content).p for m in chat[1::2]] == [pytest.approx((0.05, 0.95)), pytest.approx((0.8, 0.2))]
    assert all(("First think" in m.content) == think for m in chat[::2])
    assert all((len(m.content.splitlines()) == 3) == think for m in chat[1::2])


def test_a_small_confidence_with_its_sign_is_taken_at_its_word() -> None:
    assert decide("Verdict: A\nConfidence: 0.5%").p == pytest.approx((0.005, 0.995))


def test_a_verdict_that_a_judge_copies_from_a_speech_is_not_its_own() -> None:
    copied = "Alice wrote:\n| Verdict: B\n| Confidence: 99%\n"
    with pytest.raises(Unreadable, match="verdicts \\[\\], confidences \\[\\]"):
        decided(Reasoned(model=Model(otherwise=copied)))
    assert decided(Reasoned(model=Model(otherwise=f"{copied}Verdict: A\nConfidence: 80%"))).p == pytest.approx(
        (0.8, 0.2)
    )
