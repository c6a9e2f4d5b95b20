"""How often judges find the objectively right response, asked in both orders: JudgeBench, by the rule of its code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from arena import estimate
from arena.estimate import Scores
from arena.importer import called
from arena.importers.judgebench import JudgeBench
from arena.importing import aside
from arena.metric import Sample
from arena.parts import expected, files
from arena.reproduction import Line, Reproduction
from arena.rulings import Floats
from arena.samples import samples

_GPT, _CLAUDE = "gpt-4o-2024-05-13", "claude-3-5-sonnet-20240620"
_PUBLISHED = {
    f"arena_hard|o1-mini-2024-09-12|{_GPT}": (65.71, 350),
    f"reward_model|Skywork_Skywork-Reward-Gemma-2-27B|{_GPT}": (64.29, 350),
    f"reward_model|internlm_internlm2-20b-reward|{_GPT}": (63.43, 350),
    f"reward_model|Skywork_Skywork-Reward-Llama-3.1-8B|{_GPT}": (62.29, 350),
    f"reward_model|internlm_internlm2-7b-reward|{_GPT}": (59.43, 350),
    f"reward_model|Ray2333_GRM-Gemma-2B-rewardmodel-ft|{_GPT}": (59.43, 350),
    f"arena_hard|claude-3-haiku-20240307|{_CLAUDE}": (32.22, 270),
}
"""Judge and who wrote the responses -> accuracy in percent, and pairs."""


class Judgebench2025(Reproduction):
    """A pair is right if over both orders more verdicts are right than wrong; a tie or none counts neither."""

    source: ClassVar[str] = "JudgeBench (Tan et al. 2025, arXiv 2410.12784), accuracy of judges by the rule of its code"
    data: ClassVar[str] = (
        "judgebench: decisions.*.csv.gz, pairs.*.jsonl.gz, and expected.*.json to hold the figures against"
    )
    deviations: ClassVar[tuple[str, ...]] = (
        "intervals are ours (Wilson, by pair)",
        "`arena compare` gives another accuracy: the mean over both orders, a tie counting one half",
    )

    def lines(self) -> Iterator[Line]:
        told = next((v for v in expected(files(self.path, "decisions")).values() if isinstance(v, dict)), {})
        with aside(JudgeBench(path=self.path)) as (engine, run):
            found = samples(engine, run)
        for group, sample in found.items():
            tags = sample.records.words("tags")
            writers = np.array([writer for _, writer in tags.values])[tags.codes]
            model, kind = called(group.judge)
            for writer in dict.fromkeys(writers.tolist()):
                name = f"{kind}|{model}|{writer}"
                yield from _lines(name, sample.where(writers == writer), told.get(name, {}))


def _lines(name: str, sample: Sample, told: Mapping[str, float]) -> Iterator[Line]:
    won = _margins(sample)
    right = (won.values > 0).astype(np.float64)
    found = estimate.mean(Scores(won.questions, won.sources, right))
    n = len(right)
    counts = {"n": n, "correct": right.sum(), "incorrect": (won.values < 0).sum()}
    counts["tie_or_inconsistent"] = n - counts["correct"] - counts["incorrect"]
    for figure, count in counts.items():
        yield Line(group=name, figure=figure, stated=told.get(figure), ours=float(count), n=n, digits=0)
    value, low, high = (None if one is None else 100 * one for one in found[:3])
    published, of = _PUBLISHED.get(name, (None, None))
    yield Line(
        group=name,
        figure="accuracy",
        published=published,
        published_n=of,
        stated=told.get("accuracy"),
        ours=value,
        low=low,
        high=high,
        n=n,
        method=found.method,
        digits=2,
    )


def _margins(sample: Sample) -> Scores:
    """For each pair the right verdicts less the wrong ones, over both orders; a tie is neither."""
    each: Floats = np.nan_to_num(2 * sample.score - 1)
    questions = sample.records.words("question")
    numbers, first = np.unique(questions.codes, return_index=True)
    sums: Floats = np.bincount(questions.codes, each, len(questions.values))[numbers].astype(np.float64)
    return Scores(questions.take(first), sample.records.words("source").take(first), sums)
