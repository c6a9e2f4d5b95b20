"""Every protocol of a run side by side: accuracy, flips and cost by role, and its difference from a baseline.

Holm's correction (1979) is over all pairs of the comparison: a table that is searched for the best row has as many
chances to mislead as it has rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, String, case, cast, func, select

from arena.errors import ConfigError, choices
from arena.metric import Figure, Lost, Sample
from arena.metrics.accuracy import Accuracy
from arena.metrics.difference import Difference
from arena.metrics.flips import Flips
from arena.metrics.reward import Reward
from arena.plugin import Frozen
from arena.protocol import Protocol
from arena.store import cost, read
from arena.store import schema as s
from arena.store.cost import Effort, Tally
from arena.store.read import Record, Spent


class Row(Frozen):
    """What one judge reached under one protocol with one cast."""

    protocol: str
    judge: str
    cast: str
    """Empty where nobody speaks."""
    arm: str = ""
    """`right` or `wrong` in a row about one arm alone; empty in the row about all."""
    accuracy: Figure
    """Failures left out."""
    strict: Figure
    """Failures counted wrong."""
    flips: Figure
    reward: Figure
    """The judge's score in bits."""
    price: float
    """What the judge pays for a round that it asks for, in bits; 0 where rounds are free."""
    chosen: bool
    """Whether the arm is what a seat argued for by its own belief, and not what it was given."""
    tokens: int
    """Of every call of the protocol with this cast in the run, whichever arm and judge it served."""
    judge_tokens: int | None
    """Of this judge on the rulings of this row; None where a server did not say."""
    cost: float | None
    """US dollars, of the same calls as `tokens`; None where unknown."""
    seconds: float
    """Sum of the latencies of the same calls."""


class Pair(Frozen):
    """A protocol against the baseline, before the same judge and on the same questions."""

    protocol: str
    baseline: str
    judge: str
    cast: str
    """Of the protocol."""
    difference: Figure
    p_holm: float | None
    """Holm (1979), over all pairs of the comparison that have a p; None where this one has not."""


class Comparison(Frozen):
    """The rows of a run in the order in which they were played, and each against the baseline."""

    run: str
    baseline: str
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    efforts: tuple[Effort, ...] = ()
    """What each role took."""
    tallies: tuple[Tally, ...] = ()
    """What was the matter with turns."""


class Group(NamedTuple):
    """What a row is about."""

    protocol: str
    judge: str
    cast: str


class _Played(NamedTuple):
    label: str
    name: str
    cast: str
    chosen: bool


def compare(engine: Engine, run: str, baseline: str | None = None) -> Comparison:
    """Compare the protocols of a run, given by its id or name, with `baseline`: by default the first `direct`, or else
    the first protocol.

    Raises StoreError for an unknown run and ConfigError for an unknown baseline.
    """
    run = read.run_id(engine, run)
    played = _played(engine, run)
    base = _baseline(played, baseline)
    groups = _groups(engine, run, played)
    spent = cost.tokens(engine, run)
    chosen = {one.label for one in played if one.chosen}
    free = Spent(0, 0, 0.0, 0.0)
    rows = [
        row
        for group, sample in groups.items()
        for row in _rows(group, sample, spent.get((group.protocol, group.cast), free), group.protocol in chosen)
    ]
    return Comparison(
        run=run,
        baseline=base,
        rows=tuple(rows),
        pairs=_pairs(groups, base),
        efforts=tuple(cost.efforts(engine, run)),
        tallies=tuple(cost.tallies(engine, run)),
    )


def full(comparison: Comparison) -> list[dict[str, object]]:
    """The lines of `table`, those about all arms with what each role took and what was the matter with turns."""
    lines = []
    for row, line in zip(comparison.rows, table(comparison), strict=True):
        parts: dict[str, Sequence[Effort | Tally]] = {"roles": comparison.efforts, "turns": comparison.tallies}
        told = {
            name: [
                one.model_dump(exclude={"protocol", "cast"})
                for one in part
                if (one.protocol, one.cast) == (row.protocol, row.cast)
            ]
            for name, part in parts.items()
        }
        lines.append(line if row.arm else {**line, **told})
    return lines


