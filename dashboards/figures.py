"""What the arena makes of a run, kept until the run goes on: pages show these figures and make none of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from arena.agreement import Agreement
from arena.agreement import agreement as agreed
from arena.bias import Bias
from arena.bias import biases as turned
from arena.calibration import Bin, Mass, reliability
from arena.disagreement import Disputes
from arena.disagreement import disputes as disputed
from arena.failures import Loss
from arena.optimisation import Curve
from arena.optimisation import curves as optimised
from arena.ratings import Ratings
from arena.ratings import ratings as rated
from arena.samples import Group
from arena.samples import samples as grouped
from arena.strength import Advantage
from arena.traces import Trace
from arena.traces import traces as traced
from sqlalchemy import func, select

from arena import failures, strength
from arena.compare import By, Comparison, compare
from arena.metric import Sample
from arena.store import cost, read
from arena.store import schema as s
from arena.store.cost import Effort, Tally
from dashboards import reading
from dashboards.reading import Run, kept

SIDES = {"right": "argued the right answer", "wrong": "argued a wrong answer", "": "argued for no answer"}
"""What a seat stood for, in words."""


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
def comparison(run: Run, others: tuple[str, ...] = (), baseline: str | None = None, by: str = "") -> Comparison:
    """The protocols of a run, and of `others` beside it, compared; split `by` judge, agent, task or tag."""
    parts: dict[str, By] = {"agent": "agent", "task": "task", "tag": "tag"}
    return compare(reading.store(run), (run.id, *others), baseline, parts.get(by))


@kept(600, 4)
def samples(run: Run) -> Mapping[Group, Sample]:
    """The rulings of each protocol, judge and cast."""
    return grouped(reading.store(run), run.id)


@kept(600)
def bins(run: Run, group: Group, mass: Mass) -> tuple[Bin, ...]:
    """The reliability diagram of one protocol, judge and cast."""
    return reliability(samples(run)[group], mass=mass)


@kept(600, 16)
def ratings(run: Run) -> Ratings:
    """How strong the speakers and judges are."""
    return rated(reading.store(run), run.id)


@kept(600, 16)
def curves(run: Run) -> tuple[Curve, ...]:
    """Proxy and gold as speakers are optimised."""
    return optimised(reading.store(run), run.id)


@kept(600, 16)
def biases(run: Run) -> tuple[Bias, ...]:
    """What turns the judges beside the arguments."""
    return turned(reading.store(run), run.id)


@kept(600, 16)
def agreement(run: Run) -> tuple[Agreement, ...]:
    """How far the judges agree."""
    return agreed(reading.store(run), run.id)


@kept(600, 16)
def traces(run: Run) -> tuple[Trace, ...]:
    """What the judges believed round by round."""
    return traced(reading.store(run), run.id)


@kept(600)
def disputes(run: Run, one: Group, other: Group, first: int, size: int) -> Disputes:
    """The questions on which two protocols disagree, a page of them."""
    return disputed(reading.store(run), one, other, size, first)


@kept(600)
def speakers(run: Run) -> tuple[str, ...]:
    """The models that speak and judge."""
    return strength.models(reading.store(run), run.id)


@kept(600)
def advantages(run: Run, strengths: tuple[tuple[str, float], ...]) -> tuple[Advantage, ...]:
    """Accuracy against how much stronger the debaters are than the judge."""
    return strength.advantages(reading.store(run), run.id, dict(strengths))


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
    """What failed and has not been mended, and verdicts that cannot be read, the most frequent first."""
    return failures.losses(reading.store(run), run.id)


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


def each(values: Sequence[str]) -> list[str]:
    """The different ones, in their order."""
    return list(dict.fromkeys(values))
