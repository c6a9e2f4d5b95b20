"""QuALITY: multiple-choice questions about long articles that the judge does not read (50 items with their articles).

The article is hidden: debaters read and quote it. The four options are those of the data set (Pang et al. 2022), with
their order. Questions about one article share their source, also with the other sets that are made from QuALITY.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.task import narrow


class _Item(Shape):
    id: str
    quality_article_id: str | None = None
    question: str
    options: tuple[str, ...]
    gold_index: int
    article: str


class Quality(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "the 50-item slice of QuALITY (github.com/acharyaanusha/sophistry-bench, quality_dev.json) as one row a "
        "question, with the columns id, question, options, gold_index (from 0), article and, "
        "where known, quality_article_id"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many of the four options to keep, the right one among them; None keeps all. A debate needs two."""

    def ask(self, row: Row) -> Iterator[Question]:
        item = row.read(_Item)
        question = Question(
            id=item.id,
            text=item.question.strip(),
            answers=tuple(option.strip() for option in item.options),
            correct=item.gold_index,
            passage=item.article,
            source=item.quality_article_id or item.id,
        )
        yield narrow(question, self.choices)
