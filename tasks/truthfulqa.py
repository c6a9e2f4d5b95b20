"""TruthfulQA: questions that people answer wrongly because a falsehood is widely believed.

Nothing is hidden: what the judge lacks is knowledge. The answers are the set's best answer and its incorrect ones
(Lin et al. 2022), in alphabetical order, without final full stops, which only wrong ones have; an incorrect answer that
is also listed as correct is left out. Questions from one page, or one recipe such as `tautology`, share their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.task import narrow


class _Entry(Shape):
    id: str | None = None
    type: str = Field(alias="Type")
    category: str = Field(alias="Category")
    question: str = Field(alias="Question")
    best: str = Field(alias="Best Answer")
    correct: str = Field(alias="Correct Answers")
    incorrect: str = Field(alias="Incorrect Answers")
    source: str = Field(alias="Source")


class TruthfulQA(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "TruthfulQA.csv (github.com/sylinrl/TruthfulQA), or the same as JSON Lines, with the columns Type, Category, "
        "Question, Best Answer, Correct Answers, Incorrect Answers, Source and, where there is one, id"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many answers to keep, the right one among them; None keeps all. A debate needs two."""

    def ask(self, row: Row) -> Iterator[Question]:
        entry = row.read(_Entry)
        best = _tidy(entry.best)
        right = {answer.casefold() for answer in [best, *_split(entry.correct)]}
        wrong = {answer.casefold(): answer for answer in _split(entry.incorrect) if answer.casefold() not in right}
        if wrong:
            name = entry.id or f"truthfulqa-{row.number}"
            answers = sorted([best, *wrong.values()], key=str.casefold)
            question = Question(
                id=name,
                text=entry.question.strip(),
                answers=tuple(answers),
                correct=answers.index(best),
                source=entry.source.partition("#")[0].strip() or name,
                tags=(entry.category, entry.type),
            )
            yield narrow(question, self.choices)


def _split(listed: str) -> list[str]:
    return [tidy for part in listed.split(";") if (tidy := _tidy(part))]


def _tidy(answer: str) -> str:
    return answer.strip().removesuffix(".")
