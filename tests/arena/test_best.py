from __future__ import annotations

import math
from itertools import combinations
from random import Random

import numpy as np
import pytest

from arena.best import chances, curve, divergence, level, ranks


@pytest.mark.parametrize("scores", [(0.1, 0.9, 0.4), (0.5,) * 4, (0.2, 0.7, 0.2, 0.7, 0.9, 0.2)])
def test_the_chances_are_those_of_every_way_to_draw(scores: tuple[float, ...]) -> None:
    for n in range(1, len(scores) + 1):
        best = [max(drawn) for drawn in combinations(scores, n)]
        wanted = {score: best.count(score) / len(best) for score in set(scores)}
        assert chances(scores, n) == pytest.approx(wanted)
        assert curve(scores)[n - 1] == pytest.approx(sum(best) / len(best))


@pytest.mark.parametrize("scores", [(0.1, 0.9, 0.4), (0.5,) * 4, (0.2, 0.7, 0.2, 0.7, 0.9, 0.2)])
def test_the_chances_of_ranks_give_the_same_curve(scores: tuple[float, ...]) -> None:
    assert (ranks(len(scores)) @ np.sort(scores)).tolist() == pytest.approx(curve(scores))
    assert ranks(len(scores)).sum(axis=1) == pytest.approx(1)


def test_of_drafts_that_tie_each_is_kept_as_often() -> None:
    """The gold of the best of n, over every way to draw and to break a tie."""
    proxy, gold = np.array([[0.2, 0.7, 0.2, 0.7, 0.9]]), np.array([[1.0, 0, 0, 1, 0]])
    curved = (level(proxy, gold)[1] @ ranks(5).T)[0]
    for n in range(1, 6):
        kept = []
        for drawn in combinations(range(5), n):
            most = max(proxy[0, list(drawn)])
            kept.append(np.mean([gold[0, i] for i in drawn if proxy[0, i] == most]))
        assert curved[n - 1] == pytest.approx(np.mean(kept))


def test_the_curve_agrees_with_a_simulation() -> None:
    draw = Random(1)
    scores = [round(draw.random(), 1) for _ in range(20)]
    simulated = sum(max(draw.sample(scores, 5)) for _ in range(20_000)) / 20_000
    assert curve(scores)[4] == pytest.approx(simulated, abs=0.005)


def test_the_divergence_is_that_of_the_best_of_n_equally_likely_ranks() -> None:
    k = 2000
    for n in (1, 2, 8):
        p = [rank**n / k**n - (rank - 1) ** n / k**n for rank in range(1, k + 1)]
        assert divergence(n) == pytest.approx(sum(x * math.log(x * k) for x in p if x), abs=0.01)


@pytest.mark.parametrize("n", [0, 4])
def test_more_drafts_than_there_are_scores_is_an_error(n: int) -> None:
    with pytest.raises(ValueError, match=f"n is {n}; choices: 1 to 3"):
        chances((1, 2, 3), n)
    with pytest.raises(ValueError, match="must be 1 or more"):
        divergence(0)
