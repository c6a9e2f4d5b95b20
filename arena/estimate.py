"""The mean of a score, with an interval that counts sources and not rulings.

Both orders, repeats, arms and questions of one source resemble one another, so they are repeated measures within it
(Miller 2024, "Adding error bars to evals"). The interval is Liang & Zeger's (1986) with t(C - 1) for C sources
(Cameron & Miller 2015). It is a Wald interval: where nearly every ruling is right or wrong, and below some 20 sources,
it covers the truth less often than it says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from arena import bootstrap
from arena.metric import Figure, Sample
from arena.rulings import Floats, Ints, Mask, Words

Failures = Literal["excluded", "wrong"]
"""What becomes of rulings that cannot be read or never came about: left out, or scored 0."""

_ZERO = 1e-9
"""Below this a sum of scores is rounding."""


class Scores(NamedTuple):
    """The values that a figure rests on, (n,) each."""

    questions: Words
    sources: Words
    values: Floats

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, float]]) -> Scores:
        """From (question, source, value)."""
        questions, sources, values = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), ())
        return cls(Words.of(questions), Words.of(sources), np.array(values, dtype=np.float64))

    @classmethod
    def some(cls, sample: Sample, values: Floats, which: Mask | None = None) -> Scores:
        """A value for each ruling of a sample (n,), of which those count that can be read, or that `which` says."""
        return cls(sample.records.words("question"), sample.records.words("source"), values).take(
            sample.read if which is None else which
        )

    def take(self, which: Mask) -> Scores:
        """Those rows alone."""
        return Scores(self.questions.take(which), self.sources.take(which), self.values[which])

    def groups(self) -> Ints:
        """(n,): the sources, numbered from 0 without gaps."""
        return np.unique(self.sources.codes, return_inverse=True)[1]


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None
    method: str


def scored(sample: Sample, failures: Failures) -> Scores:
    """The score of every ruling of a sample."""
    if failures == "excluded":
        return Scores.some(sample, sample.score)
    ruled = Scores.some(sample, np.nan_to_num(sample.score), ~sample.records.words("state").be("unscored"))
    lost = Scores.of((one.question, one.source, 0.0) for one in sample.lost)
    return Scores(
        Words.joined([ruled.questions, lost.questions]),
        Words.joined([ruled.sources, lost.sources]),
        np.concatenate([ruled.values, lost.values]),
    )


def by_question(parts: Sequence[Scores]) -> tuple[Sequence[str], Floats]:
    """The questions' keys, those of the first part first, and (parts, questions) the mean of each part's values on
    each; NaN where it has none."""
    questions = Words.joined([one.questions for one in parts])
    count = len(questions.values)
    codes = np.split(questions.codes, np.cumsum([len(one.values) for one in parts])[:-1])
    with np.errstate(invalid="ignore"):
        means = [
            np.bincount(mine, one.values, count) / np.bincount(mine, minlength=count)
            for mine, one in zip(codes, parts, strict=True)
        ]
    return questions.values, np.stack(means)


def mean(used: Scores, span: tuple[float, float] = (0, 1)) -> Estimate:
    """The mean of scores that lie in `span`, and its 95 % interval."""
    y = used.values
    if not len(y):
        return Estimate(None, None, None, "nothing to measure")
    groups = used.groups()
    sources = int(groups.max()) + 1
    if sources < 2:
        return Estimate(float(y.mean()), None, None, "no interval: one source")
    if sources == len(y) and span == (0, 1) and set(y.tolist()) <= {0, 1}:
        low, high = wilson(int(y.sum()), sources)
        return Estimate(float(y.mean()), low, high, f"Wilson, {sources} sources of one ruling")
    if np.abs(np.bincount(groups, y - y.mean())).max() < _ZERO:
        return alike(float(y.mean()), sources, span)
    return _clustered(y, groups, span)


def wilson(count: int, n: int) -> tuple[float, float]:
    """Wilson's (1927) 95 % interval of a share."""
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(count, n, method="wilson")
    return float(low), float(high)


def alike(value: float, sources: int, span: tuple[float, float]) -> Estimate:
    """Where every source has the same mean the estimated variance is 0, and an interval of no width would be a lie.

    None of C sources departs from `value`: by Wilson (1927) as many as a share u still may, to either end of `span`.
    Where all are right or all are wrong, this is Wilson's interval on C sources.
    """
    u = wilson(0, sources)[1]
    low, high = value - u * (value - span[0]), value + u * (span[1] - value)
    return Estimate(value, low, high, f"no variance between sources: Wilson on {sources} sources")


