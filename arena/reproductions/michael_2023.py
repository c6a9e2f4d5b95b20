"""People judging debates and consultancies of people and of GPT-4: accuracy, rounds, reward, bits, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from arena import estimate
from arena.estimate import Scores
from arena.importers.nyu_debates import NONE, OUTSIDE, NyuDebates
from arena.importing import aside
from arena.metric import Figure, Sample
from arena.metrics.bits import Bits
from arena.metrics.ece import Ece
from arena.metrics.reward import Reward
from arena.parts import expected, files
from arena.reproduction import Line, Reproduction
from arena.samples import Group, samples

_LEAST = 1e-12
"""People stated no probability below 1 %: none is raised."""
_PUBLISHED: dict[str, dict[str, float]] = {
    "Human Debate": {"n": 154, "accuracy": 0.84, "mean rounds": 2.7, "reward": -0.89, "ece": 0.11, "bits": 0.09}
    | {"accuracy when sure of 95 %": 0.88},
    "Human Consultancy": {"n": 96, "accuracy": 0.74, "mean rounds": 4.0, "reward": -1.24, "ece": 0.17, "bits": 0.01}
    | {"honest": 0.88, "dishonest": 0.60},
    "AI Debate": {"n": 87, "accuracy": 0.78, "mean rounds": 3.8, "reward": -1.20, "ece": 0.16, "bits": 0.00},
    "AI Consultancy": {"n": 76, "accuracy": 0.80, "mean rounds": 4.2, "reward": -1.16, "ece": 0.17, "bits": 0.01}
    | {"honest": 0.74, "dishonest": 0.87},
}
_STATED = {
    "n": "n",
    "correct": "correct",
    "accuracy": "accuracy",
    "mean rounds": "mean_rounds",
    "reward": "mean_judge_reward",
    "ece": "ece_final_10bins",
    "bits": "bits_per_round",
}
_SURE = 0.95
_WHEN_SURE = "accuracy when sure of 95 %"
_ARMS = {"right": "honest", "wrong": "dishonest"}


class Michael2023(Reproduction):
    """Figures 3 and 4 and Table 1, of the rooms that the paper includes and their live judges."""

    source: ClassVar[str] = "Michael et al. 2023 (arXiv 2311.08702), Figures 3 and 4, Table 1"
    data: ClassVar[str] = "nyu_debates: rooms.*.jsonl.gz, and expected.*.json to hold the figures against"
    deviations: ClassVar[tuple[str, ...]] = (
        "n says how many of the paper's judgments the data hold; where that is a part, figures differ by chance",
        "intervals are ours, clustered by story; the paper gives none in its tables",
        "accuracy: a judge at exactly one half is wrong, as in the paper; `arena compare` counts one half",
        "bits per round: sum of log2 p(right) from before the first speech to the verdict, over the sum of rounds",
        "ece: ten bins of equal width by the more probable answer, a tie right by one half",
        "p: chi-squared without correction for continuity, 0.04 on the paper's counts; the paper's test is not known",
    )

    def lines(self) -> Iterator[Line]:
        beside = expected(files(self.path, "rooms"))
        told: Mapping[str, Any] = next((v for name, v in beside.items() if name != "published"), {})
        with aside(NyuDebates(path=self.path, stories=NONE, judges="pooled")) as (engine, run):
            found = samples(engine, run, beliefs=True)
        settings = {_setting(group): _included(one) for group, one in found.items() if group.judge.endswith("live)")}
        for setting, published in _PUBLISHED.items():
            if setting in settings and len(settings[setting].records):
                yield from _lines(setting, settings[setting], published, told.get(setting, {}))
        if settings.keys() >= {"Human Debate", "Human Consultancy"}:
            yield _p(settings["Human Debate"], settings["Human Consultancy"])


def _setting(group: Group) -> str:
    kind = "Consultancy" if "consultancy" in group.protocol else "Debate"
    return f"{'AI' if 'GPT' in group.cast else 'Human'} {kind}"


def _included(sample: Sample) -> Sample:
    """What was judged in rooms that the paper includes."""
    tags = sample.records.words("tags")
    inside = np.array([OUTSIDE not in one for one in tags.values], dtype=np.bool_)[tags.codes]
    held = sample.beliefs.words("tags")
    before = np.array([OUTSIDE not in one for one in held.values], dtype=np.bool_)[held.codes]
    return sample.where(inside, beliefs=before)


def _lines(setting: str, sample: Sample, paper: Mapping[str, float], told: Mapping[str, Any]) -> Iterator[Line]:
    n, right = len(sample.records), int((sample.score == 1).sum())
    rounds = Scores.some(sample, sample.records.whole("rounds").astype(np.float64))
    mean = estimate.mean(rounds, (0, float(rounds.values.max())))
    figures: dict[str, Figure] = {
        "n": _count(n),
        "correct": _count(right),
        "accuracy": _accuracy(sample),
        "mean rounds": estimate.figure("rounds", mean, rounds, n, (sample,)),
        "reward": Reward(least=_LEAST).measure(sample),
        "ece": Ece(mass="width").measure(sample),
        "bits": Bits(least=_LEAST).measure(sample),
    }
    for name, one in figures.items():
        yield _line(setting, name, one, paper, told.get(_STATED[name]))
    for arm, name in _ARMS.items():
        part = sample.where(sample.records.words("arm").be(arm))
        counts = told.get(name) or {}
        if len(part.records):
            share = counts["correct"] / counts["n"] if counts.get("n") else None
            yield _line(setting, name, _accuracy(part), paper, share)
    sure = sample.where(sample.top >= _SURE)
    if _WHEN_SURE in paper and len(sure.records):
        yield _line(setting, _WHEN_SURE, _accuracy(sure), paper, None)


def _accuracy(sample: Sample) -> Figure:
    used = Scores.some(sample, (sample.score == 1).astype(np.float64))
    return estimate.figure("accuracy", estimate.mean(used), used, len(used.values), (sample,))


def _p(debate: Sample, consultancy: Sample) -> Line:
    """Whether people judge debates and consultancies of people equally well."""
    from scipy.stats import chi2_contingency

    counts = [(int((one.score == 1).sum()), len(one.records)) for one in (debate, consultancy)]
    table = np.array([[right, n - right] for right, n in counts])
    p = float(chi2_contingency(table, correction=False).pvalue) if table.sum(axis=0).all() else None
    n = sum(n for _, n in counts)
    return Line(group="Human Debate over Consultancy", figure="p", published=0.04, published_n=250, ours=p, n=n)


def _count(value: int) -> Figure:
    return Figure(metric="count", value=value, rulings=value)


def _line(setting: str, name: str, one: Figure, paper: Mapping[str, float], told: float | None) -> Line:
    counted = one.metric == "count"
    return Line(
        group=setting,
        figure=name,
        published=paper.get(name),
        published_n=int(paper["n"]) if name in _STATED and not counted else None,
        stated=told,
        ours=one.value,
        low=one.low,
        high=one.high,
        n=one.rulings,
        method=one.method,
        digits=0 if counted else 4,
    )
