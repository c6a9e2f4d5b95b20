"""What a run paid, what it asked of each model, and what failed: lists that the database counts and pages."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import func, select

from arena.store import read
from arena.store import schema as s
from dashboards import reading
from dashboards.reading import Run, kept
from dashboards.transcript import money


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


@kept(30)
def spent(run: Run) -> read.Spent:
    """What the run has paid for so far."""
    return read.spent(reading.store(run), run.id)


def dollars(paid: read.Spent) -> str:
    """The cost of a run in words: none where it asked nobody, as one that was imported."""
    return money(paid.cost) if paid.calls else "–"


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


@kept(30)
def failing(run: Run, kind: str) -> int:
    """How many failures of one kind (of any, where it is empty) have not been mended."""
    query = _failures(run, func.count())
    with reading.store(run).connect() as db:
        return int(db.scalar(query.where(s.failures.c.kind == kind) if kind else query) or 0)


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
