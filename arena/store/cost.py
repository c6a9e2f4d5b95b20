"""What a run took, by protocol, cast and role, and what befell its turns."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Engine, Select, Text, func, literal, select

from arena.plugin import Frozen
from arena.store import read
from arena.store import schema as s
from arena.store.read import ANSWERED, Spent


class Effort(Frozen):
    """What one role took in one protocol with one cast, counted whether or not the response cache served it."""

    run: str = ""
    protocol: str
    cast: str
    """Empty where nobody speaks."""
    role: str
    """The speakers' role in the protocol, or `judge` and the judge's label."""
    calls: int
    prompt_tokens: int
    """Read, as far as the servers say."""
    completion_tokens: int
    """Written, as far as the servers say."""
    cost: float | None
    """US dollars; None where unknown."""
    seconds: float
    """Sum of the latencies."""


class Tally(Frozen):
    """What was the matter with the turns of one side."""

    run: str = ""
    protocol: str
    cast: str
    arm: str
    """`right` or `wrong`: the answer that the speaker defended, given to it or chosen; empty where there is none."""
    turns: int
    counts: dict[str, int]
    """Outcome -> turns; and `cut` turns, and `forged` marks of verification."""


def spent(efforts: Sequence[Effort]) -> Spent:
    """What these took together."""
    costs = [one.cost for one in efforts]
    known = [cost for cost in costs if cost is not None]
    return Spent(
        calls=sum(one.calls for one in efforts),
        tokens=sum(one.prompt_tokens + one.completion_tokens for one in efforts),
        cost=math.fsum(known) if len(known) == len(costs) else None,
        seconds=math.fsum(one.seconds for one in efforts),
    )


def _mine(run: str) -> Any:
    """Calls of speakers, and of the run's own judges."""
    judges = select("judge " + s.judges.c.judge).where(s.judges.c.run == run)
    return ~s.calls.c.seat.startswith("judge ") | s.calls.c.seat.in_(judges)


def efforts(engine: Engine, run: str) -> list[Effort]:
    """A line for each protocol, cast and role, in the order of the run, its judges last."""
    c, m, p = s.calls.c, s.matches.c, s.played.c
    added = [func.sum(func.coalesce(one, 0)) for one in (c.prompt_tokens, c.completion_tokens, c.cost, c.latency)]
    query = (
        select(
            m.label, m.cast, c.seat, func.count(), *added, func.count().filter(c.cost.is_(None)), func.min(p.position)
        )
        .join_from(s.calls, s.matches, c.match == m.key)
        .join(s.played, p.match == m.key)
        .where(p.run == run, ANSWERED, _mine(run))
        .group_by(m.label, m.cast, c.seat)
    )
    seats = {label: protocol.seats for label, protocol in read.protocols(engine, run).items()}
    with engine.connect() as db:
        rows = sorted(db.execute(query), key=lambda row: (row[-1], row.seat.startswith("judge "), row.seat))
        own = db.execute(select(s.judges).where(s.judges.c.run == run))
        judges = {f"judge {judge.judge}": f"judge {judge.label}" for judge in own}
    found: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for label, cast, seat, *sums, _ in rows:
        role = judges.get(seat) or seats.get(label, {}).get(seat, seat)
        found[label, cast, role].append(sums)
    return [_effort(run, *group, parts) for group, parts in found.items()]


def _effort(run: str, label: str, cast: str, role: str, parts: list[Any]) -> Effort:
    calls, prompt, completion, cost, seconds, unknown = (sum(column) for column in zip(*parts, strict=True))
    return Effort(
        run=run,
        protocol=label,
        cast=cast,
        role=role,
        calls=calls,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=None if unknown else float(cost),
        seconds=float(seconds),
    )


def tallies(engine: Engine, run: str) -> list[Tally]:
    """A line for each protocol, cast and side for which anybody spoke, in the order of the run.

    Turns are counted in the database, those alike together: most have nothing the matter.
    """
    turns: Counter[tuple[str, str, str]] = Counter()
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    with engine.connect() as db:
        given = db.execute(_noted(run, chosen=False)).all()
        chose = db.execute(_noted(run, chosen=True)).all()
    own = {match: _sides(engine, match) for match in dict.fromkeys(row.match for row in chose)}
    for row in sorted((*given, *chose), key=lambda row: row.place):
        sides = own[row.match] if row.match else json.loads(row.defends)
        side = ("right" if sides[row.seat] == row.correct else "wrong") if row.seat in sides else ""
        group = row.label, row.cast, side
        turns[group] += row.turns
        told = dict.fromkeys(json.loads(row.outcomes or "null") or (), row.turns)
        counts[group].update({**told, "cut": row.turns * bool(row.cut), "forged": row.turns * (row.forged or 0)})
    return [
        Tally(run=run, protocol=label, cast=cast, arm=arm, turns=n, counts=_some(counts[label, cast, arm]))
        for (label, cast, arm), n in turns.items()
    ]


def _some(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _noted(run: str, chosen: bool) -> Select[Any]:
    """How many turns of a run are alike in what was noted of them, in matches where the sides were given, or, one by
    one, in those where a speaker chose its own."""
    m, p, q, t = s.matches.c, s.played.c, s.questions.c, s.turns.c
    defends, outcomes = (sql.cast(one, Text) for one in (m.defends, t.body["outcomes"]))
    own = (m.arm != "") & (defends == "{}")
    alike = [
        m.label, m.cast, t.seat, q.correct, defends.label("defends"), outcomes.label("outcomes"),
        t.body["cut"].as_boolean().label("cut"), t.body["forged"].as_integer().label("forged"),
        (m.key if chosen else literal("")).label("match"),
    ]  # fmt: skip
    return (
        select(*alike, func.count().label("turns"), func.min(p.position).label("place"))
        .join_from(s.turns, s.matches, t.match == m.key)
        .join(s.played, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .where(p.run == run, own if chosen else ~own)
        .group_by(*alike)
    )


def _sides(engine: Engine, match: str) -> dict[str, int]:
    """Who argued for what in a match where that was chosen."""
    kept = read.kept(engine, match)
    return kept.match.sides(kept.turns)
