"""What a run took, by protocol, cast and role, and what befell its turns; of all questions, or of each task or tag."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sql
from sqlalchemy import Engine, Select, Text, func, literal, select

from arena.plugin import Frozen
from arena.store import read
from arena.store import schema as s
from arena.store.read import ANSWERED, Spent

Apart = Literal["task", "tag"]
"""What questions are told apart by; one with several tags counts for each."""


class Effort(Frozen):
    """What one role took in one protocol with one cast, counted whether or not the response cache served it."""

    run: str = ""
    group: str = ""
    """The task or the tag, where these are told apart."""
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
    group: str = ""
    """The task or the tag, where these are told apart."""
    protocol: str
    cast: str
    arm: str
    """`right` or `wrong`: the answer that the speaker defended, given to it or chosen; empty where there is none."""
    turns: int
    counts: dict[str, int]
    """Outcome -> turns; and `cut` turns, and `forged` marks of verification."""


def serves(one: Effort | Tally, run: str, group: str, protocol: str, cast: str) -> bool:
    """Whether it is of this protocol and cast in this run, and of this group where groups are told apart."""
    return (one.run, one.protocol, one.cast) == (run, protocol, cast) and one.group in {"", group}


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


_Whose = tuple[str, str, str, str]
"""A group, a protocol, a cast, and a role or an arm."""


def _together(whose: Collection[_Whose]) -> list[_Whose]:
    """Those of a group together, groups in the order in which they first come."""
    order = list(dict.fromkeys(group for group, *_ in whose))
    return sorted(whose, key=lambda one: order.index(one[0]))


def _groups(by: Apart | None) -> Any:
    """A column that says which groups a question is in, for `_named` to read."""
    q = s.questions.c
    return {"task": q.task, "tag": sql.cast(q.tags, Text)}[by] if by else literal("")


def _named(told: str, by: Apart | None) -> list[str]:
    """The groups that such a column tells of."""
    return list(dict.fromkeys(json.loads(told))) if by == "tag" else [told]


def efforts(engine: Engine, run: str, by: Apart | None = None) -> list[Effort]:
    """A line for each protocol, cast and role, in the order of the run, its judges last; those of each task or tag
    apart where `by` says so."""
    c, m, p = s.calls.c, s.matches.c, s.played.c
    added = [func.sum(func.coalesce(one, 0)) for one in (c.prompt_tokens, c.completion_tokens, c.cost, c.latency)]
    alike = [_groups(by).label("groups"), m.label, m.cast, c.seat]
    query = (
        select(*alike, func.count(), *added, func.count().filter(c.cost.is_(None)), func.min(p.position))
        .join_from(s.calls, s.matches, c.match == m.key)
        .join(s.played, p.match == m.key)
        .where(p.run == run, ANSWERED, _mine(run))
        .group_by(*alike)
    )
    if by:
        query = query.join(s.questions, m.question == s.questions.c.key)
    seats = {label: protocol.seats for label, protocol in read.protocols(engine, run).items()}
    with engine.connect() as db:
        rows = sorted(db.execute(query), key=lambda row: (row[-1], row.seat.startswith("judge "), row.seat))
        own = db.execute(select(s.judges).where(s.judges.c.run == run))
        judges = {f"judge {judge.judge}": f"judge {judge.label}" for judge in own}
    found: dict[_Whose, list[Any]] = defaultdict(list)
    for told, label, cast, seat, *sums, _ in rows:
        role = judges.get(seat) or seats.get(label, {}).get(seat, seat)
        for group in _named(told, by):
            found[group, label, cast, role].append(sums)
    return [_effort(run, whose, found[whose]) for whose in _together(found)]


def _effort(run: str, whose: _Whose, parts: list[Any]) -> Effort:
    calls, prompt, completion, cost, seconds, unknown = (sum(column) for column in zip(*parts, strict=True))
    names = dict(zip(("group", "protocol", "cast", "role"), whose, strict=True))
    return Effort(
        run=run,
        **names,
        calls=calls,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost=None if unknown else float(cost),
        seconds=float(seconds),
    )


def tallies(engine: Engine, run: str, by: Apart | None = None) -> list[Tally]:
    """A line for each protocol, cast and side for which anybody spoke, in the order of the run; those of each task or
    tag apart where `by` says so.

    Turns are counted in the database, those alike together: most have nothing the matter.
    """
    turns: Counter[_Whose] = Counter()
    counts: dict[_Whose, Counter[str]] = defaultdict(Counter)
    with engine.connect() as db:
        given = db.execute(_noted(run, by, chosen=False)).all()
        chose = db.execute(_noted(run, by, chosen=True)).all()
    own = {match: _sides(engine, match) for match in dict.fromkeys(row.match for row in chose)}
    for row in sorted((*given, *chose), key=lambda row: row.place):
        sides = own[row.match] if row.match else json.loads(row.defends)
        told = dict.fromkeys(json.loads(row.outcomes or "null") or (), row.turns)
        told |= {"cut": row.turns * bool(row.cut), "forged": row.turns * (row.forged or 0)}
        for group in _named(row.groups, by):
            whose = group, row.label, row.cast, _arm(sides, row.seat, row.correct)
            turns[whose] += row.turns
            counts[whose].update(told)
    names = ("group", "protocol", "cast", "arm")
    return [
        Tally(run=run, **dict(zip(names, whose, strict=True)), turns=turns[whose], counts=_some(counts[whose]))
        for whose in _together(turns)
    ]


def _arm(sides: Mapping[str, int], seat: str, correct: int) -> str:
    """Whether a seat defends the right answer; empty where it defends none, or nobody knows the right one."""
    if seat not in sides or correct == s.UNKNOWN:
        return ""
    return "right" if sides[seat] == correct else "wrong"


def _some(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _noted(run: str, by: Apart | None, chosen: bool) -> Select[Any]:
    """How many turns of a run are alike in what was noted of them, in matches where the sides were given, or, one by
    one, in those where a speaker chose its own."""
    m, p, q, t = s.matches.c, s.played.c, s.questions.c, s.turns.c
    defends, outcomes = (sql.cast(one, Text) for one in (m.defends, t.body["outcomes"]))
    own = (m.arm != "") & (defends == "{}")
    alike = [
        _groups(by).label("groups"), m.label, m.cast, t.seat, q.correct,
        defends.label("defends"), outcomes.label("outcomes"),
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
