"""Ridge logistic regression with intervals by the cluster bootstrap.

scikit-learn fits the coefficients. In each resample of sources they move from there by a few steps of Newton's method
towards that resample's own: a k-step bootstrap (Davidson & MacKinnon 1999; Andrews 2002), which agrees with fitting
each resample anew to a higher order than the bootstrap agrees with the truth, at a hundredth of the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arena import bootstrap
from arena.rulings import Floats, Ints

RESAMPLES = 500
STEPS = 3
_BLOCK = 2**21
"""Weights of rows that are there at a time."""


class Games(NamedTuple):
    """What is regressed."""

    x: Floats
    """(n, k): who takes part, +1 or -1, and covariates; an intercept is added."""
    won: Floats
    """(n,): 1, 0, or 1/2 for a tie."""
    sources: Ints
    """(n,): numbered from 0 without gaps."""


class Fit(NamedTuple):
    """Log-odds."""

    value: Floats
    """(k,)"""
    drawn: Floats
    """(resamples, k): of every resample of sources; none where there is one source."""
    sources: int


def fit(games: Games, ridge: float) -> Fit:
    """The coefficients, the intercept left out; `ridge` is the inverse of scikit-learn's C, and the inverse of the
    variance that coefficients are expected to have, in squared log-odds. The intercept is not penalised."""
    from sklearn.linear_model import LogisticRegression

    halves = np.concatenate([games.x, games.x]), np.repeat([1, 0], len(games.won))
    weights = np.concatenate([games.won, 1 - games.won])
    some = weights > 0
    model = LogisticRegression(C=1 / ridge, solver="newton-cholesky", tol=1e-8)
    if len(np.unique(halves[1][some])) < 2:  # nobody ever lost: the intercept would be without end
        return Fit(np.zeros(games.x.shape[1]), np.zeros((0, games.x.shape[1])), 0)
    model.fit(halves[0][some], halves[1][some], weights[some])
    start = np.append(model.coef_[0], model.intercept_[0])
    return Fit(start[:-1], _drawn(games, start, ridge)[:, :-1], int(games.sources.max()) + 1)


def _drawn(games: Games, start: Floats, ridge: float) -> Floats:
    """(resamples, k + 1): the coefficients of each resample, the intercept last."""
    sources = int(games.sources.max(initial=-1)) + 1
    if sources < 2:
        return np.zeros((0, len(start)))
    x = np.column_stack([games.x, np.ones(len(games.won))])
    penalty = np.append(np.full(len(start) - 1, ridge), 1e-9)
    chance = _expit(x @ start)
    curved = np.einsum("ni,nj->nij", x, x * (chance * (1 - chance))[:, None]).reshape(len(x), -1)
    table = bootstrap.totals(games.sources, curved)
    found = [
        _newton(games, x, start, penalty, block, bootstrap.product(block, table))
        for counts in bootstrap.counts(sources, RESAMPLES)
        for block in np.array_split(counts, max(1, counts.shape[0] * len(x) // _BLOCK))
    ]
    return np.concatenate(found)


def _newton(games: Games, x: Floats, start: Floats, penalty: Floats, counts: Floats, curved: Floats) -> Floats:
    """From `start`, each resample's own way by its curvature there."""
    k = len(start)
    curvature = curved.reshape(-1, k, k) + np.diag(penalty)
    weights = counts[:, games.sources]
    at = np.tile(start, (len(counts), 1))
    for _ in range(STEPS):
        off = weights * (games.won - _expit(bootstrap.product(at, x.T)))
        slope = bootstrap.product(off, x) - penalty * at
        at = at + np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
    return at


def _expit(x: Floats) -> Floats:
    from scipy.special import expit

    found: Floats = expit(x)
    return found
