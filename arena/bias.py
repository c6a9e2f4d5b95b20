"""What turns a judge beside the arguments: where an answer stands, who speaks first, length, tone, a name.

Each cause is measured by a regression of the verdict on it and on the truth (a linear probability model, which is right
for the mean whatever the link), with errors clustered by source (Liang & Zeger 1986): what a cause does beyond going
with the right answer. Causes are taken one at a time: where two always go together, as the first name and the first
speech do in a simultaneous debate, both show the same figure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import Engine, select

from arena import estimate
from arena.estimate import Estimate, Scores
from arena.metric import Figure, Sample
from arena.metrics.flips import Flips
from arena.rulings import Floats, Ints, Mask
from arena.samples import samples
from arena.store import schema as s

Cause = Literal["position", "label", "first speaker", "last speaker", "length", "tone", "flips"]


class Bias(NamedTuple):
    """One cause before one judge."""

    cause: Cause
    protocol: str
    cast: str
    judge: str
    figure: Figure
    """How much more often the judge decides for an answer that has the cause on its side, in shares of verdicts: 0 is
    no bias, 1 is a judge that follows nothing else. For `length` (words) and `tone` (boosters less hedges among a
    hundred words): for one standard deviation more of it than the other side. `flips`: the share of verdicts that
    change when the answers are swapped."""


class Speech(NamedTuple):
    """What was said for the two answers of a match, by index of the answer."""

    first: int
    """The answer of who is read first."""
    last: int
    words: Mapping[int, int]
    tone: Mapping[int, float]


_NOTHING = Speech(0, 0, {0: 0, 1: 0}, {0: 0.0, 1: 0.0})

HEDGES = frozenset(
    "may might could perhaps maybe possibly probably likely unlikely seem seems seemed appear appears appeared suggest "
    "suggests suggested somewhat arguably presumably apparently generally usually often sometimes think believe guess "
    "assume suppose unclear uncertain uncertainly unsure roughly about around almost largely mostly plausible "
    "plausibly".split()
)
BOOSTERS = frozenset(
    "clearly definitely certainly obviously undoubtedly surely always never must indeed certain sure prove proves "
    "proved proven undeniable undeniably unquestionably absolutely plainly evident evidently conclusive "
    "conclusively explicitly exactly truly undisputed unambiguous unambiguously unmistakably obvious clear "
    "definite definitive demonstrates establishes".split()
)
"""After the lists of Hyland (2005), "Metadiscourse"; English alone."""

_WORD = re.compile(r"[^\W\d_]+")


def biases(engine: Engine, run: str) -> tuple[Bias, ...]:
    """Every cause that can be measured, for each protocol, cast and judge of a run (by its id): those of speakers where
    two answers were given to two seats. Of questions with two answers alone; a tie counts one half."""
    said = speeches(engine, run)
    return tuple(
        Bias(cause, group.protocol, group.cast, group.judge, figure)
        for group, sample in samples(engine, run).items()
        for cause, figure in measured(sample, said)
    )


def measured(sample: Sample, said: Mapping[str, Speech]) -> Iterator[tuple[Cause, Figure]]:
    """The causes of one sample; `said` has what was said in each match with two sides."""
    flips = Flips().measure(sample)
    if flips.value is not None:
        yield "flips", flips
    rulings = sample.records
    two = sample.read & (np.isnan(rulings.p).sum(axis=1) == rulings.p.shape[1] - 2)
    first = rulings.whole("first")
    if (two & (first >= 0)).any():
        yield "position", _favour("position", sample, first, two & (first >= 0))
    heard = [said.get(match) for match in rulings.words("match").list()]
    spoken = two & np.array([one is not None for one in heard], dtype=np.bool_)
    if not spoken.any():
        return
    yield from _sided(sample, [one or _NOTHING for one in heard], spoken)


def _sided(sample: Sample, heard: Sequence[Speech], spoken: Mask) -> Iterator[tuple[Cause, Figure]]:
    """The causes that lie with the speakers of two sides, for the rulings that are `spoken` about."""
    rulings = sample.records
    turned = rulings.whole("order") == 1  # names are swapped, so that the other answer has the name and the place
    seated = [one[0] if one else 0 for one in rulings.words("argued").list()]
    ends: dict[Cause, list[int]] = {
        "label": seated,
        "first speaker": [one.first for one in heard],
        "last speaker": [one.last for one in heard],
    }
    for cause, answer in ends.items():
        yield cause, _favour(cause, sample, np.where(turned, 1 - np.array(answer), answer), spoken)
    amounts: dict[Cause, list[float]] = {
        "length": [one.words[0] - one.words[1] for one in heard],
        "tone": [one.tone[0] - one.tone[1] for one in heard],
    }
    for cause, amount in amounts.items():
        excess = np.array(amount)
        if np.ptp(excess[spoken]) > 0:
            yield cause, _slope(cause, sample, excess, spoken)


def _favour(cause: str, sample: Sample, answer: Ints, which: Mask) -> Figure:
    """How much more often the verdict is for `answer` (n,) than for the other, when each is as often right."""
    y = _verdict(sample, answer)
    truth = (sample.records.whole("correct") == answer) - 0.5
    return _figure(cause, sample, which, 2 * y - 1, np.column_stack([np.ones(len(y)), truth]), 0)


def _slope(cause: str, sample: Sample, excess: Floats, which: Mask) -> Figure:
    """What one standard deviation more of a quantity for answer 0 than for answer 1 does to the verdict."""
    y = _verdict(sample, np.zeros(len(excess), dtype=np.int64))
    truth = (sample.records.whole("correct") == 0) - 0.5
    scaled = excess / excess[which].std()
    return _figure(cause, sample, which, y, np.column_stack([np.ones(len(y)), truth, scaled]), 2)


def _verdict(sample: Sample, answer: Ints) -> Floats:
    """(n,): 1 where the verdict is for that answer, 1/2 in a tie, else 0."""
    found: Floats = sample.best[np.arange(len(answer)), answer] / np.maximum(1, sample.best.sum(axis=1))
    return found


def _figure(cause: str, sample: Sample, which: Mask, y: Floats, x: Floats, at: int) -> Figure:
    used = Scores.some(sample, y, which)
    found, p = regressed(used, x[which], at)
    return estimate.figure(cause, found, used, len(used.values), (sample,)).model_copy(update={"p": p})


def regressed(used: Scores, x: Floats, at: int) -> tuple[Estimate, float | None]:
    """The coefficient of column `at` of `x` (n, k), its interval and its p, by OLS with errors clustered by source.

    A column that does not vary beside the intercept has no coefficient, and is left out where it is the truth.
    """
    from statsmodels.regression.linear_model import OLS

    varies = [i for i in range(x.shape[1]) if i in (0, at) or np.ptp(x[:, i]) > 0]
    x, at = x[:, varies], varies.index(at)
    groups = used.groups()
    sources = int(groups.max()) + 1
    value = float(np.linalg.lstsq(x, used.values, rcond=None)[0][at])
    if sources <= x.shape[1]:
        return Estimate(value, None, None, f"no interval: {sources} sources for {x.shape[1]} coefficients"), None
    fit = OLS(used.values, x).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    if np.abs(fit.resid).max() < 1e-9:
        return estimate.alike(value, sources, (-1, 1)), None
    low, high = (float(bound) for bound in fit.conf_int(0.05)[at])
    return Estimate(value, low, high, f"OLS, cluster-robust by source, t({sources - 1})"), float(fit.pvalues[at])


def speeches(engine: Engine, run: str) -> dict[str, Speech]:
    """Match -> what was said in it, for the matches of a run (by its id) with two seats for two answers."""
    m, p, t = s.matches.c, s.played.c, s.turns.c
    query = (
        select(m.key, m.defends, t.seat, t.after, t.body["text"].as_string().label("text"))
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.turns, t.match == m.key)
        .where(p.run == run)
        .order_by(p.position, t.after)
        .execution_options(yield_per=1000)
    )
    turns: dict[str, list[tuple[int, int, int, int, float]]] = defaultdict(list)
    with engine.connect() as db:
        for row in db.execute(query):
            seats = list(row.defends)
            if row.seat in row.defends and len(seats) == 2 == len(set(row.defends.values())):
                turns[row.key].append((row.after, seats.index(row.seat), row.defends[row.seat], *_counted(row.text)))
    return {match: _speech(sorted(told)) for match, told in turns.items()}


def _counted(text: str) -> tuple[int, int]:
    """Words, and boosters less hedges."""
    words = _WORD.findall(text.lower())
    return len(words), sum((word in BOOSTERS) - (word in HEDGES) for word in words)


def _speech(told: Sequence[tuple[int, int, int, int, float]]) -> Speech:
    """From (turns heard, place of the seat, answer, words, boosters less hedges), in the order in which it is read."""
    words: dict[int, int] = defaultdict(int)
    firm: dict[int, float] = defaultdict(float)
    for _, _, answer, count, sure in told:
        words[answer] += count
        firm[answer] += sure
    tone = {answer: 100 * firm[answer] / max(1, words[answer]) for answer in (0, 1)}
    return Speech(told[0][2], told[-1][2], {answer: words[answer] for answer in (0, 1)}, tone)
