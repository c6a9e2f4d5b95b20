from __future__ import annotations

import pytest
from lab import decided

from agents.models.scripted import Scripted as Model
from arena.errors import Unreadable
from arena.nouns import JUDGE, Verdict, View
from judges.stated import Stated


def decide(text: str, answers: int = 2) -> Verdict:
    return decided(Stated(model=Model(otherwise=text)), answers)


@pytest.mark.parametrize(
    "text",
    [
        '{"A": 0.7, "B": 0.3}',
        'I say: ```json\n{"B": 0.3,\n "A": 0.7}\n``` so.',
        '{"probabilities": {"A": 0.7, "B": 0.3}}',
        '[{"A": 0.7, "B": 0.3}]',
        '{"A": 0.7, "B": 0.3} as I said {"A": 0.7, "B": 0.3}',
        '{"note": "first"} {"A": 0.7, "B": 0.3} {"done": true}',
        '{"A": "0.7", "B": 0.3}',
    ],
)
def test_one_set_of_probabilities_is_found_wherever_it_stands(text: str) -> None:
    assert decide(text).p == pytest.approx((0.7, 0.3))


@pytest.mark.parametrize(("a", "b"), [(0.70, 0.31), (0.69, 0.30), (0.7, 0.309), (0.7, 0.291)])
def test_a_sum_within_one_hundredth_of_one_is_rescaled(a: float, b: float) -> None:
    verdict = decide(f'{{"A": {a}, "B": {b}}}')
    assert sum(verdict.p) == pytest.approx(1) and verdict.p[0] == pytest.approx(a / (a + b))


@pytest.mark.parametrize(
    "text",
    [
        '{"A": 0.7, "B": 0.311}',
        '{"A": 0.7, "B": 0.289}',
        '{"A": 70, "B": 30}',
        '{"A": 1.2, "B": -0.2}',
        '{"A": 0, "B": 0}',
        '{"A": NaN, "B": 1}',
        '{"A": 1, "B": NaN}',
        '{"A": Infinity, "B": 0}',
        '{"A": 1e999, "B": 0}',
        '{"A": 1' + "0" * 400 + ', "B": 0}',
        '{"A": true, "B": false}',
        '{"A": null, "B": 1}',
        '{"A": "70%", "B": "30%"}',
        '{"A": [0.7], "B": 0.3}',
        '{"a": 0.7, "b": 0.3}',
        '{"A": 0.7}',
        '{"A": 0.7, "B": 0.3',
        '{"A": 0.7, "B": 0.3} or {"A": 0.3, "B": 0.7}',
        "A: 0.7, B: 0.3",
        "0.7",
        "[0.7, 0.3]",
        "{}",
        "",
    ],
)
def test_anything_else_is_unreadable_and_never_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        decide(text)


def test_worked_examples_are_probabilities_that_could_be_read() -> None:
    judge = Stated(shots=2)
    chat = judge.messages(View(seat=JUDGE, question="Who?", answers=("w", "x", "y")))
    assert [m.role for m in chat] == ["user", "assistant"] * 2 + ["user"]
    assert [decide(m.content).p for m in chat[1::2]] == [(0.5, 0.5), (0.5, 0.5)]


def test_in_both_orders_a_judge_that_follows_position_is_undecided() -> None:
    model = Model(otherwise='{"A": 0.8, "B": 0.15, "C": 0.05}')
    p = decided(Stated(model=model, orders="both"), 3).p
    assert p[0] == pytest.approx(p[2]) and p[0] > p[1]


def test_five_answers_need_five_numbers() -> None:
    assert decide('{"A": 0.1, "B": 0.2, "C": 0.3, "D": 0.15, "E": 0.25}', 5).p[2] == pytest.approx(0.3)
    with pytest.raises(Unreadable, match="each of A, B, C, D, E"):
        decide('{"A": 0.5, "B": 0.5}', 5)
