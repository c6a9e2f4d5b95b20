from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.cruxeval import CruxEval

ITEM = {
    "id": "s",
    "code": "def f(a):\n    return a + 'b'",
    "input": "'a'",
    "output": "'ab'",
    "codellama7b_output_predictions": ['"ba"', "'ba'", '"ab"', "len(a)", "'a"],
    "codellama7b_output_correct": [False, False, True, False, False],
    "codellama7b_input_predictions": ["TELL"],
}


def test_the_real_right_answers_are_the_outputs(data: Callable[[str], str]) -> None:
    path = data("cruxeval/rows.dev.jsonl.gz")
    outputs = {row.fields["id"]: row.fields["output"] for row in rows(path)}
    questions = list(CruxEval(path=path).stream(0))
    assert len(questions) == 285
    assert all(q.answers[q.correct] == outputs[q.id] for q in questions)


def test_real_answers_are_all_different_values(data: Callable[[str], str]) -> None:
    for question in CruxEval(path=data("cruxeval/rows.dev.jsonl.gz")).read():
        values = [ast.literal_eval(answer) for answer in question.answers]
        assert all(one != two for i, one in enumerate(values) for two in values[:i])


def test_what_python_computes_is_the_right_answer(data: Callable[[str], str]) -> None:
    path = data("cruxeval/rows.dev.jsonl.gz")
    calls = {row.fields["id"]: row.fields for row in rows(path)}
    for question in CruxEval(path=path, questions=40).stream(0):
        names: dict[str, object] = {}
        exec(calls[question.id]["code"], names)
        assert eval(f"f({calls[question.id]['input']})", names) == ast.literal_eval(question.answers[question.correct])


def test_answers_are_written_alike_and_only_values_are_answers(row: Callable[..., Row]) -> None:
    (question,) = CruxEval().ask(row(**ITEM))
    assert question.answers == ("'ab'", "'ba'")
    assert question.text == "What does the call f('a') return?\n\ndef f(a):\n    return a + 'b'"
    assert question.passage is None and "TELL" not in question.model_dump_json()


def test_a_row_without_a_wrong_prediction_is_left_out(row: Callable[..., Row]) -> None:
    assert list(CruxEval().ask(row(**ITEM | {"codellama7b_output_correct": [True] * 5}))) == []


def test_a_prediction_without_its_mark_names_the_line(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:1: has 5 predictions and 1 marks"):
        CruxEval(path=write(ITEM | {"codellama7b_output_correct": [True]})).stream(0)
