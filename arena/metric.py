"""A metric measures a figure on the rulings of one group, with the uncertainty that its sources leave."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from arena.plugin import Frozen, Plugin
from arena.rulings import Floats, Mask, Record, Rulings


class Lost(NamedTuple):
    """A ruling that was to be and never came about: its match or its judge failed."""

    question: str
    source: str
    arm: str
    repeat: int
    task: str = ""
    tags: tuple[str, ...] = ()


class Sample:
    """The rulings of one protocol, judge and cast, those that failed, and what was held on the way to them."""

    def __init__(self, records: Sequence[Record], lost: Sequence[Lost] = (), beliefs: Sequence[Record] = ()) -> None:
        self.records = Rulings.of(records)
        self.lost = tuple(lost)
        self.beliefs = Rulings.of(beliefs)

    @cached_property
    def read(self) -> Mask:
        """(n,): which rulings could be read."""
        return self.records.words("state").be("read")

    @cached_property
    def chance(self) -> Floats:
        """(n,): the probability that each ruling gave the right answer; NaN where it could not be read."""
        rulings = self.records
        if not rulings.p.size:
            return np.full(len(rulings), np.nan)
        found = rulings.p[np.arange(len(rulings)), rulings.whole("correct")]
        return np.where(self.read, found, np.nan)

    @cached_property
    def top(self) -> Floats:
        """(n,): the probability of each ruling's most probable answer; NaN where it could not be read. It is there also
        where nobody knows what is right."""
        p = self.records.p
        found = np.fmax.reduce(p, axis=1, initial=-np.inf) if p.size else np.full(len(p), -np.inf)
        return np.where(np.isneginf(found), np.nan, found)

    @cached_property
    def best(self) -> Mask:
        """(n, answers): which answers each ruling found the most probable; several in an exact tie."""
        return np.asarray(self.records.p == self.top[:, None])

    @cached_property
    def score(self) -> Floats:
        """(n,): 1 where the right answer is the most probable, 1/k in an exact tie of k, else 0; NaN where unread."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (self.chance == self.top) / self.best.sum(axis=1)
        return np.where(self.read, found, np.nan)

    def where(self, which: Mask, lost: Sequence[Lost] = (), beliefs: Mask | None = None) -> Sample:
        """Some of its rulings and beliefs, with what failed of them."""
        return Sample(self.records.take(which), lost, self.beliefs if beliefs is None else self.beliefs.take(beliefs))


class Figure(Frozen):
    """A number with its 95 % interval and everything it rests on."""

    metric: str
    value: float | None
    """None where there is nothing to measure."""
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Of a two-sided test, where the metric has one."""
    method: str = ""
    """How the interval was reached."""
    sources: int = 0
    questions: int = 0
    rulings: int = 0
    unreadable: int = 0
    failed: int = 0


class Metric(Plugin):
    """What is reported about a group of rulings, or about two groups that ruled on the same questions."""

    kind: ClassVar[str] = "metric"

    @abstractmethod
    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The figure for `sample`, or for `sample` minus `against` where the metric compares."""
