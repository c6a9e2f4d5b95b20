"""Long stories that only the debaters read, with the questions that people debated about them (two answers).

Stories and rooms are those of Michael et al. 2023, single-turn arguments those of Parrish et al. 2022; both ask about
QuALITY's stories. A question is taken once: from the rooms first, and one from the arguments only where no room has it,
whatever its capitals, spaces and marks. Where both name it they must agree on what is right. Questions whose story is
not in the file of stories are left out. Of what was argued and judged nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import ClassVar, NamedTuple

from arena.data import Reader, Row, Shape, rows
from arena.errors import ConfigError, DataError
from arena.nouns import Question
from arena.stories import Story, about, best, plain


class _Room(Shape):
    article_id: str
    question: str
    answers: tuple[str, str]
    correct_index: int


class _Argument(Shape):
    passage_id: str
    question_text: str
    argue_for: str
    argue_against: str
    argue_for_id: int
    argue_for_correct: bool


class _Asked(NamedTuple):
    row: Row
    question: Question


class QualityStories(Reader):
    """One question for each that rooms or arguments are about; its source is the story's article id."""

    origin: ClassVar[str] = (
        "the stories of the NYU debates (github.com/julianmichael/debate, branch 2023-nyu-experiments, "
        "QuALITYSourceMaterial of the rooms), with the columns tokens_id, article_id, used_in_paper_rooms, "
        "latest_room_ms and tokens; and beside it `rooms` or `arguments`"
    )

    path: str = ""
    """The data file of the stories."""
    rooms: str = ""
    """The data file of debate rooms: article_id, question, answers, correct_index. Empty takes no questions from it."""
    arguments: str = ""
    """The data file of single-turn arguments (github.com/nyu-mll/single_turn_debate): passage_id, question_text,
    argue_for, argue_against, argue_for_id, argue_for_correct. Empty takes no questions from it."""

    def ask(self, row: Row) -> Iterator[Question]:
        """The question of a row of either kind, still without its story."""
        yield _argued(row) if row.has("argue_for") else _debated(row)

    def read(self) -> list[Question]:
        if not (self.rooms or self.arguments):
            raise ConfigError("task 'quality_stories' needs `rooms` or `arguments`: the file that holds the questions")
        stories = {name: story.text for name, story in best(row.read(Story) for row in self.rows()).items()}
        found: dict[str, _Asked] = {}
        for row in chain.from_iterable(rows(path) for path in (self.rooms, self.arguments) if path):
            for question in self._asked(row):
                if question.source in stories:
                    _agree(found.setdefault(question.id, _Asked(row, question)), _Asked(row, question))
        if not found:
            raise DataError(f"{self.rooms or self.arguments}: asks about none of the stories in {self.path}")
        return [q.model_copy(update={"passage": stories[q.source]}) for _, q in found.values()]


def _agree(first: _Asked, again: _Asked) -> None:
    """Raise DataError where a question comes again and what was wrong the first time is right now."""
    right = _answers(again.question, wrong=False)
    if right & _answers(first.question, wrong=True):
        raise again.row.error(f"{right.pop()!r} is right here and wrong at {first.row.place}: {again.question.text!r}")


def _answers(question: Question, wrong: bool) -> set[str]:
    return {plain(answer) for i, answer in enumerate(question.answers) if (i != question.correct) == wrong}


def _debated(row: Row) -> Question:
    room = row.read(_Room)
    return about(room.article_id, room.question, room.answers, room.correct_index, ("room",))


def _argued(row: Row) -> Question:
    item = row.read(_Argument)
    if item.argue_for_id not in (0, 1):
        raise row.error(f"column 'argue_for_id' is {item.argue_for_id}; choices: 0, 1")
    answers = (item.argue_for, item.argue_against) if item.argue_for_id == 0 else (item.argue_against, item.argue_for)
    correct = item.argue_for_id if item.argue_for_correct else 1 - item.argue_for_id
    return about(item.passage_id, item.question_text, answers, correct, ("argument",))
