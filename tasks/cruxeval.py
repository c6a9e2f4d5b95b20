"""CRUXEval: what does this Python function return? The wrong answers are what a real model predicted.

Nothing is hidden. Function and call stand in the question, so the judge could work the answer out, slowly and step by
step; that labour is the gap which a debate must bridge, and what a debater says can be checked line by line. The
predictions of the input are not read. Wrong answers are the recorded predictions marked wrong that Python reads as a
value, each value once; all answers are written in the same way and stand in alphabetical order, since spacing and kind
of quotation mark would tell a prediction from a result. Rows without such a prediction are left out.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.task import narrow


class _Item(Shape):
    id: str
    code: str
    input: str
    output: str
    predictions: tuple[str, ...] = Field(alias="codellama7b_output_predictions")
    marks: tuple[bool, ...] = Field(alias="codellama7b_output_correct")


class Written(NamedTuple):
    """A Python value and how it is written here."""

    value: Any
    text: str


class CruxEval(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "CRUXEval with recorded predictions of outputs (github.com/facebookresearch/cruxeval, data/cruxeval.jsonl and "
        "samples/evaluation_results) joined by id, with the columns id, code, input, output, "
        "codellama7b_output_predictions and codellama7b_output_correct"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many answers to keep, the right one among them; None keeps all. A debate needs two."""

    def ask(self, row: Row) -> Iterator[Question]:
        item = row.read(_Item)
        if len(item.predictions) != len(item.marks):
            raise row.error(f"has {len(item.predictions)} predictions and {len(item.marks)} marks; each needs one")
        right = written(item.output)
        if right is None:
            raise row.error(f"column 'output' is not a Python value: {item.output!r:.60}")
        wrong = _wrong(item, right)
        if wrong:
            answers = sorted([right.text, *wrong])
            question = Question(
                id=item.id,
                text=f"What does the call f({item.input}) return?\n\n{item.code.strip()}",
                answers=tuple(answers),
                correct=answers.index(right.text),
                source=item.id,
            )
            yield narrow(question, self.choices)


def _wrong(item: _Item, right: Written) -> list[str]:
    values = [right.value]
    texts = []
    for prediction, mark in zip(item.predictions, item.marks, strict=True):
        read = None if mark else written(prediction)
        if read is not None and read.value not in values:
            values.append(read.value)
            texts.append(read.text)
    return texts


def written(text: str) -> Written | None:
    """A literal as a value and in one way of writing, with its elements in their order; None for anything else."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval")
        return Written(ast.literal_eval(tree), ast.unparse(tree))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
