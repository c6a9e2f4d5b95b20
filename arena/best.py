"""The exact curve of best-of-n for every n, from one pool of scored drafts.

Drawing n of K scored drafts without replacement and keeping the best has a distribution that can be counted, so that
one pool serves every n up to K and nothing is sampled again. Pure: no model, no chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from arena.rulings import Floats


def chances(scores: Sequence[float], n: int) -> dict[float, float]:
    """The probability of each score to be the best of `n` drafts drawn from the pool without replacement.

    A group of tied scores has P = (C(u, n) - C(l, n)) / C(K, n), with u the scores that are at most as high, l those
    that are lower and K all. Raises ValueError for n out of 1 to K.
    """
    pool = sorted(scores)
    if not 1 <= n <= len(pool):
        raise ValueError(f"n is {n}; choices: 1 to {len(pool)}, the number of scores")
    found: dict[float, float] = {}
    lower = 0
    for score in dict.fromkeys(pool):
        upper = lower + pool.count(score)
        found[score] = (math.comb(upper, n) - math.comb(lower, n)) / math.comb(len(pool), n)
        lower = upper
    return found


def curve(scores: Sequence[float]) -> list[float]:
    """The expected best score of n drafts, for n from 1 to the number of scores."""
    sizes = range(1, len(scores) + 1)
    return [sum(score * p for score, p in chances(scores, n).items()) for n in sizes]


def divergence(n: int) -> float:
    """How far best-of-n moves from the agent it draws from: KL = ln n - (n - 1)/n, in nats.

    Exact where no two scores tie, and an upper bound elsewhere (Beirami 2024).
    """
    if n < 1:
        raise ValueError(f"n is {n}; it must be 1 or more")
    return math.log(n) - (n - 1) / n


def ranks(size: int) -> Floats:
    """(size, size): of a pool of `size` drafts in rising order of score, how probable each is to be the best of n, a
    row for each n from 1. Its product with the sorted scores is `curve`."""
    return np.array([[math.comb(i, n - 1) / math.comb(size, n) for i in range(size)] for n in range(1, size + 1)])


def level(proxy: Floats, gold: Floats) -> tuple[Floats, Floats]:
    """(pools, size) each: the proxy in rising order, and the gold of the same drafts, drafts with an equal proxy each
    having the mean of their gold: which of them is kept is chance."""
    order = np.argsort(proxy, axis=1, kind="stable")
    proxy, gold = (np.take_along_axis(one, order, axis=1) for one in (proxy, gold))
    starts = np.column_stack([np.ones(len(proxy), dtype=np.int64), np.diff(proxy, axis=1) > 0]).ravel()
    groups = np.cumsum(starts) - 1
    means = np.bincount(groups, gold.ravel()) / np.bincount(groups)
    return proxy, means[groups].reshape(gold.shape)
