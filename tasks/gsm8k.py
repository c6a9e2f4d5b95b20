"""GSM8K: grade-school arithmetic where the wrong answers are what real models answered.

The hidden passage is the reference solution without its last line, the bare answer, and without its calculator marks:
the steps are evidence to be quoted and checked, the answer alone would settle the debate with one quote. The wrong
answers are the last numbers of the recorded solutions marked wrong, and the answers stand in the order of their size.
Questions that no model got wrong with a number are left out, which makes those that stay harder than the set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.task import narrow


class _Solution(Shape):
    is_correct: bool
    solution: str


class _Problem(Shape):
    id: str
    question: str
    answer: str
    reference_solution: str
    small: _Solution = Field(alias="6b_finetuning")
    small_checked: _Solution = Field(alias="6b_verification")
    large: _Solution = Field(alias="175b_finetuning")
    large_checked: _Solution = Field(alias="175b_verification")

    @property
    def wrong(self) -> list[str]:
        """The solutions that are marked wrong."""
        tried = (self.small, self.small_checked, self.large, self.large_checked)
        return [attempt.solution for attempt in tried if not attempt.is_correct]


class Gsm8k(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "GSM8K's test questions with the example model solutions (github.com/openai/grade-school-math, data/test.jsonl "
        "and data/example_model_solutions.jsonl) joined row by row, with the columns id, question, answer, "
        "reference_solution, 6b_finetuning, 6b_verification, 175b_finetuning and 175b_verification"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many answers to keep, the right one among them; None keeps all. A debate needs two."""
    whole: bool = False
    """Leave out wrong answers that are not whole numbers: every right one is whole, which a judge may know."""

    def ask(self, row: Row) -> Iterator[Question]:
        problem = row.read(_Problem)
        right = number(problem.answer)
        if right is None:
            raise row.error(f"column 'answer' is not a number: {problem.answer!r}")
        wrong = {value for value in map(final, problem.wrong) if value is not None and value != right}
        if self.whole:
            wrong = {value for value in wrong if value == value.to_integral_value()}
        if wrong:
            order = sorted([right, *wrong])
            question = Question(
                id=problem.id,
                text=problem.question.strip(),
                answers=tuple(map(_shown, order)),
                correct=order.index(right),
                passage=_steps(problem.reference_solution),
                source=problem.id,
            )
            yield narrow(question, self.choices)


def final(solution: str) -> Decimal | None:
    """The number that a recorded solution ends with, after `A:`; None where it ends without one."""
    lines = solution.strip().splitlines()
    found = re.fullmatch(r"\s*A:(.*)", lines[-1]) if lines else None
    return number(found[1]) if found else None


def number(text: str) -> Decimal | None:
    """A number as people write it: `$1,200`, `14.80`, `-3`; None for anything else."""
    bare = re.sub(r"[$,\s]", "", text).removesuffix(".")
    return Decimal(bare) if re.fullmatch(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)", bare) else None


def _shown(value: Decimal) -> str:
    """One way of writing for all: `8.0` beside `9` would tell a model's answer from the set's."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _steps(reference: str) -> str:
    kept = [line for line in reference.splitlines() if not line.startswith("####")]
    return re.sub(r"<<[^<>]*>>", "", "\n".join(kept)).strip()
