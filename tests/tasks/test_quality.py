from __future__ import annotations

from collections.abc import Callable

import pytest

from arena.errors import DataError
from tasks.quality import Quality
from tasks.quality_stories import QualityStories

ITEM = {"id": "i", "question": "Why? ", "options": ["a", "b"], "gold_index": 1, "article": "Because of b."}


def test_the_slice_has_a_question_with_four_options_for_each_of_23_articles(data: Callable[[str], str]) -> None:
    questions = list(Quality(path=data("quality_dev50/rows.dev.jsonl.gz")).stream(0))
    assert len(questions) == 23 == len({question.source for question in questions})
    assert {len(question.answers) for question in questions} == {4}
    assert min(len(question.passage or "") for question in questions) > 10_000


def test_what_is_right_agrees_with_the_arguments_about_the_same_question(data: Callable[[str], str]) -> None:
    stories = QualityStories(
        path=data("quality_stories/stories.dev.jsonl.gz"),
        arguments=data("single_turn_arguments/arguments.dev.jsonl.gz"),
    )
    argued = {(q.source, q.text): q.answers[q.correct] for q in stories.read()}
    slice_ = {
        (q.source, q.text): q.answers[q.correct] for q in Quality(path=data("quality_dev50/rows.dev.jsonl.gz")).read()
    }
    both = argued.keys() & slice_.keys()
    assert both and all(argued[at] == slice_[at] for at in both)


def test_an_index_beyond_the_options_names_the_line(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:2: question 'j': correct is 2; choices: 0 to 1"):
        Quality(path=write(ITEM, ITEM | {"id": "j", "gold_index": 2})).stream(0)


def test_a_missing_column_is_reported_with_the_nearest_name(write: Callable[..., str]) -> None:
    renamed = {("gold_indx" if name == "gold_index" else name): value for name, value in ITEM.items()}
    with pytest.raises(DataError, match=r"rows\.jsonl:1: no column 'gold_index'; did you mean 'gold_indx'\?"):
        Quality(path=write(renamed)).stream(0)


def test_a_column_of_the_wrong_type_is_reported_with_its_value(write: Callable[..., str]) -> None:
    with pytest.raises(DataError, match=r"rows\.jsonl:1: column 'gold_index': .* integer.*, not 'second'"):
        Quality(path=write(ITEM | {"gold_index": "second"})).stream(0)
