"""Pairwise votes of taste: which of two models' replies to a prompt is better, as in LLMFAO's crowd comparisons.

Nobody knows which reply is better, so the votes are kept and never scored. The replies themselves are not published
with the votes; the models' names stand for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import ClassVar, Literal, NamedTuple

from arena.data import Row, Shape, rows
from arena.importer import Imported, Importer, Judgement, judge
from arena.nouns import Question
from arena.pairs import unspoken
from arena.parts import files

_P = {"left": (1.0, 0.0), "right": (0.0, 1.0), "tie": (0.5, 0.5)}


class Vote(Shape):
    """A row."""

    prompt: str
    worker: str
    winner: Literal["left", "right", "tie"]
    left: str
    right: str


class Voted(NamedTuple):
    """A row with its place."""

    row: Row
    one: Vote


class Votes(Importer):
    """Each pair of models on a prompt a match in which nobody speaks, with a verdict of everyone who voted on it."""

    origin: ClassVar[str] = (
        "comparisons.*.csv.gz of LLMFAO (github.com/dustalov/evalica), a vote a row: prompt, worker, winner (left, "
        "right, tie), left, right"
    )

    def cast(self) -> Iterator[Voted]:
        """Every vote, in the order of the file. Raises DataError."""
        for row in chain.from_iterable(rows(path) for path in files(self.path, "comparisons")):
            yield Voted(row, row.read(Vote))

    def read(self) -> Iterator[Imported]:
        asked: dict[tuple[str, str, str], list[Voted]] = defaultdict(list)
        for vote in self.cast():
            asked[vote.one.prompt, vote.one.left, vote.one.right].append(vote)
        for (prompt, left, right), votes in asked.items():
            row = votes[0].row
            with row.blamed():
                question = Question(
                    id=f"{prompt}: {left} | {right}",
                    text=f"Which reply to prompt {prompt} is better?",
                    answers=(left, right),
                    correct=None,
                    source=prompt,
                )
            judged = tuple(Judgement(judge(f"human {one.worker}", "votes"), _P[one.winner]) for _, one in votes)
            yield Imported(row.place, unspoken(question), judged=judged)
