"""The rulings of a run as columns, so that a hundred thousand of them are some arrays and not as many objects.

A word (a question's key, a judge's label) is kept once, and each ruling has its number: what is grouped and resampled
are numbers. A single ruling is made when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Record(NamedTuple):
    """One ruling with what the statistics need to know about it."""

    run: str
    match: str
    task: str
    question: str
    """The question's key."""
    source: str
    """The task's name and the question's source: two tasks may number their sources alike."""
    tags: tuple[str, ...]
    protocol: str
    """The label."""
    cast: str
    arm: str
    repeat: int
    judge: str
    """The label."""
    order: int
    state: str
    """`read`, `unreadable`, or `unscored` where it can be read and nobody knows a right answer."""
    p: tuple[float, ...]
    """A probability for each answer, in the order of the question; empty where the ruling could not be read."""
    correct: int
    prompt_tokens: int | None
    completion_tokens: int | None
    """Of the judge."""
    cost: float | None
    """US dollars."""
    seconds: float | None
    rounds: int
    """The last one that anybody spoke in; 0 where nobody spoke."""
    price: float
    """Bits of the judge's score for each round that it asks for; 0 where the protocol's plugin is not at hand."""
    first: int = -1
    """Index of the answer that was shown first; -1 where that is not known."""
    argued: tuple[int, ...] = ()
    """The answers that speakers were given to argue for, without those that a speaker chose for itself."""
    after: int = -1
    """Of what a judge held on the way to its ruling: after which round, 0 before anyone spoke; -1 for a ruling."""
    free: int = 1
    """Rounds that the judge does not ask for."""

    @property
    def score(self) -> float | None:
        """1 where the right answer is the most probable, 1/2 (1/k) in an exact tie of two (k), else 0.

        None where the ruling could not be read, or nobody knows a right answer.
        """
        if self.state != "read":
            return None
        best = [i for i, p in enumerate(self.p) if p == max(self.p)]
        return (self.correct in best) / len(best)


WORDS = ("run", "match", "task", "question", "source", "tags", "protocol", "cast", "arm", "judge", "state", "argued")
"""The fields of which many rulings share a value."""
WHOLE = ("repeat", "order", "correct", "rounds", "first", "after", "free")
_PARTS = ("prompt_tokens", "completion_tokens", "cost", "seconds", "price")


class Words:
    """A column of values that many rows share: the distinct values, and for each row which one it has."""

    __slots__ = ("codes", "values")

    def __init__(self, codes: Ints, values: Sequence[Any]) -> None:
        self.codes = codes
        self.values = values

    @classmethod
    def of(cls, column: Iterable[Any]) -> Words:
        """The values numbered in the order in which they first appear."""
        numbers: dict[Any, int] = {}
        codes = np.fromiter((numbers.setdefault(one, len(numbers)) for one in column), np.int64)
        return cls(codes, list(numbers))

    @classmethod
    def joined(cls, columns: Sequence[Words]) -> Words:
        """The rows of one column after those of the other, numbered together."""
        numbers: dict[Any, int] = {}
        codes = []
        for one in columns:
            new = np.array([numbers.setdefault(value, len(numbers)) for value in one.values], dtype=np.int64)
            codes.append(new[one.codes])
        return cls(np.concatenate(codes), list(numbers))

    def take(self, which: Mask | Ints) -> Words:
        """Those rows alone."""
        return Words(self.codes[which], self.values)

    def list(self) -> list[Any]:
        """The value of every row."""
        return [self.values[code] for code in self.codes.tolist()]

    def be(self, value: object) -> Mask:
        """Which rows have this value."""
        found: Mask = self.codes == (self.values.index(value) if value in self.values else -1)
        return found


