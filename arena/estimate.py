"""The mean of a score, with an interval that counts sources and not rulings.

Both orders, repeats, arms and questions of one source resemble one another, so they are repeated measures within it
(Miller 2024, "Adding error bars to evals"). The interval is Liang & Zeger's (1986) with t(C - 1) for C sources
(Cameron & Miller 2015). It is a Wald interval: where nearly every ruling is right or wrong, and below some 20 sources,
it covers the truth less often than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.metric import Figure, Sample

Failures = Literal["excluded", "wrong"]
"""What becomes of rulings that cannot be read or never came about: left out, or scored 0."""

_ZERO = 1e-9
"""Below this a sum of scores is rounding."""


class Scored(NamedTuple):
    """One value that a figure rests on."""

    question: str
    source: str
    score: float


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    method: str


def scored(sample: Sample, failures: Failures) -> list[Scored]:
    """The score of every ruling of a sample."""
    found = [(r.question, r.source, r.score) for r in sample.records if r.state != "unscored"]
    if failures == "wrong":
        found += [(lost.question, lost.source, None) for lost in sample.lost]
        return [Scored(question, source, score or 0.0) for question, source, score in found]
    return [Scored(question, source, score) for question, source, score in found if score is not None]


def mean(used: Sequence[Scored], span: tuple[float, float] = (0, 1)) -> Estimate:
    """The mean of scores that lie in `span`, and its 95 % interval."""
    if not used:
        return Estimate(None, None, None, "nothing to measure")
    y = np.array([one.score for one in used])
    groups = _groups(used)
    sources = int(groups.max()) + 1
    if sources < 2:
        return Estimate(float(y.mean()), None, None, "no interval: one source")
    if sources == len(y) and span == (0, 1) and set(y) <= {0, 1}:
        low, high = _wilson(int(y.sum()), sources)
        return Estimate(float(y.mean()), low, high, f"Wilson, {sources} sources of one ruling")
    if np.abs(np.bincount(groups, y - y.mean())).max() < _ZERO:
        return _alike(float(y.mean()), sources, span)
    return _clustered(y, groups, span)


def _groups(used: Sequence[Scored]) -> NDArray[np.intp]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(one.source, len(numbers)) for one in used])


def _wilson(count: int, n: int) -> tuple[float, float]:
    """Wilson (1927)."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, method="wilson")
    return float(low), float(high)


def _alike(value: float, sources: int, span: tuple[float, float]) -> Estimate:
    """Where every source has the same mean the estimated variance is 0, and an interval of no width would be a lie.

    None of C sources departs from `value`: by Wilson (1927) as many as a share u still may, to either end of `span`.
    Where all are right or all are wrong, this is Wilson's interval on C sources.
    """
    u = _wilson(0, sources)[1]
    low, high = value - u * (value - span[0]), value + u * (span[1] - value)
    return Estimate(value, low, high, f"no variance between sources: Wilson on {sources} sources")


def _clustered(y: NDArray[np.float64], groups: NDArray[np.intp], span: tuple[float, float]) -> Estimate:
    """Liang & Zeger (1986) by way of a regression on a constant, with the correction C/(C - 1) and t(C - 1)."""
    # Imported here because it takes longer than all the rest of a short command.
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = (float(bound) for bound in fit.conf_int(0.05)[0])
    method = f"cluster-robust by source, t({groups.max()})"
    if low < span[0] or high > span[1]:
        method += f", clipped to [{span[0]:g}, {span[1]:g}]"
    return Estimate(float(y.mean()), max(low, span[0]), min(high, span[1]), method)


def sign_flip(used: Sequence[Scored], resamples: int) -> tuple[float | None, str]:
    """Two-sided p of a mean of differences against 0, and how it was reached.

    A source's differences change sign together, since it is the source that was drawn. The statistic is the sum over
    all of them, so that it agrees with the mean however many questions a source has. All sign patterns are counted
    where there are at most `resamples` of them, else that many are drawn, from a fixed seed.
    """
    from scipy.stats import permutation_test

    groups = _groups(used)
    if not used or groups.max() < 1:
        return None, "no test"
    totals = np.bincount(groups, [one.score for one in used])
    result = permutation_test(
        (totals,),
        lambda x, axis: np.round(np.sum(x, axis=axis), 9),  # equal sums must tie, whatever the order of adding
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 10**6 // len(totals)),
        rng=np.random.default_rng(0),
    )
    exact = 2.0 ** len(totals) <= resamples
    return float(result.pvalue), "exact sign-flip test" if exact else f"sign-flip test, {resamples} resamples"


def figure(metric: str, estimate: Estimate, used: Sequence[Scored], rulings: int, samples: Sequence[Sample]) -> Figure:
    """An estimate with everything it rests on; `rulings` are the readable ones that went into it."""
    return Figure(
        metric=metric,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        method=estimate.method,
        sources=len({one.source for one in used}),
        questions=len({one.question for one in used}),
        rulings=rulings,
        unreadable=sum(r.state == "unreadable" for sample in samples for r in sample.records),
        failed=sum(len(sample.lost) for sample in samples),
    )
