"""Which difference an experiment can see, and how many sources a difference needs, before anything is paid."""

from __future__ import annotations

import math

import numpy as np

from arena import bootstrap, estimate
from arena.errors import ConfigError
from arena.metric import Sample
from arena.metrics.difference import paired
from arena.plugin import Frozen

ALPHA, POWER = 0.05, 0.8
"""A difference counts as seen where a two-sided test at 5 % sees it in 80 of 100 experiments."""

MOST = 10**9
"""Sources; no experiment has more, and more are not counted."""


class Power(Frozen):
    """Of the paired difference between two protocols."""

    protocol: str = ""
    """Of a pilot run; empty where accuracies are stated."""
    judge: str = ""
    basis: str
    """Where the spread comes from: a pilot run, or stated accuracies and correlation."""
    sources: int
    spread: float
    """Standard deviation over sources of the paired difference."""
    family: int
    """Pairs that are tested together, over which Holm corrects."""
    smallest: float | None
    """The smallest difference that is seen with 80 % power at 5 %; None with fewer than two sources."""
    smallest_holm: float | None
    """The same at 5 % / family: the step that Holm's correction makes hardest."""
    wanted: float
    """A difference that somebody wants to see."""
    needed: int
    """Sources that `wanted` needs at 5 %."""
    needed_holm: int


def power(sources: int, spread: float, wanted: float, family: int = 1, **about: str) -> Power:
    """What `sources` sources see, and how many see `wanted`. Raises ConfigError for a difference or a spread that no
    two accuracies have."""
    if not 0 < wanted <= 1:
        raise ConfigError(f"difference {wanted:g}: must be above 0 and at most 1")
    if not spread > 0:
        raise ConfigError(f"spread {spread:g}: must be above 0")
    strict = ALPHA / max(1, family)
    return Power(
        sources=sources,
        spread=spread,
        family=family,
        smallest=smallest(sources, spread),
        smallest_holm=smallest(sources, spread, strict),
        wanted=wanted,
        needed=needed(wanted, spread),
        needed_holm=needed(wanted, spread, strict),
        **about,
    )


def smallest(sources: int, spread: float, alpha: float = ALPHA) -> float | None:
    """The smallest true difference that a two-sided paired t test of `sources` sources sees with 80 % power.

    None with fewer than two sources. It may be above 1, which no difference of accuracies is: then nothing is seen.
    """
    from scipy.optimize import brentq

    if sources < 2:
        return None
    most = 1.0
    while _chance(most, sources, alpha) < POWER:
        most *= 2
    return spread * float(brentq(lambda effect: _chance(effect, sources, alpha) - POWER, 0, most))


def needed(difference: float, spread: float, alpha: float = ALPHA) -> int:
    """How many sources see a true `difference` with 80 % power; from `MOST` on this is not exact."""
    low, high = 1, 2
    while high < MOST and _chance(difference / spread, high, alpha) < POWER:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _chance(difference / spread, middle, alpha) >= POWER else (middle, high)
    return high


def spread(one: float, other: float, correlation: float) -> float:
    """Standard deviation of the difference of two scores with these accuracies and this correlation between them.

    As if each source had one verdict under each protocol; several questions, orders or repeats of a source make it
    smaller. Raises ConfigError where no two scores can have them.
    """
    for accuracy in (one, other):
        if not 0 < accuracy < 1:
            raise ConfigError(f"accuracy {accuracy:g}: must be above 0 and below 1")
    if not -1 <= correlation < 1:
        raise ConfigError(f"correlation {correlation:g}: must be at least -1 and below 1")
    variances = [accuracy * (1 - accuracy) for accuracy in (one, other)]
    return math.sqrt(sum(variances) - 2 * correlation * math.sqrt(math.prod(variances)))


def observed(ours: Sample, theirs: Sample) -> tuple[int, float]:
    """The sources that both have, and the standard deviation over them of the paired difference: of a mean of
    that many, its standard error (Liang & Zeger 1986) times the root of their number. 0 where nothing varies."""
    used = paired(*(estimate.scored(one, "excluded") for one in (ours, theirs)))
    if not len(used.values):
        return 0, 0.0
    residuals = np.stack([used.values - used.values.mean(), np.ones(len(used.values))], axis=1)
    table = bootstrap.totals(used.groups(), residuals)
    sources = len(table)
    if sources < 2:
        return sources, 0.0
    return sources, float(np.sqrt((table[:, 0] ** 2).sum() / (sources - 1)) * sources / len(used.values))


def _chance(effect: float, sources: int, alpha: float) -> float:
    """How often a two-sided paired t test finds a difference of `effect` standard deviations, and on its own side."""
    from statsmodels.stats.power import TTestPower

    return float(TTestPower().power(effect, sources, alpha / 2, alternative="larger")) if sources > 1 else 0.0
