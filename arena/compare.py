"""Every protocol of one run or more side by side: what each judge reached, what it took, and how far it is from a
baseline.

Holm's correction (1979) is over all pairs of the comparison: a table that is searched for the best row has as many
chances to mislead as it has rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Engine

from arena.comparison import By, Comparison, Pair, Row, full, table
from arena.errors import ConfigError, choices
from arena.metric import Figure, Sample
from arena.metrics.accuracy import Accuracy
from arena.metrics.asd import Asd
from arena.metrics.bits import Bits
from arena.metrics.brier import Brier
from arena.metrics.difference import Difference
from arena.metrics.ece import Ece
from arena.metrics.flips import Flips
from arena.metrics.log_score import LogScore
from arena.metrics.pgr import Pgr
from arena.metrics.reward import Reward
from arena.power import observed, smallest
from arena.rulings import Floats, Mask
from arena.samples import Group, Played, played, samples, together
from arena.store import cost, read
from arena.store.cost import Apart, Effort, Tally

__all__ = ["By", "Comparison", "Pair", "Row", "compare", "full", "table"]


class _Part(NamedTuple):
    """The rulings of one group that a row is about."""

    of: str
    """The value that the comparison is by."""
    whose: Group


_NOBODY = "nobody"
_ASD = {"asd": Asd(), "asd_brier": Asd(score="brier"), "asd_zero_one": Asd(score="zero_one")}
_Parts = Mapping[_Part, Sample]


class _Frame(NamedTuple):
    """What is known of a comparison apart from the rulings."""

    by: By | None
    played: Mapping[str, Sequence[Played]]
    """Run -> its protocols and casts."""
    efforts: Sequence[Effort]
    elsewhere: frozenset[str]
    """Runs that were played elsewhere: nobody knows what their speakers and judges took."""

    def labels(self, run: str, name: str = "") -> list[str]:
        """The labels of a run's protocols, in the order played; of one name if it is given."""
        return list(dict.fromkeys(one.label for one in self.played[run] if name in ("", one.name)))

    def part(self, of: str, whose: Group) -> _Part:
        """The part of a group that belongs with parts of `of`: by agent each is with its own cast."""
        return _Part(whose.cast or _NOBODY if self.by == "agent" else of, whose)


class _Base(NamedTuple):
    """What rows are compared with: the same protocol of their own run, or else of the first that has one."""

    label: str
    runs: tuple[str, ...]
    """Those that play it."""
    fixed: bool
    """Whether one run's was asked for, which then serves all."""


def compare(
    engine: Engine, runs: str | Sequence[str], baseline: str | None = None, by: By | None = None, pooled: bool = False
) -> Comparison:
    """Compare the protocols of runs, given by id or name, with `baseline`: by default the first `direct`, or else the
    first protocol. Rows of several runs stay apart; `RUN/PROTOCOL` names the baseline of one run for all.

    `pooled` takes all judges of a run together, as repeated measures within a source: rows and pairs then name none.

    Raises StoreError for an unknown run, ConfigError for an unknown baseline and for judges apart and together at once.
    """
    if pooled and by == "judge":
        raise ConfigError("pooled, by judge: judges are taken together or apart, not both")
    names = {name: read.run_id(engine, name) for name in ([runs] if isinstance(runs, str) else runs)}
    ids = list(dict.fromkeys(names.values()))
    apart: Apart | None = by if by in {"task", "tag"} else None
    with ThreadPoolExecutor(1) as beside:  # the database adds up what calls and turns took while rulings are read
        told = beside.submit(_took, engine, ids, apart)
        held = any(read.holds_beliefs(engine, run) for run in ids)
        groups = {group: one for run in ids for group, one in samples(engine, run, held).items()}
        efforts, tallies = told.result()
    elsewhere = frozenset(run for run in ids if read.imported(engine, run))
    known = _Frame(by, {run: played(engine, run) for run in ids}, efforts, elsewhere)
    base = _baseline(known, baseline, names)
    parts = _parts(together(groups) if pooled else groups, by)
    return Comparison(
        run=ids[0],
        runs=tuple(ids),
        baseline=base.label,
        by=by,
        rows=tuple(row for part in parts for row in _rows(part, parts, known)),
        pairs=_pairs(parts, base, known),
        efforts=tuple(efforts),
        tallies=tuple(tallies),
    )


