"""What the arena makes of a run, kept until the run goes on: pages show these figures and make none of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select

from arena import failures, strength
from arena.agreement import Agreement
from arena.agreement import agreement as agreed
from arena.bias import Bias
from arena.bias import biases as turned
from arena.calibration import Bin, Mass, reliability
from arena.compare import By, Comparison, compare
from arena.disagreement import Disputes
from arena.disagreement import disputes as disputed
from arena.failures import Loss
from arena.metric import Sample
from arena.optimisation import Curve
from arena.optimisation import curves as optimised
from arena.ratings import Ratings
from arena.ratings import ratings as rated
from arena.samples import Group, together
from arena.samples import samples as grouped
from arena.store import cost
from arena.store import schema as s
from arena.store.cost import Effort, Tally
from arena.strength import Advantage
from arena.traces import Trace
from arena.traces import traces as traced
from dashboards import reading
from dashboards.reading import Run, kept


@kept(600, 16)
def comparison(
    run: Run, others: tuple[str, ...] = (), baseline: str | None = None, by: str = "", pooled: bool = False
) -> Comparison:
    """The protocols of a run, and of `others` beside it, compared; split `by` agent, task or tag; its judges together
    where they are `pooled`."""
    parts: dict[str, By] = {"agent": "agent", "task": "task", "tag": "tag"}
    return compare(reading.store(run), (run.id, *others), baseline, parts.get(by), pooled)


@kept(600, 4)
def samples(run: Run) -> Mapping[Group, Sample]:
    """The rulings of each protocol, judge and cast."""
    return grouped(reading.store(run), run.id)


@kept(600)
def bins(run: Run, group: Group, mass: Mass) -> tuple[Bin, ...]:
    """The reliability diagram of one protocol, judge and cast; of all judges where the group has none."""
    known = samples(run)
    return reliability((known if group.judge else together(known))[group], mass=mass)


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
def losses(run: Run) -> tuple[Loss, ...]:
    """What failed and has not been mended, and verdicts that cannot be read, the most frequent first."""
    return failures.losses(reading.store(run), run.id)
