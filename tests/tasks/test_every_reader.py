from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arena.data import Reader
from arena.errors import ConfigError
from arena.plugin import find, names
from arena.task import Task

READERS = [name for name in names("task") if issubclass(find("task", name), Reader)]

FILES = {
    "quality": {"path": "quality_dev50/rows.dev.jsonl.gz"},
    "quality_stories": {
        "path": "quality_stories/stories.dev.jsonl.gz",
        "rooms": "nyu_debates/rooms.dev.jsonl.gz",
        "arguments": "single_turn_arguments/arguments.dev.jsonl.gz",
    },
    "gsm8k": {"path": "gsm8k_test_solutions/rows.dev.jsonl.gz"},
    "truthfulqa": {"path": "truthfulqa/rows.dev.jsonl.gz"},
    "mmlu_pro": {"path": "mmlu_pro_responses/rows.dev.jsonl.gz"},
    "strategyqa": {"path": "strategyqa/rows.dev.jsonl.gz"},
    "pubmedqa": {"path": "pubmedqa/rows.dev.jsonl.gz"},
    "cruxeval": {"path": "cruxeval/rows.dev.jsonl.gz"},
    "bugs": {"path": "humaneval_bugs/rows.dev.jsonl.gz"},
}


@pytest.fixture(params=FILES)
def task(request: pytest.FixtureRequest, data: Callable[[str], str]) -> Task:
    fields = {field: data(file) for field, file in FILES[request.param].items()}
    return Task.model_validate({"use": request.param, **fields})


@pytest.mark.parametrize("name", READERS)
def test_without_a_path_it_says_what_to_fetch_and_which_field_to_set(name: str) -> None:
    with pytest.raises(ConfigError, match=f"task '{name}' needs `path`: .{{20}}"):
        Task.model_validate(name).stream(0)


def test_one_seed_gives_one_order_and_another_seed_another(task: Task) -> None:
    first = [question.id for question in task.stream(7)]
    assert first == [question.id for question in task.stream(7)]
    other = [question.id for question in task.stream(8)]
    assert first != other and sorted(first) == sorted(other)


def test_more_questions_extend_the_list(task: Task) -> None:
    few, more = (list(task.model_copy(update={"questions": count}).stream(3)) for count in (5, 12))
    assert len(more) == 12
    assert more[:5] == few


def test_it_survives_json_with_the_same_questions(task: Task) -> None:
    again = Task.model_validate_json(task.model_dump_json())
    assert again == task
    assert next(again.stream(1)) == next(task.stream(1))


def test_two_answers_are_what_a_debate_can_ask_for(task: Task) -> None:
    if "choices" in type(task).model_fields:
        task = task.model_copy(update={"choices": 2})
    assert {len(question.answers) for question in task.stream(0)} == {2}


def test_narrowing_keeps_the_right_answer(task: Task) -> None:
    if "choices" not in type(task).model_fields:
        pytest.skip("its questions have two answers")
    right = {q.id: q.answers[q.correct] for q in task.stream(0)}
    assert right == {q.id: q.answers[q.correct] for q in task.model_copy(update={"choices": 2}).stream(0)}


def test_a_question_is_complete_and_tidy(task: Task) -> None:
    for question in task.stream(0):
        assert question.text == question.text.strip() != ""
        assert all(answer == answer.strip() != "" for answer in question.answers)
        assert question.source
        assert question.passage is None or question.passage.strip()


def test_the_module_describes_itself_in_one_sentence() -> None:
    for name in READERS:
        first = (__import__(f"tasks.{name}", fromlist=["x"]).__doc__ or "").partition("\n")[0]
        assert 20 < len(first) <= 120 and first[-1] in ".?)", (name, first)


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        Task.model_validate({"use": "quality", "path": str(tmp_path / "absent.jsonl")}).stream(0)
