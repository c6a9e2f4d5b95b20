"""The cluster bootstrap: sources are drawn with replacement, each with all its rulings (Efron & Tibshirani 1993).

Every statistic here is a function of sums over sources, so that a resample is a row of counts (how often each source
was drawn) times a table of sums: one draw of counts serves any number of sums at once. The counts are exactly
multinomial. Sources with equal rows are drawn as one kind, which changes nothing but the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arena.rulings import Floats, Ints

RESAMPLES = 2000
"""Enough that a bound moves by some 3 % of the interval's width with the seed."""

_CHUNK = 2**18
"""Counts that are there at a time: they stay in the processor's cache."""
_ALONE = 2**17
"""Multiplications that OpenBLAS does in one thread."""
_KEPT = 2**25
"""Counts that are kept, a byte each, for the next statistic on as many sources."""
_WORTH = 6
"""How many times dearer it is to draw the count of a kind than to draw one source."""


class Interval(NamedTuple):
    """A 95 % interval."""

    low: float
    high: float


def totals(groups: Ints, columns: Floats) -> Floats:
    """(sources, k): the sums of `columns` (n, k) over the rows of each source; `groups` (n,) numbers them from 0."""
    count = int(groups.max()) + 1 if len(groups) else 0
    return np.stack([np.bincount(groups, column, count) for column in columns.T], axis=1)


def sums(table: Floats, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """(resamples, k): the sums of `table` (sources, k) over as many sources drawn with replacement."""
    sources = len(table)
    kinds, times = np.unique(table, axis=0, return_counts=True)
    if _WORTH * len(kinds) < sources:
        drawn = np.random.default_rng(seed).multinomial(sources, times / sources, size=resamples)
        return np.asarray(drawn @ kinds)
    if sources * resamples <= _KEPT:
        return product(_kept(sources, resamples, seed), table)
    return np.concatenate([product(drawn, table) for drawn in counts(sources, resamples, seed)])


def interval(drawn: Floats, sources: int) -> Interval:
    """The 95 % interval of a statistic from its values in resamples (resamples,) of so many sources.

    Expanded percentiles (Hesterberg 2015): a plain percentile interval is too narrow by sqrt((C - 1)/C) and has normal
    quantiles where t(C - 1)'s are due; this takes the percentiles at which the two agree for a mean. Resamples in which
    the statistic does not exist (NaN) do not count.
    """
    low, high = np.quantile(drawn[~np.isnan(drawn)], _tails(sources), method="closest_observation")
    return Interval(float(low), float(high))


@lru_cache(maxsize=64)
def _tails(sources: int) -> tuple[float, float]:
    from scipy import stats

    tail = float(stats.norm.cdf(math.sqrt(sources / (sources - 1)) * stats.t.ppf(0.025, sources - 1)))
    return tail, 1 - tail


@lru_cache(maxsize=2)
def _kept(sources: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """All counts at once: a comparison asks for the same again for each of its figures. That one source is drawn more
    than 255 times does not happen: the chance is below 1/255!, about 10 to the power of -500."""
    return np.concatenate([drawn.astype(np.uint8) for drawn in counts(sources, resamples, seed)])


def product(counts: NDArray[Any], table: Floats) -> Floats:
    """`counts @ table`, in blocks that are too small for the linear algebra library to share among threads: where a
    processor is busy, waiting for the last thread takes a hundred times as long as the work."""
    step = max(1, _ALONE // table.size)
    parts = (counts[at : at + step].astype(np.float64, copy=False) for at in range(0, len(counts), step))
    return np.concatenate([part @ table for part in parts])


def counts(sources: int, resamples: int = RESAMPLES, seed: int = 0) -> Iterator[Floats]:
    """(some resamples, sources) at a time: how often each source was drawn."""
    rng = np.random.Generator(np.random.SFC64(seed))
    step = max(1, _CHUNK // sources)
    for at in range(0, resamples, step):
        drawn = _drawn(rng, sources, min(step, resamples - at))
        yield np.array([np.bincount(row, minlength=sources) for row in drawn], dtype=np.float64)


def _drawn(rng: np.random.Generator, sources: int, resamples: int) -> NDArray[Any]:
    """(resamples, sources): which sources were drawn.

    How many fall into each block of 256 sources is multinomial, and where in its block each falls is one random byte:
    the same distribution as of as many draws from all sources, at a fifth of the time. The last block may be a part.
    """
    starts = np.arange(0, sources, 256, dtype=np.uint16 if sources < 2**16 else np.uint32)
    sizes = np.minimum(256, sources - starts.astype(np.int64))
    fallen = rng.multinomial(sources, sizes / sources, size=resamples)
    within = rng.integers(0, 256, (resamples, sources), dtype=np.uint8)
    for row, last in zip(within, fallen[:, -1], strict=True):
        row[sources - last :] = rng.integers(0, sizes[-1], last, dtype=np.uint8)
    blocks: NDArray[Any] = np.stack([np.repeat(starts, one) for one in fallen])
    return blocks + within
