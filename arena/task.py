"""A task is a stream of questions, the same stream for the same seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from random import Random
from typing import ClassVar

from pydantic import Field

from arena.nouns import Question
from arena.plugin import Plugin


class Task(Plugin):
    """What is argued about. The order of the answers is the source's; the arena draws the order in which they show."""

    kind: ClassVar[str] = "task"

    questions: int | None = Field(default=None, ge=1)
    """How many to take; None takes all that the task has (a generated task needs a number)."""

    @abstractmethod
    def stream(self, seed: int) -> Iterator[Question]:
        """Every question in the order drawn from `seed`; lazy. Raises DataError with file and line for a bad row."""


def narrow(question: Question, choices: int | None) -> Question:
    """Keep the right answer and `choices - 1` wrong ones, drawn by the question's id; None keeps all.

    Debate needs two answers. The answers that stay keep their order, so their place tells nothing new.
    """
    if choices is None or question.correct is None or choices >= len(question.answers):
        return question
    wrong = [i for i in range(len(question.answers)) if i != question.correct]
    kept = sorted([question.correct, *Random(f"narrow {question.id}").sample(wrong, choices - 1)])
    answers = tuple(question.answers[i] for i in kept)
    return question.model_copy(update={"answers": answers, "correct": kept.index(question.correct)})
