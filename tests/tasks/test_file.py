from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from pydantic import ValidationError

from arena.data import Row
from arena.errors import DataError
from arena.nouns import Question
from tasks.file import File

PLAIN = {"question": "Which tower leans?", "answers": ["North", "South", "East"], "correct": 1}


def one(row: Row, **fields: Any) -> Question:
    (question,) = File(path="rows.jsonl", **fields).ask(row)
    return question


def test_a_plain_row_is_a_question_whose_id_and_source_are_its_number(write: Callable[..., str]) -> None:
    first, second = File(path=write(PLAIN, PLAIN)).read()
    assert (first.id, first.source, second.id) == ("1", "1", "2")
    assert first.answers == ("North", "South", "East") and first.correct == 1
    assert first.passage is None and first.tags == ()


def test_every_column_can_have_a_name_of_your_own(row: Callable[..., Row]) -> None:
    names = {"question": "q", "correct": "c", "passage": "p", "id": "i", "source": "s", "tags": ("t", "u")}
    asked = one(
        row(q="Who?", yes="Ann", no="Bob", c="Bob", p="Bob did.", i=17, s="book", t="easy", u="old"),
        answers=("yes", "no"),
        **names,
    )
    assert asked.model_dump() == {
        "id": "17",
        "text": "Who?",
        "answers": ("Ann", "Bob"),
        "correct": 1,
        "passage": "Bob did.",
        "source": "book",
        "tags": ("easy", "old"),
    }


@pytest.mark.parametrize("answers", ["North|South|East", '["North", "South", "East"]', ["North", "South", "East"]])
def test_answers_are_a_list_or_written_as_one(row: Callable[..., Row], answers: object) -> None:
    assert one(row(**PLAIN | {"answers": answers})).answers == ("North", "South", "East")


def test_the_last_of_several_answer_columns_may_be_blank_and_no_other(row: Callable[..., Row]) -> None:
    columns = ("a", "b", "c")
    assert one(row(question="Q", a="x", b="y", c="", correct="y"), answers=columns).answers == ("x", "y")
    with pytest.raises(DataError, match=r"rows\.jsonl:1: column 'b' is empty"):
        one(row(question="Q", a="x", b="", c="z", correct="x"), answers=columns)


@pytest.mark.parametrize(("correct", "index"), [("South", 1), ("2", 2), (0, 0), (2.0, 2)])
def test_the_right_answer_is_named_by_index_or_by_text(row: Callable[..., Row], correct: object, index: int) -> None:
    assert one(row(**PLAIN | {"correct": correct})).correct == index


@pytest.mark.parametrize("correct", [3, -1, "West", None, True, "", 99])
def test_a_right_answer_that_is_not_there_is_refused_with_the_choices(row: Callable[..., Row], correct: object) -> None:
    with pytest.raises(
        DataError, match=r"rows\.jsonl:1: column 'correct': .* choices: 'North', 'South', 'East', or 0 to 2"
    ):
        one(row(**PLAIN | {"correct": correct}))


def test_a_right_answer_that_reads_two_ways_is_not_guessed(row: Callable[..., Row]) -> None:
    twofold = row(question="1 - 1?", answers=["1", "0"], correct="1")
    with pytest.raises(DataError, match="answer 1 by its index or answer 0 by its text; set `correct_as`"):
        one(twofold)
    assert one(twofold, correct_as="index").correct == 1
    assert one(twofold, correct_as="text").correct == 0


def test_the_right_answer_can_be_a_letter_or_the_name_of_its_column(row: Callable[..., Row]) -> None:
    assert one(row(**PLAIN | {"correct": "C"}), correct_as="letter").correct == 2
    assert one(row(question="Q", a="x", b="y", correct="b"), answers=("a", "b")).correct == 1


def test_a_dot_reaches_into_an_object(row: Callable[..., Row]) -> None:
    nested = row(question="Q", choices={"text": ["x", "y"], "label": ["A", "B"]}, key="B")
    assert one(nested, answers="choices.text", correct="key", correct_as="letter").correct == 1
    with pytest.raises(DataError, match=r"no column 'choices\.txt'; did you mean 'choices'"):
        one(nested, answers="choices.txt", correct="key")


@pytest.mark.parametrize("field", ["question", "answers", "correct", "passage", "id", "source", "tags"])
def test_a_misspelt_column_is_reported_with_the_nearest_name(write: Callable[..., str], field: str) -> None:
    path = write(PLAIN | {"wanted": "x"})
    with pytest.raises(DataError, match=r"rows\.jsonl:1: no column 'wantd'; did you mean 'wanted'\? choices: answers"):
        File(path=path, **{field: "wantd"}).stream(0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"answers": ["North"], "correct": 0}, "question '2' has 1 answers; it needs 2 to 26"),
        ({"answers": ["North", "North"], "correct": 0}, "has the same answer twice"),
        ({"answers": ["North", ""]}, "column 'answers' holds an empty text"),
        ({"question": " "}, "column 'question' is empty"),
        ({"question": ["x"]}, "column 'question' holds list where text is wanted"),
        ({"id": "1"}, "id '1' is used before, at "),
    ],
)
def test_a_bad_row_stops_the_task_before_its_first_question(
    write: Callable[..., str], change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:2: ") as error:
        File(path=write(PLAIN, PLAIN | change)).stream(0)
    assert expected in str(error.value)


def test_a_csv_file_and_a_parquet_file_ask_the_same(tmp_path: Path) -> None:
    cells = 'question,answers,correct,tags\nWhich tower leans?,North|South|East,1,"[""a"", ""b""]"\n'
    (tmp_path / "rows.csv").write_text(cells)
    table = pyarrow.Table.from_pylist([PLAIN | {"tags": ["a", "b"]}])
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    (text,), (columns,) = (File(path=str(tmp_path / f"rows.{end}")).read() for end in ("csv", "parquet"))
    assert text == columns and text.tags == ("a", "b")


def test_choices_keep_the_right_answer_and_must_be_two_or_more(row: Callable[..., Row]) -> None:
    asked = one(row(**PLAIN), choices=2)
    assert len(asked.answers) == 2 and asked.answers[asked.correct] == "South"
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        File(choices=1)


def test_real_diagnoses_are_read_by_naming_their_columns(data: Callable[[str], str]) -> None:
    task = File(
        path=data("ddxplus_pilot/rows.dev.jsonl.gz"),
        question="question_stem",
        answers=("diagnosis_a", "diagnosis_b"),
        correct="correct_answer",
        passage="evidence",
        id="case_id",
    )
    questions = list(task.stream(0))
    assert len(questions) == 49
    assert {q.correct for q in questions} == {0, 1}


def test_a_real_csv_file_with_other_columns_is_refused_by_name(data: Callable[[str], str]) -> None:
    with pytest.raises(
        DataError, match=r"judgments\.dev\.csv\.gz:2: no column 'questions'; did you mean 'question_id'"
    ):
        File(path=data("nyu_debates/judgments.dev.csv.gz"), question="questions", answers=("judge", "room")).stream(0)
