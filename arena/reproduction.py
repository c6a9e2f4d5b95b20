"""A published table, computed again: from published data, or by playing what was played."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, ClassVar

from arena.plugin import OPERATIONAL, Frozen, Plugin


class Line(Frozen):
    """One figure of the table."""

    group: str
    """The row of the table: a setting, a judge."""
    figure: str
    """The column: accuracy, mean rounds."""
    published: float | None = None
    """As the paper prints it; None where it does not."""
    published_n: int | None = None
    """What the paper's figure rests on."""
    stated: float | None = None
    """What the data's own `expected` file says of these very data; None without one."""
    ours: float | None = None
    """None where the data do not define it; `method` says why."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval."""
    n: int = 0
    """What our figure rests on: verdicts, or votes."""
    method: str = ""
    """How the interval was reached."""
    digits: int = 4
    """Decimals to which the stated figure is rounded."""

    @property
    def agrees(self) -> bool | None:
        """Whether ours is the stated figure, to its rounding; None where none is stated."""
        if self.stated is None:
            return None
        return self.ours is not None and abs(self.ours - self.stated) <= 0.5 * 10**-self.digits + 1e-9


class Reproduction(Plugin):
    """One table of one paper."""

    kind: ClassVar[str] = "reproduction"
    source: ClassVar[str] = ""
    """The paper and its table."""
    data: ClassVar[str] = ""
    """The folder that the data are called by, and what must be in it; empty where the table is played."""
    deviations: ClassVar[tuple[str, ...]] = ()
    """What differs from the paper, and why."""

    path: Annotated[str, OPERATIONAL] = ""
    """A folder of the data, or their file."""

    @abstractmethod
    def lines(self) -> Iterator[Line]:
        """Every figure. Raises ConfigError without a path that it needs, and DataError."""
