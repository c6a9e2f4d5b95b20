"""What the arena makes of a run, kept until the run goes on: pages show these figures and make none of their own."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import String, cast, func, select

from arena.compare import Comparison, compare
from arena.store import cost, read
from arena.store import schema as s
from arena.store.cost import Effort, Tally
from dashboards import reading
from dashboards.reading import Run, kept

SIDES = {"right": "argued the right answer", "wrong": "argued a wrong answer", "": "argued for no answer"}
"""What a seat stood for, in words."""


class Loss(NamedTuple):
    """Failures of one kind."""

    stage: str
    kind: str
    protocol: str
    who: str
    """The seat, or the judge."""
    side: str
    """`right` or `wrong`: the answer that the seat argued for; empty where it argued for none, or chose by itself."""
    arm: str
    times: int
    again: int
    """Of these, how many the next run tries again."""
    example: str


class Failed(NamedTuple):
    """One failure in the list."""

    match: str
    stage: str
    kind: str
    protocol: str
    who: str
    message: str


class Model(NamedTuple):
    """What a run asked of one model."""

    model: str
    calls: int
    """Answered ones."""
    cached: int
    """Of these, served from the response cache."""
    errors: int
    """Calls that brought no reply."""
    prompt: int
    completion: int
    cost: float | None
    seconds: float


@kept(600, 16)
def comparison(run: Run, baseline: str | None = None) -> Comparison:
    """The run's protocols compared."""
    return compare(reading.store(run), run.id, baseline)


@kept(30)
def spent(run: Run) -> read.Spent:
    """What the run has paid for so far."""
    return read.spent(reading.store(run), run.id)


@kept(600)
def chance(run: Run) -> tuple[float, int, int]:
    """The share that a coin would get right, and the least and the most answers that a question has."""
    m, p, q = s.matches.c, s.played.c, s.questions.c
    mine = select(m.question).join_from(s.played, s.matches, p.match == m.key).where(p.run == run.id)
    with reading.store(run).connect() as db:
        counts = Counter(len(answers) for answers in db.scalars(select(q.answers).where(q.key.in_(mine))))
    total = counts.total() or 1
    share = sum(count / answers for answers, count in counts.items()) / total
    return share, min(counts, default=2), max(counts, default=2)


@kept(600)
def efforts(run: Run) -> tuple[Effort, ...]:
    """What each role took in each protocol."""
    return tuple(cost.efforts(reading.store(run), run.id))


@kept(600)
def tallies(run: Run) -> tuple[Tally, ...]:
    """What was the matter with turns, by protocol and side."""
    return tuple(cost.tallies(reading.store(run), run.id))


@kept(60)
def models(run: Run) -> tuple[Model, ...]:
    """What the run asked of each model, the most asked first."""
    c = s.calls.c
    name = func.coalesce(c.resolved, c.model)
    sums = [func.sum(func.coalesce(one, 0)) for one in (c.prompt_tokens, c.completion_tokens, c.cost, c.latency)]
    unpriced = func.count().filter(c.cost.is_(None) & read.ANSWERED)
    query = (
        select(
            name,
            func.count().filter(read.ANSWERED),
            func.count().filter(read.ANSWERED & c.cached),
            func.count().filter(~read.ANSWERED),
            *sums,
            unpriced,
        )
        .where(c.run == run.id)
        .group_by(name)
        .order_by(func.count().desc())
    )
    with reading.store(run).connect() as db:
        return tuple(
            Model(model, calls, cached, errors, int(read_), int(wrote), None if blank else float(paid), float(took))
            for model, calls, cached, errors, read_, wrote, paid, took, blank in db.execute(query)
        )


@kept(60)
def losses(run: Run) -> tuple[Loss, ...]:
    """The run's failures by stage, kind, protocol, seat and side, the most frequent first; counted by the database."""
    f, m, q = s.failures.c, s.matches.c, s.questions.c
    by = (f.stage, f.kind, m.label, f.seat, f.judge, m.arm, cast(m.defends, String), q.correct)
    query = _failures(run, *by, func.count(), func.count().filter(f.passing), func.min(f.id)).group_by(*by)
    found: dict[tuple[str, str, str, str, str, str], list[Any]] = defaultdict(list)
    with reading.store(run).connect() as db:
        names = _judges(db, run)
        for stage, kind, label, seat, judge, arm, defends, correct, *counted in db.execute(query):
            who = names.get(judge, judge) if judge else seat
            found[stage, kind, label, who, _side(seat, defends, correct), arm].append(tuple(counted))
        first = {group: min(one for _, _, one in rows) for group, rows in found.items()}
        told = {row.id: row.message for row in db.execute(select(f.id, f.message).where(f.id.in_(first.values())))}
    made = [
        Loss(*group, times=sum(n for n, _, _ in rows), again=sum(n for _, n, _ in rows), example=told[first[group]])
        for group, rows in found.items()
    ]
    return tuple(sorted(made, key=lambda loss: -loss.times))


@kept(30)
def failed(run: Run, kind: str, first: int, size: int) -> tuple[Failed, ...]:
    """The failures of one kind (of any, where it is empty) from the `first` on, the newest first."""
    f, m = s.failures.c, s.matches.c
    query = _failures(run, f.match, f.stage, f.kind, m.label, f.seat, f.judge, func.substr(f.message, 1, 400))
    query = query.where(f.kind == kind) if kind else query
    with reading.store(run).connect() as db:
        names = _judges(db, run)
        return tuple(
            Failed(match, stage, what, label, names.get(judge, judge) if judge else seat, message)
            for match, stage, what, label, seat, judge, message in db.execute(
                query.order_by(f.id.desc()).offset(first).limit(size)
            )
        )


def _failures(run: Run, *columns: Any) -> Any:
    """A query about the failures of a run that have not been mended."""
    f, m, p, q, j = s.failures.c, s.matches.c, s.played.c, s.questions.c, s.judges.c
    own = select(j.judge).where(j.run == run.id)
    return (
        select(*columns)
        .join_from(s.failures, s.matches, f.match == m.key)
        .join(s.questions, m.question == q.key)
        .join(s.played, (p.match == f.match) & (p.run == run.id))
        .where(~f.mended, (f.judge == "") | f.judge.in_(own))
    )


def _judges(db: Any, run: Run) -> dict[str, str]:
    """Key -> label."""
    j = s.judges.c
    return {row.judge: row.label for row in db.execute(select(j.judge, j.label).where(j.run == run.id))}


def _side(seat: str, defends: str, correct: int) -> str:
    sides = json.loads(defends)
    return ("right" if sides[seat] == correct else "wrong") if seat in sides else ""


def each(values: Sequence[str]) -> list[str]:
    """The different ones, in their order."""
    return list(dict.fromkeys(values))
