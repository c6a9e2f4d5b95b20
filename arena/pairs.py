"""Pairs of responses in one file and recorded decisions on them in another, joined by the pair's id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Generic, NamedTuple, TypeVar

from arena.data import Row, Shape, rows
from arena.match import Match
from arena.nouns import Question
from arena.parts import beside, files
from arena.protocols.direct import Direct

P = TypeVar("P", bound=Shape)
D = TypeVar("D", bound=Shape)


class Decided(NamedTuple, Generic[D]):
    """A decision with its place."""

    row: Row
    one: D


class Pair(NamedTuple, Generic[P, D]):
    """A pair with its place and every decision on it."""

    row: Row
    one: P
    decided: list[Decided[D]]


class Joined(NamedTuple, Generic[P, D]):
    """Two files of one set: what a row of each is, and the column that both call the pair by."""

    pair: type[P]
    decision: type[D]
    column: str

    def read(self, path: str, pairs: str) -> Iterator[Pair[P, D]]:
        """Every pair that anybody decided on, in the order of their file; `pairs` is its path, empty for beside `path`.

        Raises DataError where a pair is there twice, or is decided on and not there.
        """
        left = self._decisions(path)
        found = files(pairs, "pairs") if pairs else beside(path, "pairs")
        places: dict[str, str] = {}
        for row in chain.from_iterable(map(rows, found)):
            one = row.read(self.pair)
            name = getattr(one, self.column)
            if name in places:
                raise row.error(f"column {self.column!r}: {name!r} is a pair already, at {places[name]}")
            places[name] = row.place
            if given := left.pop(name, []):
                yield Pair(row, one, given)
        for name, given in left.items():
            raise given[0].row.error(f"column {self.column!r}: {name!r} is no pair in {', '.join(found)}")

    def _decisions(self, path: str) -> dict[str, list[Decided[D]]]:
        decided: dict[str, list[Decided[D]]] = defaultdict(list)
        for row in chain.from_iterable(map(rows, files(path, "decisions"))):
            one = row.read(self.decision)
            decided[getattr(one, self.column)].append(Decided(row, one))
        return decided


def unspoken(question: Question) -> Match:
    """A match in which nobody speaks, its answers in the order of the question."""
    return Match(question=question, protocol=Direct(), agents={}, defends={}, shown=(0, 1))
