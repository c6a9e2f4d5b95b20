from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from arena.data import Row, rows
from arena.errors import DataError
from tasks.pubmedqa import PubMedQA

ITEM = {
    "pmid": 1,
    "QUESTION": "Do owls sleep?",
    "CONTEXTS": ["We watched owls.", "They closed their eyes.", "TELL"],
    "LABELS": ["METHODS", "RESULTS", "CONCLUSIONS"],
    "final_decision": "yes",
    "LONG_ANSWER": "TELL",
    "reasoning_required_pred": "TELL",
    "reasoning_free_pred": "TELL",
}


def test_the_real_set_asks_503_questions_with_three_answers(data: Callable[[str], str]) -> None:
    questions = list(PubMedQA(path=data("pubmedqa/rows.dev.jsonl.gz")).stream(0))
    assert len(questions) == 503
    assert Counter(q.answers[q.correct] for q in questions) == {"yes": 271, "no": 173, "maybe": 59}


def test_no_real_passage_holds_the_conclusion(data: Callable[[str], str]) -> None:
    path = data("pubmedqa/rows.dev.jsonl.gz")
    conclusions = {row.fields["pmid"]: row.fields["LONG_ANSWER"] for row in rows(path)}
    for question in PubMedQA(path=path).read():
        assert conclusions[question.id] not in (question.passage or "")
        assert "CONCLUSION:" not in (question.passage or "")


def test_the_passage_is_the_abstract_section_by_section(row: Callable[..., Row]) -> None:
    (question,) = PubMedQA().ask(row(**ITEM))
    assert question.passage == "METHODS: We watched owls.\n\nRESULTS: They closed their eyes."
    assert "TELL" not in question.model_dump_json()


def test_maybe_can_be_left_out(row: Callable[..., Row]) -> None:
    task = PubMedQA(maybe=False)
    assert [question.answers for question in task.ask(row(**ITEM))] == [("yes", "no")]
    assert list(task.ask(row(**ITEM | {"final_decision": "maybe"}))) == []


def test_a_section_without_its_label_names_the_line(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:1: has 3 CONTEXTS and 1 LABELS"):
        PubMedQA(path=write(ITEM | {"LABELS": ["METHODS"]})).stream(0)
