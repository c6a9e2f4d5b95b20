"""How much more often one protocol's rulings are right than another's, on the same questions.

A question's score under a protocol is the mean over its orders, arms and repeats. Only questions that have one under
both count, and what makes a question hard for both drops out (Miller 2024, section 4).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pydantic import Field

from arena import estimate
from arena.estimate import Scored
from arena.metric import Figure, Metric, Sample


class Difference(Metric):
    """Mean paired difference, cluster-robust by source; p by flipping the signs of whole sources (Fisher 1935)."""

    failures: estimate.Failures = "excluded"
    """`wrong` scores rulings that cannot be read, and those that never came about, 0."""
    resamples: int = Field(default=9999, ge=1)
    """Sign patterns that are drawn where there are more than this many."""

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """The accuracy of `sample` minus that of `against`; no value without `against` or a common question."""
        both = (sample, against or Sample(()))
        ours, theirs = (_questions(estimate.scored(one, self.failures)) for one in both)
        used = [Scored(q, one.source, one.score - theirs[q].score) for q, one in ours.items() if q in theirs]
        asked = {one.question for one in used}
        read = sum(r.state == "read" and r.question in asked for one in both for r in one.records)
        found = estimate.mean(used, span=(-1, 1))
        p, how = estimate.sign_flip(used, self.resamples)
        found = found._replace(method=f"paired by question, {found.method}; {how}")
        return estimate.figure(self.label, found, used, read, both).model_copy(update={"p": p})


def _questions(used: Sequence[Scored]) -> dict[str, Scored]:
    """Question -> its mean score."""
    found = defaultdict(list)
    for one in used:
        found[one.question, one.source].append(one.score)
    return {q: Scored(q, source, sum(scores) / len(scores)) for (q, source), scores in found.items()}
