"""What a run took, by protocol, cast and role, and what befell its turns."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Engine, func, select

from arena.plugin import Frozen
from arena.store import read
from arena.store import schema as s
from arena.store.read import ANSWERED, Spent


class Effort(Frozen):
    """What one role took in one protocol with one cast, counted whether or not the response cache served it."""

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

    protocol: str
    cast: str
    arm: str
    """`right` or `wrong`: the answer that the speaker defended, given to it or chosen; empty where there is none."""
    turns: int
    counts: dict[str, int]
    """Outcome -> turns; and `cut` turns, and `forged` marks of verification."""


def tokens(engine: Engine, run: str) -> dict[tuple[str, str], Spent]:
    """What each protocol took with each cast: calls, tokens, cost and seconds, counted whether or not the response
    cache served it."""
    c, m = s.calls.c, s.matches.c
    known = func.coalesce(c.prompt_tokens, 0) + func.coalesce(c.completion_tokens, 0)
    unknown = func.count().filter(c.cost.is_(None))
    query = (
        select(m.label, m.cast, func.count(), func.sum(known), func.sum(c.cost), func.sum(c.latency), unknown)
        .join_from(s.calls, s.matches, c.match == m.key)
        .join(s.played, s.played.c.match == m.key)
        .where(s.played.c.run == run, ANSWERED, _mine(run))
        .group_by(m.label, m.cast)
    )
    with engine.connect() as db:
        rows = db.execute(query).all()
    return {
        (label, cast): Spent(calls, int(total or 0), None if blank else float(cost or 0), float(seconds or 0))
        for label, cast, calls, total, cost, seconds, blank in rows
    }


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
    return [_effort(*group, parts) for group, parts in found.items()]


def _effort(label: str, cast: str, role: str, parts: list[Any]) -> Effort:
    calls, prompt, completion, cost, seconds, unknown = (sum(column) for column in zip(*parts, strict=True))
    return Effort(
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
    """A line for each protocol, cast and side for which anybody spoke, in the order of the run."""
    m, p, q, t = s.matches.c, s.played.c, s.questions.c, s.turns.c
    noted = (t.body["outcomes"], t.body["cut"].as_boolean(), t.body["forged"].as_integer())
    query = (
        select(m.key, m.label, m.cast, m.arm, m.defends, q.correct, t.seat, *noted)
        .join_from(s.turns, s.matches, t.match == m.key)
        .join(s.played, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .where(p.run == run)
        .order_by(p.position, t.number)
    )
    turns: Counter[tuple[str, str, str]] = Counter()
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    chosen: dict[str, dict[str, int]] = {}
    with engine.connect() as db:
        for match, label, cast, arm, defends, correct, seat, outcomes, cut, forged in db.execute(query):
            if arm and not defends and match not in chosen:
                kept = read.kept(engine, match)
                chosen[match] = kept.match.sides(kept.turns)
            sides = defends or chosen.get(match, {})
            sided = seat in sides and correct != s.UNKNOWN
            group = label, cast, ("right" if sides[seat] == correct else "wrong") if sided else ""
            turns[group] += 1
            counts[group].update(outcomes or ())
            counts[group].update({"cut": int(bool(cut)), "forged": forged or 0})
    return [
        Tally(
            protocol=label, cast=cast, arm=arm, turns=n, counts={k: v for k, v in counts[label, cast, arm].items() if v}
        )
        for (label, cast, arm), n in turns.items()
    ]
