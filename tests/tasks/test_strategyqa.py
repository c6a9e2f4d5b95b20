from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.strategyqa import StrategyQA

ITEM = {
    "qid": "q",
    "term": "Owl",
    "question": "Could an owl read this?",
    "answer": False,
    "facts": ["Owls cannot read."],
    "decomposition": ["What is this?", "Can owls do #1?"],
}


def test_the_real_set_asks_1181_questions_with_its_own_answers(data: Callable[[str], str]) -> None:
    path = data("strategyqa/rows.dev.jsonl.gz")
    right = {row.fields["qid"]: "Yes" if row.fields["answer"] else "No" for row in rows(path)}
    questions = list(StrategyQA(path=path).stream(0))
    assert len(questions) == 1181
    assert {q.id: q.answers[q.correct] for q in questions} == right


def test_facts_and_steps_are_hidden_and_the_question_stands_alone(row: Callable[..., Row]) -> None:
    (question,) = StrategyQA().ask(row(**ITEM, description="TELL", orig_split="TELL"))
    assert question.passage == "Facts:\n- Owls cannot read.\n\nSteps:\n#1 What is this?\n#2 Can owls do #1?"
    assert question.text == "Could an owl read this?"
    assert "TELL" not in question.model_dump_json()


def test_questions_about_one_term_share_their_source(data: Callable[[str], str]) -> None:
    questions = list(StrategyQA(path=data("strategyqa/rows.dev.jsonl.gz")).stream(0))
    assert len({question.source for question in questions}) == 870


def test_an_answer_that_is_neither_true_nor_false_names_the_line(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:1: column 'answer': .*, not 'perhaps'"):
        StrategyQA(path=write(ITEM | {"answer": "perhaps"})).stream(0)
