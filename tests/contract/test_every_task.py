from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import pytest
from every import make

from arena.errors import ArenaError, ConfigError
from arena.nouns import Question
from arena.plugin import key, names
from arena.task import Task

DATA = Path(os.environ.get("ARENA_DATA") or Path(__file__).parents[3] / "shared" / "data")


def ready(name: str) -> Task:
    """The task as it is, or with the first file of the data folder that it can read; else the test is skipped."""
    task: Task = make("task", name)
    if "path" not in type(task).model_fields:
        return task
    for path in sorted(DATA.glob(f"{name}*/*.dev.jsonl.gz")) + sorted(DATA.glob("*/*.dev.jsonl.gz")):
        found: Task = make("task", name, path=str(path))
        try:
            if next(iter(found.stream(0)), None):
                return found
        except ArenaError:
            continue
    pytest.skip(f"no data for {name} in {DATA}; ARENA_DATA names the folder")


@pytest.fixture(params=names("task"), scope="module")
def task(request: pytest.FixtureRequest) -> Task:
    return ready(request.param)


def some(task: Task, seed: int) -> list[Question]:
    return list(islice(task.stream(seed), 30))


def test_the_same_seed_gives_the_same_questions(task: Task) -> None:
    assert some(task, 5) == some(task, 5) != []
    assert [q.id for q in some(task, 5)] != [q.id for q in some(task, 6)]


def test_fewer_questions_are_the_beginning_of_more(task: Task) -> None:
    few, more = (task.model_copy(update={"questions": count}) for count in (3, 9))
    assert some(few, 2) == some(more, 2)[: len(some(few, 2))]


def test_the_right_answer_is_one_of_the_answers(task: Task) -> None:
    for question in some(task, 1):
        assert 0 <= question.correct < len(question.answers) >= 2
        assert len(set(question.answers)) == len(question.answers)
        assert question.text.strip() and question.source


def test_each_question_has_an_id_and_a_key_of_its_own(task: Task) -> None:
    questions = some(task, 3)
    assert len({q.id for q in questions}) == len({key(q) for q in questions}) == len(questions)


@pytest.mark.parametrize("name", names("task"))
def test_without_its_data_it_says_so_before_anything_is_asked(name: str, tmp_path: Path) -> None:
    task = make("task", name)
    if "path" not in type(task).model_fields:
        assert next(iter(task.stream(0)))
        return
    for path in ("", str(tmp_path / "absent.jsonl")):
        with pytest.raises(ConfigError, match=r"needs|no such file|cannot be loaded"):
            list(make("task", name, path=path).stream(0))
