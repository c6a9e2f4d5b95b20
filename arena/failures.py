"""What failed, where, and for which side: failures that fall more on one side bias accuracy."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine


class Loss(NamedTuple):
    """Failures of one kind."""

    stage: str
    """`speak`, `decide` or `believe`."""
    kind: str
    """`unreadable`, a call's kind (`timeout`, ...), or `error`; unreadable verdicts are counted here as well."""
    protocol: str
    cast: str
    arm: str
    seat: str
    """Who failed; `judge` where a judge did."""
    judge: str
    """The judge's label where a judge failed."""
    right: bool | None
    """Whether the seat argued for a right answer; None where it argued for none."""
    times: int
    again: int
    """Of these, how many the next run tries again."""
    example: str
    """The message of one."""


def losses(engine: Engine, run: str) -> tuple[Loss, ...]:
    """What failed and has not been mended, the most frequent first."""
    raise NotImplementedError
