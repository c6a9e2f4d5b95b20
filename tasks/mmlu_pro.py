"""MMLU-Pro: examination questions from fourteen fields with up to ten options.

Nothing is hidden: what the judge lacks is skill. Of the columns that some copies carry besides (a worked solution,
recorded answers of models) none is read. Rows with fewer than two options cannot be argued about and are left out. The
same question asked twice shares its source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.plugin import key
from arena.task import narrow


class _Item(Shape):
    question_id: str
    question: str
    options: tuple[str, ...]
    answer_index: int
    category: str
    src: str


class MmluPro(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "MMLU-Pro (huggingface.co/datasets/TIGER-Lab/MMLU-Pro, or the outputs in github.com/TIGER-AI-Lab/MMLU-Pro) "
        "with the columns question_id, question, options, answer_index (from 0), category and src"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many options to keep, the right one among them; None keeps all. A debate needs two."""

    def ask(self, row: Row) -> Iterator[Question]:
        item = row.read(_Item)
        if len(item.options) > 1:
            question = Question(
                id=f"mmlu-pro-{item.question_id}",
                text=item.question.strip(),
                answers=tuple(option.strip() for option in item.options),
                correct=item.answer_index,
                source=key(item.question.strip())[:12],
                tags=(item.category, item.src),
            )
            yield narrow(question, self.choices)
