"""How often language models prefer the better output, in both orders of the outputs: every recorded run of LLMBar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from arena import estimate
from arena.estimate import Scores
from arena.importer import called
from arena.importers.llmbar import LlmBar
from arena.importing import aside
from arena.metric import Sample
from arena.parts import expected, files
from arena.reproduction import Line, Reproduction
from arena.samples import samples

_PUBLISHED = {
    "LLMBar/Natural|GPT-4|Vanilla_NoRules": (93.5, 100),
    "LLMBar/Adversarial/Neighbor|GPT-4|Vanilla_NoRules": (64.2, 134),
    "LLMBar/Adversarial/GPTInst|GPT-4|Vanilla_NoRules": (76.6, 92),
    "LLMBar/Adversarial/GPTOut|GPT-4|Vanilla_NoRules": (76.6, 47),
    "LLMBar/Adversarial/Manual|GPT-4|Vanilla_NoRules": (75.0, 46),
}
"""Run -> average accuracy over both orders in percent, and pairs."""


class Llmbar2024(Reproduction):
    """Accuracy in the original order, in the swapped one and on average, and agreement of the orders, in percent."""

    source: ClassVar[str] = "LLMBar (Zeng et al. 2024, arXiv 2310.07641), the statistics.json of every run"
    data: ClassVar[str] = (
        "llmbar: decisions.*.csv.gz, pairs.*.jsonl.gz, and expected.*.json to hold the figures against"
    )
    deviations: ClassVar[tuple[str, ...]] = (
        "a verdict that cannot be read is wrong, as in the paper, and agrees with one that cannot be read for the same "
        "reason",
        "intervals are ours: by pair, Wilson's for one order and clustered for both",
    )

    def lines(self) -> Iterator[Line]:
        told = expected(files(self.path, "decisions"))
        importer = LlmBar(path=self.path)
        agreed = _agreement(importer)
        with aside(importer) as (engine, run):
            found = samples(engine, run)
        for group, sample in found.items():
            tags = sample.records.words("tags")
            for code, (subset,) in enumerate(tags.values):
                part, which = sample.where(tags.codes == code), (subset, group.judge)
                if which in agreed:
                    name = "|".join((subset, *called(group.judge)))
                    yield from _lines(name, part, agreed[which], told.get(name, {}))


def _agreement(importer: LlmBar) -> dict[tuple[str, str], Scores]:
    """(subset, judge) -> for each pair whether the verdicts in both orders are the same, read or not."""
    found: dict[tuple[str, str], list[tuple[str, str, float]]] = defaultdict(list)
    for one in importer.read():
        question, said = one.match.question, defaultdict[str, list[tuple[tuple[float, ...], str]]](list)
        for verdict in one.judged:
            said[verdict.judge.label].append((verdict.p, verdict.reason))
        for judge, (first, second) in said.items():
            found[question.tags[0], judge].append((question.id, question.source, float(first == second)))
    return {run: Scores.of(rows) for run, rows in found.items()}


def _lines(name: str, sample: Sample, agreed: Scores, told: Mapping[str, float]) -> Iterator[Line]:
    right = np.nan_to_num(sample.score)
    order = sample.records.whole("order")
    every = np.ones_like(sample.read)
    n = int((order == 0).sum())
    yield Line(group=name, figure="n", stated=told.get("n"), ours=n, n=n, digits=0)
    for figure, used in {
        "acc_original": Scores.some(sample, right, order == 0),
        "acc_swapped": Scores.some(sample, right, order == 1),
        "acc_average": Scores.some(sample, right, every),
        "order_agreement": agreed,
    }.items():
        found = estimate.mean(used)
        value, low, high = (None if one is None else 100 * one for one in found[:3])
        paper = _PUBLISHED.get(name, (None, None)) if figure == "acc_average" else (None, None)
        yield Line(
            group=name,
            figure=figure,
            published=paper[0],
            published_n=paper[1],
            stated=told.get(figure),
            ours=value,
            low=low,
            high=high,
            n=n,
            method=found.method,
            digits=2,
        )