def table(comparison: Comparison) -> list[dict[str, object]]:
    """A flat line for each row, with its pair where it has one: for JSON and CSV."""
    pairs = {Group(p.protocol, p.judge, p.cast): p for p in comparison.pairs}
    return [
        {"run": comparison.run, **_line(row), **_versus(pairs.get(Group(row.protocol, row.judge, row.cast)), row.arm)}
        for row in comparison.rows
    ]


def _line(row: Row) -> dict[str, object]:
    counted = ("method", "sources", "questions", "rulings", "unreadable", "failed")
    return {
        **row.model_dump(include={"protocol", "judge", "cast", "arm"}),
        **_interval("accuracy", row.accuracy),
        **row.accuracy.model_dump(include=set(counted)),
        **_interval("strict", row.strict),
        **_interval("flips", row.flips),
        **_interval("reward", row.reward),
        **row.model_dump(include={"price", "chosen", "tokens", "judge_tokens", "cost", "seconds"}),
    }


def _versus(pair: Pair | None, arm: str) -> dict[str, object]:
    """The columns of a pair, empty in the rows of one arm and of the baseline."""
    known = None if arm else pair
    difference = known.difference if known else Figure(metric="difference", value=None)
    return {
        "baseline": known.baseline if known else None,
        **_interval("difference", difference),
        "difference_questions": difference.questions if known else None,
        "p": difference.p,
        "p_holm": known.p_holm if known else None,
    }


def _interval(name: str, one: Figure) -> dict[str, object]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}


def _played(engine: Engine, run: str) -> list[_Played]:
    """The protocols and casts of a run, in the order in which they were first played."""
    m, p = s.matches.c, s.played.c
    chosen = func.max(case(((m.arm != "") & (cast(m.defends, String) == "{}"), 1), else_=0))
    query = (
        select(m.label, m.protocol.label("name"), m.cast, chosen)
        .join_from(s.matches, s.played, p.match == m.key)
        .where(p.run == run)
        .group_by(m.label, m.protocol, m.cast)
        .order_by(func.min(p.position))
    )
    with engine.connect() as db:
        return [_Played(label, name, cast, bool(chosen)) for label, name, cast, chosen in db.execute(query)]


def _baseline(played: Sequence[_Played], wanted: str | None) -> str:
    """The label of the baseline; a protocol's name will do where only one protocol has it."""
    labels = list(dict.fromkeys(one.label for one in played))
    if wanted is None:
        return next((one.label for one in played if one.name == "direct"), labels[0] if labels else "")
    if wanted in labels:
        return wanted
    named = {one.label for one in played if one.name == wanted}
    if len(named) != 1:
        raise ConfigError(f"no protocol of this run is called {wanted!r}; {choices(wanted, labels)}")
    return named.pop()


def _groups(engine: Engine, run: str, played: Sequence[_Played]) -> dict[Group, Sample]:
    """What is there of each protocol, cast and judge, in the order of the matches and then of the judges."""
    judges = _judges(engine, run)
    records: dict[Group, list[Record]] = defaultdict(list)
    for r in read.records(engine, run):
        records[Group(r.protocol, r.judge, r.cast)].append(r)
    stored = {(r.match, r.judge, r.order) for rs in records.values() for r in rs}
    lost: dict[Group, list[Lost]] = defaultdict(list)
    for ruling, (group, one) in _failed(engine, run, judges).items():
        if ruling not in stored:
            lost[group].append(one)
    every = dict.fromkeys(Group(one.label, judge, one.cast) for one in played for judge in judges.values())
    return {g: Sample(records[g], lost[g]) for g in every if g in records or g in lost}


def _judges(engine: Engine, run: str) -> dict[str, str]:
    """Key -> label, in the order of the experiment."""
    j = s.judges.c
    with engine.connect() as db:
        rows = db.execute(select(j.judge, j.label).where(j.run == run).order_by(j.position))
        return {row.judge: row.label for row in rows}


