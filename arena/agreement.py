"""How far judges agree on the same transcripts: Krippendorff's alpha of all, Cohen's kappa of every two."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import Engine

from arena import bootstrap
from arena.estimate import drew
from arena.metric import Figure, Sample
from arena.rulings import Floats, Ints, Mask, Rulings
from arena.samples import Group, samples

Kinds = Literal["human-human", "human-model", "model-model"]


class Kappa(NamedTuple):
    """Two judges."""

    one: str
    other: str
    kinds: Kinds
    """A person is a judge whose label, or whose name in a recorded run, begins with `human`."""
    kappa: Figure
    """Cohen's kappa; `rulings` are the transcripts, in one presentation each, that both ruled on, `unreadable` and
    `failed` the verdicts of either."""
    same: float | None
    """The share of these on which they decide alike."""


class Agreement(NamedTuple):
    """The judges of a run; by protocol where a name is given, of all protocols where it is empty."""

    protocol: str
    alpha: Figure
    """Krippendorff's, nominal; 1 is full agreement and 0 is chance."""
    pairs: tuple[Kappa, ...]


class _Votes(NamedTuple):
    """What judges decided: how far behind the answer shown first, and so by letters, of which none is right more often.

    By the question's own order, a file whose first answer is always right would make chance agreement of being right.
    """

    judges: Sequence[str]
    table: Ints
    """(transcripts, judges): the most probable answer, counted from the one shown first; -1 where there is none."""
    sources: Ints
    questions: Ints
    unreadable: Ints
    failed: Ints
    """(judges,): verdicts that could not be read, and that never came about."""


def agreement(engine: Engine, run: str) -> tuple[Agreement, ...]:
    """Of all protocols of a run (by its id) together, then of each. Empty where there are fewer than two judges, or
    no verdict could be read.

    A verdict is the most probable answer; one that could not be read, or that is an exact tie, is none. The unit is a
    transcript in one presentation. Intervals are bootstrapped over sources (expanded percentiles).
    """
    known = samples(engine, run)
    if len({group.judge for group in known}) < 2 or not any(one.records.p.size for one in known.values()):
        return ()
    parts = {"": known}
    for group, sample in known.items():
        parts.setdefault(group.protocol, {})[group] = sample
    made = [(label, _votes(part)) for label, part in parts.items()]
    return tuple(Agreement(label, _alpha(votes), tuple(_kappas(votes))) for label, votes in made)


def _votes(known: Mapping[Group, Sample]) -> _Votes:
    """What the judges of some samples decided."""
    rulings = Rulings.joined([one.records for one in known.values()])
    lost = Counter(group.judge for group, one in known.items() for _ in one.lost)
    sample = Sample(rulings)
    match, judge, source = (rulings.words(name) for name in ("match", "judge", "source"))
    units, row = np.unique(match.codes * 2 + rulings.whole("order"), return_inverse=True)
    mine, column = np.unique(judge.codes, return_inverse=True)
    firm = sample.best.sum(axis=1) == 1
    answers = (sample.best.argmax(axis=1) - np.maximum(0, rulings.whole("first"))) % max(1, rulings.p.shape[1])
    table = np.full((len(units), len(mine)), -1)
    table[row[firm], column[firm]] = answers[firm]
    sources, questions = np.zeros((2, len(units)), dtype=np.int64)
    sources[row], questions[row] = source.codes, rulings.words("question").codes
    names = [judge.values[code] for code in mine]
    unreadable = np.bincount(column[rulings.words("state").be("unreadable")], minlength=len(mine))
    return _Votes(names, table, sources, questions, unreadable, np.array([lost[name] for name in names]))


def _alpha(votes: _Votes) -> Figure:
    """krippendorff's own; in resamples by its sums, which are those of transcripts (Krippendorff 2004)."""
    answers = np.arange(max(2, int(votes.table.max(initial=0)) + 1))
    counts = (votes.table[:, :, None] == answers).sum(axis=1)
    paired = counts.sum(axis=1) > 1
    counts = counts[paired]
    alike = (counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1)
    return _figure("alpha", _krippendorff(counts), np.column_stack([alike, counts]), _nominal, votes, paired)


def _krippendorff(counts: Ints) -> float:
    """From (transcripts, answers), how many judges chose each; NaN where nothing was chosen but one answer."""
    import krippendorff

    if not len(counts) or (counts.sum(axis=0) > 0).sum() < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))


def _nominal(sums: Floats) -> Floats:
    """From (..., 1 + answers): how much of the coincidences agrees, and how often each answer was chosen."""
    alike, chosen = sums[..., 0], sums[..., 1:]
    n = chosen.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = 1 - (n - 1) * (n - alike) / (n**2 - (chosen**2).sum(axis=-1))
    return found


def _kappas(votes: _Votes) -> Iterator[Kappa]:
    """scikit-learn's; in resamples from the table of both judges' choices (Cohen 1960)."""
    for one, other in combinations(range(len(votes.judges)), 2):
        both = (votes.table[:, one] >= 0) & (votes.table[:, other] >= 0)
        if both.any():
            pair = votes.table[both][:, [one, other]]
            names = votes.judges[one], votes.judges[other]
            width = int(pair.max()) + 1
            cells = np.eye(width * width)[pair[:, 0] * width + pair[:, 1]]
            ours = votes._replace(unreadable=votes.unreadable[[one, other]], failed=votes.failed[[one, other]])
            kappa = _figure("kappa", _cohen(pair), cells, _chosen, ours, both)
            yield Kappa(*names, _kinds(*names), kappa, float((pair[:, 0] == pair[:, 1]).mean()))


def _cohen(pair: Ints) -> float:
    """From (transcripts, 2); NaN where both chose the same answer always, as no agreement is left to chance."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(pair)) < 2:
        return float("nan")
    return float(cohen_kappa_score(pair[:, 0], pair[:, 1]))


def _chosen(sums: Floats) -> Floats:
    """From (..., answers x answers): how often each choice of one met each of the other."""
    width = math.isqrt(sums.shape[-1])
    table = sums.reshape(*sums.shape[:-1], width, width) / sums.sum(axis=-1)[..., None, None]
    seen = np.trace(table, axis1=-2, axis2=-1)
    chance = (table.sum(axis=-1) * table.sum(axis=-2)).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (seen - chance) / (1 - chance)
    return found


def _kinds(one: str, other: str) -> Kinds:
    people = sum(name.removeprefix("recorded(").startswith("human") for name in (one, other))
    found: Sequence[Kinds] = ("model-model", "human-model", "human-human")
    return found[people]


def _figure(
    name: str, value: float, rows: Floats, statistic: Callable[[Floats], Floats], votes: _Votes, which: Mask
) -> Figure:
    """A coefficient with its interval: `statistic` has it from sums over the rows (transcripts, k) of `which`."""
    sources = np.unique(votes.sources[which], return_inverse=True)[1]
    count = int(sources.max(initial=-1)) + 1
    low = high = None
    if count > 1 and not math.isnan(value):
        low, high = bootstrap.interval(statistic(bootstrap.sums(bootstrap.totals(sources, rows))), count)
    return Figure(
        metric=name,
        value=None if math.isnan(value) else value,
        low=low,
        high=high,
        method="no interval" if low is None else drew(count),
        sources=count,
        questions=len(np.unique(votes.questions[which])),
        rulings=int(which.sum()),
        unreadable=int(votes.unreadable.sum()),
        failed=int(votes.failed.sum()),
    )
