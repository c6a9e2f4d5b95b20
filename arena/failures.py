"""What failed, where, and for which side: failures that fall more on one side bias accuracy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from arena.nouns import JUDGE
from arena.samples import judges
from arena.store import read
from arena.store import schema as s


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
    """Whether the seat argued for a right answer; None where it was given none."""
    times: int
    again: int
    """Of these, how many the next run tries again."""
    example: str
    """The message of one."""


def losses(engine: Engine, run: str) -> tuple[Loss, ...]:
    """What failed in a run (by its id) and has not been mended, the most frequent first."""
    groups: dict[tuple[Any, ...], list[tuple[bool, str]]] = defaultdict(list)
    for group, again, message in (*_failed(engine, run), *_unreadable(engine, run)):
        groups[group].append((again, message))
    found = [
        Loss._make((*group, len(rows), sum(again for again, _ in rows), rows[0][1])) for group, rows in groups.items()
    ]
    return tuple(sorted(found, key=lambda loss: -loss.times))


_Found = tuple[tuple[Any, ...], bool, str]
"""The group's fields, whether it is tried again, and the message."""


def _failed(engine: Engine, run: str) -> Iterator[_Found]:
    labels = judges(engine, run)
    for f in read.failures(engine, run):
        right = f["defends"][f["seat"]] == f["correct"] if f["seat"] in f["defends"] else None
        judge = labels.get(f["judge"], "")
        place = (f["protocol"], f["cast"], f["arm"], JUDGE if judge else f["seat"], judge)
        yield (f["stage"], f["kind"], *place, right), f["passing"], f["message"]


def _unreadable(engine: Engine, run: str) -> Iterator[_Found]:
    """Verdicts and beliefs that were given and could not be read, which are no failures in the store."""
    labels = judges(engine, run)
    m, p = s.matches.c, s.played.c
    for table, stage in ((s.rulings, "decide"), (s.beliefs, "believe")):
        r = table.c
        query = (
            select(m.label, m.cast, m.arm, r.judge, r.reason)
            .join_from(s.played, s.matches, p.match == m.key)
            .join(table, r.match == m.key)
            .where(p.run == run, r.state == "unreadable", r.judge.in_(labels))
            .order_by(p.position, r.order)
        )
        with engine.connect() as db:
            for label, cast, arm, judge, reason in db.execute(query):
                yield (stage, "unreadable", label, cast, arm, JUDGE, labels[judge], None), False, reason