def _took(engine: Engine, runs: Sequence[str], by: Apart | None) -> tuple[list[Effort], list[Tally]]:
    """What each role took, and what was the matter with turns."""
    efforts = [effort for run in runs for effort in cost.efforts(engine, run, by)]
    return efforts, [tally for run in runs for tally in cost.tallies(engine, run, by)]


def _baseline(known: _Frame, wanted: str | None, runs: Mapping[str, str]) -> _Base:
    """The baseline, `PROTOCOL` or `RUN/PROTOCOL`; by default the first `direct`, or else the first protocol."""
    run, _, rest = (wanted or "").partition("/")
    fixed = bool(rest) and run in runs.keys() | known.played.keys()
    asked = [runs.get(run, run)] if fixed else list(known.played)
    label = _label(known, asked, rest if fixed else wanted)
    return _Base(label, tuple(one for one in asked if label in known.labels(one)), fixed)


def _label(known: _Frame, runs: Sequence[str], wanted: str | None) -> str:
    """A protocol's label; its name will do where only one protocol of that name is played. Empty where none is."""
    labels, direct, named = (
        list(dict.fromkeys(label for run in runs for label in known.labels(run, name)))
        for name in ("", "direct", wanted or "")
    )
    if wanted is None:
        return next(iter((*direct, *labels)), "")
    if wanted in labels:
        return wanted
    if not wanted or len(named) != 1:
        told = "several protocols are" if wanted and named else "no protocol is"
        raise ConfigError(f"baseline, {' and '.join(runs)}: {told} called {wanted!r}; {choices(wanted, labels)}")
    return named[0]


def _parts(groups: Mapping[Group, Sample], by: By | None) -> _Parts:
    """The samples of rows, those of a group together where the comparison is by something."""
    found = {_Part(of, group): part for group, one in groups.items() for of, part in _split(group, one, by)}
    order = list(dict.fromkeys(part.of for part in found))
    return dict(sorted(found.items(), key=lambda item: order.index(item[0].of)))


def _split(group: Group, sample: Sample, by: By | None) -> Iterator[tuple[str, Sample]]:
    """A group's sample by what the comparison is by."""
    if by not in {"task", "tag"}:
        yield {"judge": group.judge, "agent": group.cast or _NOBODY}.get(by or "", ""), sample
        return
    words = sample.records.words("task" if by == "task" else "tags")
    told = [(value,) if by == "task" else value for value in words.values]
    lost = [(one, (one.task,) if by == "task" else one.tags) for one in sample.lost]
    for name in dict.fromkeys(name for one in (*told, *(of for _, of in lost)) for name in one):
        which = np.array([name in one for one in told], dtype=np.bool_)[words.codes]
        matches = sample.records.take(which).words("match").list()
        yield name, sample.where(which, [one for one, of in lost if name in of], _among(sample, matches))


def _among(sample: Sample, matches: Sequence[str]) -> Mask:
    """Which beliefs are of these matches."""
    mine, held = set(matches), sample.beliefs.words("match")
    return np.array([one in mine for one in held.values], dtype=np.bool_)[held.codes]


def _rows(part: _Part, parts: _Parts, known: _Frame) -> Iterator[Row]:
    """The row about all, then one for each arm."""
    sample = parts[part]
    arms = {arm for arm in sample.records.words("arm").list() if arm} | {one.arm for one in sample.lost if one.arm}
    for arm in ("", *sorted(arms)):
        gap = _none("pgr") if arm else _gap(part, parts, known)
        yield _row(part, arm, _arm(sample, arm) if arm else sample, known, gap)


def _row(part: _Part, arm: str, sample: Sample, known: _Frame, gap: Figure) -> Row:
    whose = part.whose
    efforts = [one for one in known.efforts if cost.serves(one, whose.run, part.of, whose.protocol, whose.cast)]
    spent = cost.spent(efforts)
    elsewhere = whose.run in known.elsewhere
    rounds = sample.records.whole("rounds")
    return Row(
        **whose._asdict(),
        group=part.of,
        arm=arm,
        accuracy=Accuracy().measure(sample),
        strict=Accuracy(failures="wrong").measure(sample),
        flips=Flips().measure(sample),
        reward=Reward().measure(sample),
        brier=Brier().measure(sample),
        log_score=LogScore().measure(sample),
        ece=Ece().measure(sample),
        pgr=gap,
        **{name: _none(metric.label) if arm else metric.measure(sample) for name, metric in _ASD.items()},
        bits=Bits().measure(sample),
        rounds=float(rounds.mean()) if len(rounds) else None,
        price=float(sample.records.number("price").max(initial=0)),
        chosen=any(one.chosen for one in known.played[whose.run] if one.label == whose.protocol),
        tokens=None if elsewhere else spent.tokens,
        judge_tokens=_tokens(sample),
        judge_seconds=_mean(sample.records.number("seconds")),
        cost=None if elsewhere else spent.cost,
        seconds=None if elsewhere else spent.seconds,
    )


