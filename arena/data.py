"""Data files row by row: JSON Lines, CSV and Parquet, and the task that asks one question or more a row.

A file is read to its end before the first question is asked: a broken row stops an experiment before it costs anything.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any, ClassVar, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from arena.errors import ArenaError, ConfigError, DataError, choices
from arena.nouns import Question
from arena.task import Task

CELL = 2**31 - 1
"""Most characters in a CSV cell; the csv module's own limit is shorter than a story."""


class Shape(BaseModel):
    """The columns that a task needs of a row, each with its type; other columns are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


S = TypeVar("S", bound=Shape)


@dataclass(frozen=True)
class Row:
    """A row of a data file."""

    place: str
    """`file:line`; in a Parquet file, which has no lines, the row's number from 1."""
    number: int
    """From 1, blank lines and the header not counted."""
    fields: dict[str, Any]
    """Column -> value. Every value is text in a CSV file."""

    def error(self, message: str) -> DataError:
        """What is wrong with this row, for the caller to raise."""
        return DataError(f"{self.place}: {message}")

    def has(self, column: str) -> bool:
        """Whether there is such a column; `choices.text` is the part `text` of the column `choices`."""
        return self._reach(column)[0]

    def get(self, column: str) -> Any:
        """The value in a column, named as for `has`. Raises DataError with the nearest name where there is none."""
        found, value = self._reach(column)
        if not found:
            raise self.error(f"no column {column!r}; {choices(column, self.fields)}")
        return value

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """What is wrong with what is made of this row is an error of the row: a DataError that names its place."""
        try:
            yield
        except DataError:
            raise
        except ValidationError as error:
            raise self.error("; ".join(part["msg"].removeprefix("Value error, ") for part in error.errors())) from None
        except ArenaError as error:
            raise self.error(str(error)) from None

    def read(self, shape: type[S]) -> S:
        """The row as `shape`. Raises DataError that names the column which is missing or of the wrong type."""
        try:
            return shape.model_validate(self.fields)
        except ValidationError as error:
            raise self.error("; ".join(self._why([dict(part) for part in error.errors()]))) from None

    def _why(self, parts: list[dict[str, Any]]) -> Iterator[str]:
        lost = [part["loc"][0] for part in parts if part["type"] == "missing" and len(part["loc"]) == 1]
        if lost:
            near = choices(lost[0] if len(lost) == 1 else "", self.fields)
            yield f"no column {' and no '.join(map(repr, lost))}; {near}"
        for part in parts:
            if part["loc"][0] not in lost:
                column = ".".join(str(step) for step in part["loc"])
                yield f"column {column!r}: {part['msg']}, not {_brief(part['input'])}"

    def _reach(self, column: str) -> tuple[bool, Any]:
        if column in self.fields:
            return True, self.fields[column]
        value: Any = self.fields
        for step in column.split("."):
            if not isinstance(value, dict) or step not in value:
                return False, None
            value = value[step]
        return True, value


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def rows(path: str) -> Iterator[Row]:
    """The rows of a data file whose format its name tells, in order; `~` is the home folder.

    Raises DataError, with the place, where the file is missing, empty, of another format, or has a row that is broken.
    """
    file = Path(path).expanduser()
    suffix = next((known for known in READERS if file.name.lower().endswith(known)), "")
    if not suffix:
        raise DataError(
            f"{path}: files that end in {_ending(file)!r} cannot be read; {choices(_ending(file), READERS)}"
        )
    if not file.is_file():
        raise DataError(f"{path}: {_absent(file)}")
    number = 0
    for number, (line, fields) in enumerate(READERS[suffix](file), start=1):
        yield Row(f"{path}:{line}", number, fields)
    if not number:
        raise DataError(f"{path}: has no rows")


def _ending(file: Path) -> str:
    return "".join(file.suffixes[-2:] if file.suffix.lower() == ".gz" else file.suffixes[-1:])


def _absent(file: Path) -> str:
    if file.is_dir():
        return "is a folder, not a file"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    beside = [other.name for other in file.parent.iterdir() if other.name.lower().endswith(tuple(READERS))]
    return f"there is no such file; {choices(file.name, beside)}"


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        packed = file.suffix.lower() == ".gz"
        with cast("IO[bytes]", gzip.open(file)) if packed else file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file}:{number}: is not UTF-8 text: {error.reason} at byte {error.start + 1}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}:{number + 1}: cannot be read: {error}") from None


def _jsonl(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in _lines(file):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                f"{file}:{number}: is not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
            ) from None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}:{number}: is not JSON that can be read: {error}") from None
        if not isinstance(row, dict):
            raise DataError(f"{file}:{number}: a row is an object {{...}}, not {_brief(row)}")
        yield number, row


def _csv(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(CELL)
    reader = csv.reader((line for _, line in _lines(file)), strict=True)
    header: list[str] = []
    while True:
        # A quoted cell may run over lines, so a record starts one line after the end of the last.
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{file}:{start}: is not CSV: {error}") from None
        if cells is None:
            return
        if not header:
            header = _header(f"{file}:{start}", cells)
        elif cells and len(cells) != len(header):
            raise DataError(f"{file}:{start}: has {len(cells)} cells, the header has {len(header)}")
        elif cells:
            yield start, dict(zip(header, cells, strict=True))


def _header(place: str, cells: list[str]) -> list[str]:
    twice = sorted({cell for cell in cells if cells.count(cell) > 1})
    if twice:
        raise DataError(f"{place}: two columns have the same name: {', '.join(map(repr, twice))}")
    return cells


def _parquet(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    # Imported here because it takes longer than all the rest of a short run.
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file}:{number + 1}: is not Parquet that can be read: {error}") from None


READERS = {".jsonl": _jsonl, ".jsonl.gz": _jsonl, ".csv": _csv, ".csv.gz": _csv, ".parquet": _parquet}
"""How a file's name ends -> how it is read: line number and columns of each row."""


class Reader(Task):
    """A task that reads a data file, and asks about each row a question, several, or none."""

    origin: ClassVar[str] = "a data file"
    """What `path` must point to, where it comes from and which columns are read: the end of the message without it."""

    path: str = ""
    """The data file: .jsonl, .jsonl.gz, .csv, .csv.gz or .parquet."""

    @abstractmethod
    def ask(self, row: Row) -> Iterable[Question]:
        """The questions of one row; none where it cannot be asked about. Raises DataError where the row is broken."""

    def rows(self) -> Iterator[Row]:
        """Every row, in the file's order."""
        return rows(self.path)

    def read(self) -> list[Question]:
        """Every question, in the file's order. Raises DataError for a bad row, an id used twice, and no question."""
        found: dict[str, tuple[Question, Row]] = {}
        for row in self.rows():
            for question in self._asked(row):
                if question.id in found:
                    raise row.error(f"id {question.id!r} is used before, at {found[question.id][1].place}")
                found[question.id] = question, row
        if not found:
            raise DataError(f"{self.path}: has no row that can be asked about")
        return [question for question, _ in found.values()]

    def stream(self, seed: int) -> Iterator[Question]:
        """The first `questions` of all, shuffled by `random.Random` seeded with `seed`.

        The same file and seed give the same order, and a larger `questions` only adds to its end.
        Raises ConfigError without `path`, and what `read` raises.
        """
        if not self.path:
            raise ConfigError(f"task {self.name!r} needs `path`: {self.origin}")
        found = self.read()
        Random(f"questions {seed}").shuffle(found)
        return iter(found[: self.questions])

    def _asked(self, row: Row) -> list[Question]:
        with row.blamed():
            return list(self.ask(row))
