"""Your own questions: a JSON Lines, CSV or Parquet file whose columns you name.

A column that is called by its default name may be absent where a question can do without it (passage, id, source,
tags); under a name of your own it must be there, so that a slip of the pen is found. What is right is never guessed:
where the value of `correct` can be read in two ways that disagree, `correct_as` must say which one is meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from arena.data import Reader, Row
from arena.nouns import Question
from arena.task import narrow


class File(Reader):
    """One question a row. A dot reaches into a column that holds an object: `choices.text`."""

    origin: ClassVar[str] = "your .jsonl, .jsonl.gz, .csv, .csv.gz or .parquet file, one question a row"

    question: str = "question"
    """The column that holds the question."""
    answers: str | tuple[str, ...] = "answers"
    """One column that holds a list, a JSON list as text, or text with `|` between the answers; or a column for each
    answer, of which the last may be blank."""
    correct: str = "correct"
    """The column that says which answer is right: its index from 0, its text, or the name of its column."""
    correct_as: Literal["auto", "index", "text", "letter"] = "auto"
    """How `correct` is read. `auto` takes an index, a text or a column's name; `letter` takes A for the first."""
    passage: str = "passage"
    """The column that holds the hidden evidence; empty reads none."""
    id: str = "id"
    """The column that names the question; without it, its row number from 1."""
    source: str = "source"
    """The column that names the document a question came from, the cluster for the statistics; without it, the id."""
    tags: str | tuple[str, ...] = "tags"
    """The column that holds tags, written as `answers` are; or a column for each."""
    choices: int | None = Field(default=None, ge=2)
    """How many answers to keep, the right one among them; None keeps all. A debate needs two."""

    def ask(self, row: Row) -> Iterator[Question]:
        name = self._maybe(row, "id") or str(row.number)
        answers = _texts(row, self.answers)
        question = Question(
            id=name,
            text=_text(row, self.question),
            answers=answers,
            correct=self._right(row, answers),
            passage=self._maybe(row, "passage"),
            source=self._maybe(row, "source") or name,
            tags=() if self._absent(row, "tags") else _texts(row, self.tags),
        )
        yield narrow(question, self.choices)

    def _absent(self, row: Row, field: str) -> bool:
        column = getattr(self, field)
        default = type(self).model_fields[field].default
        return not column or (column == default and not row.has(column))

    def _maybe(self, row: Row, field: str) -> str | None:
        column = getattr(self, field)
        if self._absent(row, field) or row.get(column) in (None, ""):
            return None
        return _text(row, column)

    def _right(self, row: Row, answers: tuple[str, ...]) -> int:
        value = row.get(self.correct)
        readings = self._readings(value, answers)
        if len(set(readings.values())) > 1:
            meant = " or ".join(f"answer {index} by its {how}" for how, index in readings.items())
            raise row.error(f"column {self.correct!r}: {value!r} is {meant}; set `correct_as` to say which")
        if not readings:
            shown = f"{', '.join(map(repr, answers))}, or 0 to {len(answers) - 1}"
            raise row.error(f"column {self.correct!r}: {value!r} is none of the answers; choices: {shown}")
        return next(iter(readings.values()))

    def _readings(self, value: Any, answers: tuple[str, ...]) -> dict[str, int]:
        """Every way to read `value` as an answer's index; true and false are no index, though Python says 1 and 0."""
        if value is None or isinstance(value, bool | list | dict):
            return {}
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value).strip()
        found: dict[str, int] = {}
        if self.correct_as in ("auto", "index") and re.fullmatch("[0-9]{1,9}", text):
            found["index"] = int(text)
        if self.correct_as in ("auto", "text") and text in answers:
            found["text"] = answers.index(text)
        if self.correct_as == "auto" and isinstance(self.answers, tuple) and text in self.answers:
            found["column"] = self.answers.index(text)
        if self.correct_as == "letter" and re.fullmatch("[A-Za-z]", text):
            found["letter"] = ord(text.upper()) - ord("A")
        return {how: index for how, index in found.items() if index < len(answers)}


def _text(row: Row, column: str) -> str:
    text = _plain(row, column, row.get(column))
    if not text:
        raise row.error(f"column {column!r} is empty")
    return text


def _texts(row: Row, columns: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(columns, str):
        listed = tuple(_plain(row, columns, part) for part in _parts(row, columns))
        if "" in listed:
            raise row.error(f"column {columns!r} holds an empty text: {list(listed)}")
        return listed
    texts = [_plain(row, column, row.get(column)) for column in columns]
    while texts and not texts[-1]:
        texts.pop()
    if "" in texts:
        raise row.error(f"column {columns[texts.index('')]!r} is empty, and a later one of {', '.join(columns)} is not")
    return tuple(texts)


def _parts(row: Row, column: str) -> list[Any]:
    value = row.get(column)
    if isinstance(value, list):
        return value
    text = _plain(row, column, value)
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except json.JSONDecodeError:
            listed = None
        if isinstance(listed, list):
            return listed
    return [part for part in text.split("|") if part.strip()]


def _plain(row: Row, column: str, value: Any) -> str:
    if isinstance(value, list | dict):
        raise row.error(f"column {column!r} holds {type(value).__name__} where text is wanted: {value!r:.60}")
    return "" if value is None else str(value).strip()
