from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.mmlu_pro import MmluPro

ITEM = {
    "question_id": 7,
    "question": "Which gas?",
    "options": [" argon", "neon"],
    "answer_index": 0,
    "category": "chemistry",
    "src": "made up",
}


def test_the_real_set_asks_all_questions_that_have_options(data: Callable[[str], str]) -> None:
    path = data("mmlu_pro_responses/rows.dev.jsonl.gz")
    questions = {question.id: question for question in MmluPro(path=path).stream(0)}
    assert len(questions) == 710
    for row in rows(path):
        question = questions.get(f"mmlu-pro-{row.fields['question_id']}")
        assert question is None or question.correct == "ABCDEFGHIJ".index(row.fields["answer"])
        assert question is not None or len(row.fields["options"]) == 1


def test_recorded_answers_of_models_are_not_read(row: Callable[..., Row]) -> None:
    (question,) = MmluPro().ask(row(**ITEM, answer="TELL", cot_content="TELL", responses={"m": {"text": "TELL"}}))
    assert "TELL" not in question.model_dump_json()
    assert question.answers == ("argon", "neon") and question.passage is None


def test_the_same_question_asked_twice_is_one_cluster(row: Callable[..., Row]) -> None:
    (one,), (two,) = (MmluPro().ask(row(**ITEM | {"question_id": number})) for number in (1, 2))
    assert one.id != two.id and one.source == two.source


def test_two_options_that_differ_in_spaces_alone_are_refused(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:1: question 'mmlu-pro-7' has the same answer twice"):
        MmluPro(path=write(ITEM | {"options": ["neon ", "neon"]})).stream(0)
