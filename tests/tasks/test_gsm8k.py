from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.gsm8k import Gsm8k, final

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


def problem(*finals: str, answer: str = "12") -> dict[str, Any]:
    tried = {m: {"is_correct": False, "solution": f"So\nA: {f}"} for m, f in zip(MODELS, finals, strict=True)}
    reference = f"3*4=<<3*4={answer}>>{answer} in all\n#### {answer}"
    return {"id": "p", "question": "3 times 4?", "answer": answer, "reference_solution": reference, **tried}


def test_the_real_questions_are_those_that_a_model_got_wrong_with_a_number(data: Callable[[str], str]) -> None:
    path = data("gsm8k_test_solutions/rows.dev.jsonl.gz")
    questions = {question.id: question for question in Gsm8k(path=path).stream(0)}
    assert len(questions) == 581
    wrong = {r.fields["id"] for r in rows(path) if not all(r.fields[model]["is_correct"] for model in MODELS)}
    assert questions.keys() <= wrong and len(wrong) - len(questions) < 5


def test_real_answers_differ_as_numbers_and_the_right_one_is_the_references(data: Callable[[str], str]) -> None:
    path = data("gsm8k_test_solutions/rows.dev.jsonl.gz")
    right = {row.fields["id"]: Decimal(row.fields["answer"].replace(",", "")) for row in rows(path)}
    for question in Gsm8k(path=path).read():
        numbers = [Decimal(answer) for answer in question.answers]
        assert len(set(numbers)) == len(numbers)
        assert numbers[question.correct] == right[question.id]


def test_the_hidden_solution_ends_before_the_bare_answer(data: Callable[[str], str]) -> None:
    for question in Gsm8k(path=data("gsm8k_test_solutions/rows.dev.jsonl.gz")).read():
        assert question.passage and "####" not in question.passage and "<<" not in question.passage


def test_all_answers_are_written_in_the_same_way_in_the_order_of_size(row: Callable[..., Row]) -> None:
    (question,) = Gsm8k().ask(row(**problem("8.0", "1,200", "$14.80", "12.00")))
    assert question.answers == ("8", "12", "14.8", "1200")
    assert question.correct == 1


def test_a_question_without_a_wrong_number_is_left_out(row: Callable[..., Row]) -> None:
    assert list(Gsm8k().ask(row(**problem("12", "12.0", "x + 1", "")))) == []


def test_whole_leaves_out_fractions(row: Callable[..., Row]) -> None:
    (question,) = Gsm8k(whole=True).ask(row(**problem("8.5", "9", "0.333333", "12")))
    assert question.answers == ("9", "12")


@pytest.mark.parametrize(("solution", "value"), [("x\nA: -3", "-3"), ("A: 2.5.", "2.5"), ("3333", None), ("", None)])
def test_the_number_of_a_solution_is_what_stands_after_its_last_a(solution: str, value: str | None) -> None:
    assert final(solution) == (None if value is None else Decimal(value))


def test_a_solution_without_its_mark_names_the_column(write: Callable[..., str]) -> None:
    broken = problem("1", "2", "3", "4") | {"6b_finetuning": {"solution": "A: 1"}}
    with pytest.raises(DataError, match=r"rows\.jsonl:1: column '6b_finetuning\.is_correct': Field required"):
        Gsm8k(path=write(broken)).stream(0)
