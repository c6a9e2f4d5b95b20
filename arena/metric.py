"""A metric measures a figure on the rulings of one group, with the uncertainty that its sources leave."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from arena.plugin import Frozen, Plugin
from arena.store.read import Record


class Lost(NamedTuple):
    """A ruling that was to be and never came about: its match or its judge failed."""

    question: str
    source: str
    arm: str
    repeat: int


class Sample(NamedTuple):
    """The rulings of one protocol, judge and cast, and those that failed."""

    records: Sequence[Record]
    lost: Sequence[Lost] = ()


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
