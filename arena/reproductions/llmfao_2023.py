"""Ratings of language models from pairwise votes, seven ways: LLMFAO's crowd comparisons.

The ways are those of evalica (Ustalov 2024), whose scores of the same votes lie with the data. Its Bradley-Terry and
Newman scores are zeros or without meaning, and it does not say so, where some models never lost against the rest; that
is looked for first (Ford 1957: the graph of who beat whom must be strongly connected, a tie counting for both).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from arena.importers.votes import Vote, Votes
from arena.parts import files, stated
from arena.reproduction import Line, Reproduction

WAYS = ("counting", "average_win_rate", "elo", "bradley_terry", "newman", "eigen", "pagerank")
_LIKELIHOOD = ("bradley_terry", "newman")
_WINNERS = {"left": "X", "right": "Y", "tie": "Draw"}
_Score = Callable[[Sequence[Vote]], dict[str, float]]


class Llmfao2023(Reproduction):
    """Each model's score by each way, with intervals by the percentile bootstrap over prompts."""

    source: ClassVar[str] = "LLMFAO (Ustalov 2023), llmfao.csv of github.com/dustalov/evalica, scores by evalica 0.4.2"
    data: ClassVar[str] = "llmfao_pairwise: comparisons.*.csv.gz, and expected_scores.*.csv to hold the scores against"
    deviations: ClassVar[tuple[str, ...]] = (
        "no paper prints these scores; evalica ships them for all votes together, and the data for their part",
        "prompts are few, so that intervals by the bootstrap over them are too narrow",
    )

    resamples: int = Field(default=200, ge=1)

    def lines(self) -> Iterator[Line]:
        votes = [voted.one for voted in Votes(path=self.path).cast()]
        expected = _expected(files(self.path, "comparisons"))
        drawn = _drawn(votes, self.resamples)
        games = _games(votes)
        why = _undefined(votes)
        lacking = dict.fromkeys(_LIKELIHOOD, why) if why else {}
        scores = {way: _scorer(way)(votes) for way in WAYS if way not in lacking}
        spread = {way: _spread(_scorer(way), drawn, way in _LIKELIHOOD) for way in scores}
        for model, way in product(games, WAYS):
            low, high = spread.get(way, {}).get(model, (None, None))
            yield Line(
                group=model,
                figure=way,
                stated=expected.get((way, model)),
                ours=scores.get(way, {}).get(model),
                low=low,
                high=high,
                n=games[model],
                method=lacking.get(way, f"percentile bootstrap over prompts, {self.resamples} resamples"),
                digits=6,
            )


def _scorer(way: str) -> _Score:
    import evalica

    rate: Any = getattr(evalica, way)
    kinds = {name: getattr(evalica.Winner, value) for name, value in _WINNERS.items()}

    def score(votes: Sequence[Vote]) -> dict[str, float]:
        found = rate([v.left for v in votes], [v.right for v in votes], [kinds[v.winner] for v in votes])
        return {str(name): float(value) for name, value in found.scores.items()}

    return score


def _expected(data: list[str]) -> Mapping[tuple[str, str], float]:
    """(way, model) -> score, of the same part of the data."""
    file = stated(data, "expected_scores", ".csv")
    if file is None:
        return {}
    with file.open(encoding="utf-8", newline="") as rows:
        return {(row["algorithm"], row["item"]): float(row["score"]) for row in csv.DictReader(rows)}


def _games(votes: Sequence[Vote]) -> dict[str, int]:
    found: dict[str, int] = {}
    for vote in votes:
        for model in (vote.left, vote.right):
            found[model] = found.get(model, 0) + 1
    return found


class _Graph(NamedTuple):
    models: list[str]
    groups: list[int]
    """Of each model, which strongly connected part it is in."""


def _parts(votes: Sequence[Vote]) -> _Graph:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    models = list(_games(votes))
    place = {model: i for i, model in enumerate(models)}
    beat = [(place[v.left], place[v.right]) for v in votes if v.winner != "right"]
    beat += [(place[v.right], place[v.left]) for v in votes if v.winner != "left"]
    winners, losers = zip(*beat, strict=True)
    graph = coo_array((np.ones(len(beat)), (winners, losers)), shape=(len(models), len(models)))
    return _Graph(models, connected_components(graph, connection="strong")[1].tolist())


def _undefined(votes: Sequence[Vote]) -> str:
    """Why the likelihood has no maximum; empty where it has one."""
    models, groups = _parts(votes)
    if len(set(groups)) == 1:
        return ""
    least = min(set(groups), key=groups.count)
    some = ", ".join(model for model, group in zip(models, groups, strict=True) if group == least)[:80]
    return f"not every two models are linked by wins both ways: {some} and the rest"


def _drawn(votes: Sequence[Vote], resamples: int) -> list[list[Vote]]:
    """The votes on as many prompts, drawn with replacement; the same each time."""
    by_prompt: dict[str, list[Vote]] = {}
    for vote in votes:
        by_prompt.setdefault(vote.prompt, []).append(vote)
    names = list(by_prompt)
    draws = np.random.default_rng(0).integers(len(names), size=(resamples, len(names)))
    return [[vote for i in draw for vote in by_prompt[names[i]]] for draw in draws.tolist()]


def _spread(score: _Score, drawn: list[list[Vote]], likelihood: bool) -> dict[str, tuple[float, float]]:
    """Model -> 95 % interval; over the resamples in which it was rated at all."""
    found: dict[str, list[float]] = {}
    for votes in drawn:
        if likelihood and _undefined(votes):
            continue
        for model, value in score(votes).items():
            found.setdefault(model, []).append(value)
    return {model: tuple(np.quantile(values, (0.025, 0.975)).tolist()) for model, values in found.items()}