def _none(metric: str) -> Figure:
    return Figure(metric=metric, value=None, method="of all arms together only")


def _gap(part: _Part, parts: _Parts, known: _Frame) -> Figure:
    """The performance gap recovered, between direct and expert before the same judge: of the same run, else of another
    that has them."""
    ends = []
    for name in ("direct", "expert"):
        own = [part.whose.run, *known.played]
        every = [
            known.part(part.of, Group(run, label, part.whose.judge, ""))
            for run in own
            for label in known.labels(run, name)
        ]
        ends.append(next((one for one in every if one in parts), None))
    direct, expert = ends
    if part in ends:
        return Figure(metric="pgr", value=None, method="an end of the gap itself")
    if direct is None or expert is None:
        return Pgr().measure(parts[part])
    return Pgr().gap(parts[part], parts[direct], parts[expert])


def _arm(sample: Sample, arm: str) -> Sample:
    which = sample.records.words("arm").be(arm)
    return sample.where(which, [one for one in sample.lost if one.arm == arm], sample.beliefs.words("arm").be(arm))


def _mean(column: Floats) -> float | None:
    """None without a number, and where one of them is not known."""
    return float(column.mean()) if len(column) and not np.isnan(column).any() else None


def _tokens(sample: Sample) -> int | None:
    """Tokens that the judge read and wrote; None where one call does not say."""
    total = sum(float(sample.records.number(name).sum()) for name in ("prompt_tokens", "completion_tokens"))
    return None if np.isnan(total) else int(total)


def _pairs(parts: _Parts, base: _Base, known: _Frame) -> tuple[Pair, ...]:
    """Every other protocol against the baseline, where it has a cast to compare with."""
    found = []
    for part, sample in parts.items():
        other = _partner(part, parts, base, known)
        if other is not None:
            found.append((part, other, Difference().measure(sample, parts[other])))
    adjusted = iter(_holm([f.p for *_, f in found if f.p is not None]))
    return tuple(
        Pair(
            **part.whose._asdict(),
            group=part.of,
            baseline=base.label,
            baseline_run=other.whose.run,
            baseline_cast=other.whose.cast,
            difference=f,
            p_holm=None if f.p is None else next(adjusted),
            **_seen(*observed(parts[part], parts[other])),
        )
        for part, other, f in found
    )


def _seen(sources: int, spread: float) -> dict[str, Any]:
    return {"spread": spread, "smallest": smallest(sources, spread) if spread else None}


def _partner(part: _Part, parts: _Parts, base: _Base, known: _Frame) -> _Part | None:
    """The baseline's part to compare with: that of the same cast, else of nobody, else of the cast in the same place.

    An experiment seats its casts in the same order in every protocol, so the place tells where a cast has another name
    because other roles speak; None where the two have not equally many.
    """
    mine = part.whose
    run = mine.run if mine.run in base.runs and not base.fixed else (base.runs or ("",))[0]
    if (mine.run, mine.protocol) == (run, base.label):
        return None
    alike = [one for one in parts if one == known.part(part.of, one.whose) and one.whose.judge == mine.judge]
    theirs = {one.whose.cast: one for one in alike if (one.whose.run, one.whose.protocol) == (run, base.label)}
    ours = [one.whose.cast for one in alike if (one.whose.run, one.whose.protocol) == (mine.run, mine.protocol)]
    if mine.cast in theirs or "" in theirs:
        return theirs.get(mine.cast) or theirs[""]
    if len(theirs) == 1:
        return next(iter(theirs.values()))
    return list(theirs.values())[ours.index(mine.cast)] if len(theirs) == len(ours) else None


def _holm(p: Sequence[float]) -> list[float]:
    from statsmodels.stats.multitest import multipletests

    return [float(one) for one in multipletests(p, method="holm")[1]] if p else []