class Rulings(Sequence[Record]):
    """Records, kept as columns; equal to any sequence of equal records."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Mapping[str, Any]) -> None:
        """`columns` has a `Words` for each of WORDS, an array of (n, answers) for `p`, padded with NaN, and an array of
        (n,) for each other field of a Record, NaN where a number is not known."""
        self._columns = dict(columns)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Rulings:
        """These records as columns."""
        if isinstance(records, Rulings):
            return records
        rows = list(records)
        values = dict(zip(Record._fields, zip(*rows, strict=True), strict=True)) if rows else {}
        return cls.table({name: values.get(name, ()) for name in Record._fields})

    @classmethod
    def table(cls, values: Mapping[str, Sequence[Any]]) -> Rulings:
        """Columns of a Record's fields, each a sequence of the values of that field."""
        made: dict[str, Any] = {name: Words.of(values[name]) for name in WORDS}
        made |= {name: np.asarray(values[name], dtype=np.int64) for name in WHOLE}
        made |= {name: np.asarray(values[name], dtype=np.float64) for name in _PARTS}  # None becomes NaN
        return cls({**made, "p": _padded(values["p"])})

    def words(self, name: str) -> Words:
        """The column of one of WORDS."""
        found: Words = self._columns[name]
        return found

    def whole(self, name: str) -> Ints:
        """(n,): the column of one of WHOLE."""
        found: Ints = self._columns[name]
        return found

    def number(self, name: str) -> Floats:
        """(n,): tokens, cost in dollars, seconds or price in bits; NaN where it is not known."""
        found: Floats = self._columns[name]
        return found

    @property
    def p(self) -> Floats:
        """(n, answers): the probabilities, NaN for an answer that a question does not have or a ruling does not say."""
        found: Floats = self._columns["p"]
        return found

    def take(self, which: Mask | Ints) -> Rulings:
        """Those rulings alone."""
        made = {name: one.take(which) if isinstance(one, Words) else one[which] for name, one in self._columns.items()}
        return Rulings(made)

    @classmethod
    def joined(cls, parts: Sequence[Rulings]) -> Rulings:
        """The rulings of all parts, one part after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.of(())
        made: dict[str, Any] = {name: Words.joined([one.words(name) for one in parts]) for name in WORDS}
        made |= {name: np.concatenate([one.whole(name) for one in parts]) for name in WHOLE}
        made |= {name: np.concatenate([one.number(name) for one in parts]) for name in _PARTS}
        return cls({**made, "p": _stacked([one.p for one in parts])})

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> Rulings: ...

    def __getitem__(self, at: int | slice) -> Record | Rulings:
        if isinstance(at, slice):
            return self.take(np.arange(len(self))[at])
        return next(iter(self.take(np.array([range(len(self))[at]]))))

    def __len__(self) -> int:
        return len(self.p)

    def __iter__(self) -> Iterator[Record]:
        columns = {name: one.list() for name, one in self._columns.items() if isinstance(one, Words)}
        columns |= {name: self.whole(name).tolist() for name in WHOLE}
        columns |= {name: _known(self.number(name)) for name in _PARTS}
        columns |= {name: _counts(columns[name]) for name in ("prompt_tokens", "completion_tokens")}
        columns["p"] = [tuple(x for x in row if not math.isnan(x)) for row in self.p.tolist()]
        return map(Record._make, zip(*(columns[name] for name in Record._fields), strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # arrays have none


def _stacked(parts: Sequence[Floats]) -> Floats:
    most = max(one.shape[1] for one in parts)
    return np.concatenate([np.pad(one, ((0, 0), (0, most - one.shape[1])), constant_values=np.nan) for one in parts])


def _padded(p: Sequence[Sequence[float]]) -> Floats:
    most = max(map(len, p), default=0)
    rows = [one if len(one) == most else (*one, *[np.nan] * (most - len(one))) for one in p]
    return np.array(rows, dtype=np.float64).reshape(len(p), most)


def _known(column: Floats) -> list[float | None]:
    return [None if math.isnan(x) else x for x in column.tolist()]


def _counts(column: Sequence[float | None]) -> list[int | None]:
    return [None if x is None else int(x) for x in column]
