"""What a comparison holds: rows, pairs, and the same as flat lines for JSON and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from arena.metric import Figure
from arena.plugin import Frozen
from arena.store.cost import Effort, Tally, serves

By = Literal["judge", "agent", "task", "tag"]
"""What rows are grouped by; a question with several tags is in several groups."""


class Row(Frozen):
    """What one judge reached under one protocol with one cast."""

    run: str = ""
    group: str = ""
    """The judge, cast, task or tag that the row is about, where the comparison is by one of them."""
    protocol: str
    judge: str
    """Empty where all judges are taken together."""
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
    brier: Figure
    log_score: Figure
    """In bits."""
    ece: Figure
    asd: Figure
    """With log scores, in nats; no value in a row about one arm."""
    asd_brier: Figure
    asd_zero_one: Figure
    """With other scores."""
    pgr: Figure
    """No value in a row about one arm, and in those of direct and expert themselves."""
    bits: Figure
    """Per round; no value where judges were not asked on the way."""
    rounds: float | None
    """Mean rounds spoken."""
    price: float
    """What the judge pays for a round that it asks for, in bits; 0 where rounds are free."""
    chosen: bool
    """Whether the arm is what a seat argued for by its own belief, and not what it was given."""
    tokens: int | None
    """Of every call of the protocol with this cast in the run, whichever arm and judge it served, on the questions of
    the task or tag where rows are by these; None where it was played elsewhere."""
    judge_tokens: int | None
    """Of this judge on the rulings of this row; None where a server did not say."""
    judge_seconds: float | None
    """That this judge took for a ruling, on average: a person's minutes as well; None without a ruling, and where one
    was not measured."""
    cost: float | None
    """US dollars, of the same calls as `tokens`; None where unknown."""
    seconds: float | None
    """Sum of the latencies of the same calls; None where it was played elsewhere."""


class Pair(Frozen):
    """A protocol against the baseline, before the same judge and on the same questions."""

    run: str = ""
    group: str = ""
    protocol: str
    baseline: str
    baseline_run: str = ""
    baseline_cast: str = ""
    judge: str
    cast: str
    """Of the protocol."""
    difference: Figure
    p_holm: float | None
    """Holm (1979), over all pairs of the comparison that have a p; None where this one has not."""
    spread: float = 0.0
    """Standard deviation over sources of the paired difference; 0 where it does not vary."""
    smallest: float | None = None
    """The smallest difference that so many sources show with 80 % power at 5 %; None where nothing varies."""


class Comparison(Frozen):
    """The rows of runs in the order in which they were played, and each against the baseline."""

    run: str
    """The first of the runs."""
    runs: tuple[str, ...] = ()
    baseline: str
    """Its label."""
    by: By | None = None
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...]
    efforts: tuple[Effort, ...] = ()
    """What each role took."""
    tallies: tuple[Tally, ...] = ()
    """What was the matter with turns."""


INTERVALS = (
    "accuracy",
    "strict",
    "flips",
    "reward",
    "brier",
    "log_score",
    "ece",
    "asd",
    "asd_brier",
    "asd_zero_one",
    "pgr",
    "bits",
)
"""The figures of a row."""

_COUNTED = ("method", "sources", "questions", "rulings", "unreadable", "failed")
_LATER = ("price", "chosen", "rounds", "tokens", "judge_tokens", "judge_seconds", "cost", "seconds")


def full(comparison: Comparison) -> list[dict[str, object]]:
    """The lines of `table`, those about all arms with what each role took and what was the matter with turns."""
    lines = []
    for row, line in zip(comparison.rows, table(comparison), strict=True):
        parts: dict[str, Sequence[Effort | Tally]] = {"roles": comparison.efforts, "turns": comparison.tallies}
        told = {
            name: [
                one.model_dump(exclude={"run", "group", "protocol", "cast"})
                for one in part
                if serves(one, row.run, row.group, row.protocol, row.cast)
            ]
            for name, part in parts.items()
        }
        lines.append(line if row.arm else {**line, **told})
    return lines


def table(comparison: Comparison) -> list[dict[str, object]]:
    """A flat line for each row, with its pair where it has one: for JSON and CSV."""
    return [_line(row) | _versus(pair) for row, pair in beside(comparison)]


def beside(comparison: Comparison) -> list[tuple[Row, Pair | None]]:
    """Each row with its pair; rows of one arm and of the baseline have none."""
    pairs = {_whose(pair): pair for pair in comparison.pairs}
    return [(row, None if row.arm else pairs.get(_whose(row))) for row in comparison.rows]


def _whose(one: Row | Pair) -> tuple[str, ...]:
    return one.run, one.group, one.protocol, one.judge, one.cast


def _line(row: Row) -> dict[str, object]:
    line: dict[str, object] = {
        name: getattr(row, name) for name in ("run", "group", "protocol", "judge", "cast", "arm")
    }
    for name in INTERVALS:
        line |= _interval(name, getattr(row, name))
        line |= {one: getattr(row.accuracy, one) for one in _COUNTED} if name == "accuracy" else {}
    return line | {"pgr_method": row.pgr.method} | {name: getattr(row, name) for name in _LATER}


def _versus(pair: Pair | None) -> dict[str, object]:
    """The columns of a pair, empty in the rows of one arm and of the baseline."""
    difference = pair.difference if pair else Figure(metric="difference", value=None)
    return {
        "baseline": pair.baseline if pair else None,
        "baseline_run": pair.baseline_run if pair else None,
        **_interval("difference", difference),
        "difference_questions": difference.questions if pair else None,
        "p": difference.p,
        "p_holm": pair.p_holm if pair else None,
        "smallest": pair.smallest if pair else None,
    }


def _interval(name: str, one: Figure) -> dict[str, object]:
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