def _failed(engine: Engine, run: str, judges: dict[str, str]) -> dict[tuple[str, str, int], tuple[Group, Lost]]:
    """(match, judge, order) -> the ruling that a failure took. Without its transcript a match has none at all; a belief
    that failed takes none."""
    details = _details(engine, run)
    found = {}
    for f in (one for one in read.failures(engine, run) if one["stage"] != "believe"):
        repeat, orders = details[f["match"]]
        every = [(judge, order) for judge in judges for order in orders]
        for judge, order in every if f["stage"] == "speak" else [(f["judge"], f["order"])]:
            group = Group(f["protocol"], judges[judge], f["cast"])
            found[f["match"], group.judge, order] = group, Lost(f["question"], f["source"], f["arm"], repeat)
    return found


def _details(engine: Engine, run: str) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Match -> its repeat and the orders it is judged in, for those with a failure."""
    m, p, f = s.matches.c, s.played.c, s.failures.c
    query = (
        select(m.key, m.repeat, m.spec)
        .join_from(s.matches, s.played, p.match == m.key)
        .where(p.run == run, m.key.in_(select(f.match).where(~f.mended)))
    )
    with engine.connect() as db:
        return {key: (repeat, _orders(spec["protocol"])) for key, repeat, spec in db.execute(query)}


def _orders(protocol: dict[str, Any]) -> tuple[int, ...]:
    return (0, 1) if Protocol.model_validate(protocol).relabels else (0,)


def _rows(group: Group, sample: Sample, spent: Spent, chosen: bool) -> Iterator[Row]:
    """The row about all, then one for each arm."""
    arms = {one.arm for part in sample for one in part} - {""}
    for arm in ("", *sorted(arms)):
        part = _arm(sample, arm) if arm else sample
        yield Row(
            **group._asdict(),
            arm=arm,
            accuracy=Accuracy().measure(part),
            strict=Accuracy(failures="wrong").measure(part),
            flips=Flips().measure(part),
            reward=Reward().measure(part),
            price=max((r.price for r in part.records), default=0.0),
            chosen=chosen,
            tokens=spent.tokens,
            judge_tokens=_tokens(part.records),
            cost=spent.cost,
            seconds=spent.seconds,
        )


def _arm(sample: Sample, arm: str) -> Sample:
    return Sample([r for r in sample.records if r.arm == arm], [one for one in sample.lost if one.arm == arm])


def _tokens(records: Sequence[Record]) -> int | None:
    """Tokens that the judge read and wrote; None where one call does not say."""
    total = 0
    for r in records:
        if r.prompt_tokens is None or r.completion_tokens is None:
            return None
        total += r.prompt_tokens + r.completion_tokens
    return total


def _pairs(groups: dict[Group, Sample], baseline: str) -> tuple[Pair, ...]:
    """Every other protocol against the baseline, where it has a cast to compare with."""
    found = []
    for group, sample in groups.items():
        other = None if group.protocol == baseline else _partner(group, list(groups), baseline)
        if other is not None:
            found.append((group, Difference().measure(sample, groups[other])))
    adjusted = iter(_holm([f.p for _, f in found if f.p is not None]))
    return tuple(
        Pair(**g._asdict(), baseline=baseline, difference=f, p_holm=None if f.p is None else next(adjusted))
        for g, f in found
    )


def _partner(group: Group, groups: Sequence[Group], baseline: str) -> Group | None:
    """The baseline's group to compare with: that of the same cast, else of nobody, else of the cast in the same place.

    An experiment seats its casts in the same order in every protocol, so the place tells where a cast has another name
    because other roles speak; None where the two have not equally many.
    """
    theirs = {g.cast: g for g in groups if g.protocol == baseline and g.judge == group.judge}
    ours = [g.cast for g in groups if g.protocol == group.protocol and g.judge == group.judge]
    if group.cast in theirs or "" in theirs:
        return theirs.get(group.cast) or theirs[""]
    if len(theirs) == 1:
        return next(iter(theirs.values()))
    return list(theirs.values())[ours.index(group.cast)] if len(theirs) == len(ours) else None


def _holm(p: Sequence[float]) -> list[float]:
    from statsmodels.stats.multitest import multipletests

    return [float(one) for one in multipletests(p, method="holm")[1]] if p else []
