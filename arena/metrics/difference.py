"""How much more often one protocol's rulings are right than another's, on the same questions.

A question's score under a protocol is the mean over its orders, arms and repeats. Only questions that have one under
both count, and what makes a question hard for both drops out (Miller 2024, section 4).
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from arena import estimate
from arena.estimate import Scores
from arena.metric import Figure, Metric, Sample
from arena.rulings import Words


class Difference(Metric):
    """Mean paired difference, cluster-robust by source; p by flipping the signs of whole sources (Fisher 1935)."""

    failures: estimate.Failures = "excluded"
    """`wrong` scores rulings that cannot be read, and those that never came about, 0."""
    resamples: int = Field(default=9999, ge=1)
    """Sign patterns that are drawn where there are more than this many."""

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The accuracy of `sample` minus that of `against`; no value without `against` or a common question."""
        both = (sample, against or Sample(()))
        used = paired(*(estimate.scored(one, self.failures) for one in both))
        found = estimate.mean(used, span=(-1, 1))
        p, how = estimate.sign_flip(used, self.resamples)
        found = found._replace(method=f"paired by question, {found.method}; {how}")
        read = sum(_read(one, used.questions) for one in both)
        return estimate.figure(self.label, found, used, read, both).model_copy(update={"p": p})


def paired(ours: Scores, theirs: Scores) -> Scores:
    """Our mean score less theirs of every question that both have."""
    names, (one, other) = estimate.by_question((ours, theirs))
    both = np.flatnonzero(~np.isnan(one - other))
    source = np.zeros(len(names), dtype=np.int64)
    source[ours.questions.codes] = ours.sources.codes  # our questions come first, and keep their numbers
    return Scores(Words(both, names), Words(source[both], ours.sources.values), (one - other)[both])


def _read(sample: Sample, asked: Words) -> int:
    """How many readable rulings are on these questions."""
    wanted = {asked.values[code] for code in asked.codes.tolist()}
    mine = sample.records.words("question")
    among = np.array([value in wanted for value in mine.values], dtype=np.bool_)
    return int((among[mine.codes] & sample.read).sum())
