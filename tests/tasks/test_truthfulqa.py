from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arena.data import Row, rows
from tasks.truthfulqa import TruthfulQA

HEADER = "Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source"
ENTRY = {
    "Type": "Adversarial",
    "Category": "Birds",
    "Question": "Can owls turn round?",
    "Best Answer": "Not fully.",
    "Correct Answers": "Not fully; No; Hardly",
    "Incorrect Answers": "Yes; yes; They can.; Hardly.",
    "Source": "https://example.org/owls#neck",
}


def test_the_real_set_asks_400_questions_with_the_best_answer_right(data: Callable[[str], str]) -> None:
    path = data("truthfulqa/rows.dev.jsonl.gz")
    best = {row.fields["id"]: row.fields["Best Answer"].strip() for row in rows(path)}
    questions = list(TruthfulQA(path=path).stream(0))
    assert len(questions) == 400
    assert all(q.answers[q.correct] == best[q.id] for q in questions)


def test_no_real_wrong_answer_is_listed_as_correct_and_none_has_a_full_stop(data: Callable[[str], str]) -> None:
    path = data("truthfulqa/rows.dev.jsonl.gz")
    listed = {r.fields["id"]: {a.strip() for a in r.fields["Correct Answers"].split(";")} for r in rows(path)}
    for question in TruthfulQA(path=path).read():
        assert listed[question.id] & set(question.answers) <= {question.answers[question.correct]}
        assert not any(answer.endswith(".") for answer in question.answers)


def test_answers_are_tidied_and_stand_in_alphabetical_order(row: Callable[..., Row]) -> None:
    (question,) = TruthfulQA().ask(row(**ENTRY))
    assert question.answers == ("Not fully", "They can", "yes")
    assert question.correct == 0
    assert question.source == "https://example.org/owls"
    assert question.tags == ("Birds", "Adversarial") and question.passage is None


def test_the_original_csv_file_is_read_as_it_is(tmp_path: Path) -> None:
    line = "Adversarial,Birds,Do owls hoot?,Some do,Some do; Yes,All do; None do,https://example.org/hoot"
    (tmp_path / "TruthfulQA.csv").write_text(f"{HEADER}\n{line}\n")
    (question,) = TruthfulQA(path=str(tmp_path / "TruthfulQA.csv")).read()
    assert (question.id, question.answers) == ("truthfulqa-1", ("All do", "None do", "Some do"))