def _clustered(y: Floats, groups: Ints, span: tuple[float, float]) -> Estimate:
    """Liang & Zeger (1986) by way of a regression on a constant, with the correction C/(C - 1) and t(C - 1)."""
    # Imported here because it takes longer than all the rest of a short command.
    from statsmodels.regression.linear_model import OLS

    fit = OLS(y, np.ones(len(y))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = (float(bound) for bound in fit.conf_int(0.05)[0])
    method = f"cluster-robust by source, t({groups.max()})"
    if low < span[0] or high > span[1]:
        method += f", clipped to [{span[0]:g}, {span[1]:g}]"
    return Estimate(float(y.mean()), max(low, span[0]), min(high, span[1]), method)


def resampled(
    used: Scores, columns: Floats, statistic: Callable[[Floats], Floats], span: tuple[float, float]
) -> Estimate:
    """A function of sums, and its 95 % interval by the bootstrap over sources.

    `columns` (n, k) are what is summed, a row for each of `used`; `statistic` maps sums (..., k) to values (...,). Its
    values lie in `span`, from which the interval is taken where all sources are alike.
    """
    if not len(used.values):
        return Estimate(None, None, None, "nothing to measure")
    table = bootstrap.totals(used.groups(), columns)
    value = float(statistic(table.sum(axis=0)))
    if len(table) < 2:
        return Estimate(value, None, None, "no interval: one source")
    drawn = statistic(bootstrap.sums(table))
    if np.ptp(drawn) < _ZERO:
        return alike(value, len(table), span)
    return Estimate(value, *bootstrap.interval(drawn, len(table)), drew(len(table)))


def drew(sources: int) -> str:
    """How a bootstrap interval was reached, in words."""
    return f"bootstrap over {sources} sources, {bootstrap.RESAMPLES} resamples"


def averaged(used: Scores, span: tuple[float, float]) -> Estimate:
    """The mean of scores that lie in `span`, with an interval by the bootstrap over sources."""
    columns = np.stack([used.values, np.ones(len(used.values))], axis=1)
    return resampled(used, columns, lambda sums: sums[..., 0] / sums[..., 1], span)


def sign_flip(used: Scores, resamples: int) -> tuple[float | None, str]:
    """Two-sided p of a mean of differences against 0, and how it was reached.

    A source's differences change sign together, since it is the source that was drawn. The statistic is the sum over
    all of them, so that it agrees with the mean however many questions a source has. All sign patterns are counted
    where there are at most `resamples` of them, else that many are drawn, from a fixed seed. Sources without a
    difference have no sign, and equal ones are drawn together: of k equal differences a binomial number stays.
    """
    from scipy.stats import monte_carlo_test, permutation_test

    groups = used.groups()
    if not len(groups) or groups.max() < 1:
        return None, "no test"
    sizes = np.round(np.abs(all_ := np.bincount(groups, used.values)), 9)  # equal sums must tie, however added
    if len(all_) <= math.log2(resamples):
        result = permutation_test(
            (all_,),
            lambda x, axis: np.round(np.sum(x, axis=axis), 9),
            permutation_type="samples",
            vectorized=True,
            n_resamples=resamples,
        )
        return float(result.pvalue), "exact sign-flip test"
    values, times = np.unique(sizes[sizes > 0], return_counts=True)
    rng = np.random.default_rng(0)

    def flipped(size: tuple[int, ...]) -> Floats:
        kept = rng.binomial(times, 0.5, (size[0], len(times)))
        return np.round((2 * kept - times) @ values, 9)[:, None]

    result = monte_carlo_test(
        np.round([all_.sum()], 9), flipped, lambda x, axis: x.sum(axis=axis), vectorized=True, n_resamples=resamples,
        batch=max(1, 10**6 // max(1, len(times))),
    )  # fmt: skip
    return float(result.pvalue), f"sign-flip test, {resamples} resamples"


def figure(metric: str, estimate: Estimate, used: Scores, rulings: int, samples: Sequence[Sample]) -> Figure:
    """An estimate with everything it rests on; `rulings` are the readable ones that went into it."""
    return Figure(
        metric=metric,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        method=estimate.method,
        sources=len(np.unique(used.sources.codes)),
        questions=len(np.unique(used.questions.codes)),
        rulings=rulings,
        unreadable=sum(int(sample.records.words("state").be("unreadable").sum()) for sample in samples),
        failed=sum(len(sample.lost) for sample in samples),
    )
