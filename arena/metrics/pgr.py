"""The performance gap recovered: how much of the way from a judge alone to one who has read a protocol goes."""

from __future__ import annotations

import numpy as np

from arena import bootstrap, estimate
from arena.estimate import Estimate, Scores
from arena.metric import Figure, Metric, Sample
from arena.rulings import Floats, Words

_UNDEFINED = "undefined: "


def undefined(gap: Figure) -> bool:
    """Whether floor and ceiling are there, and yet nothing says that they differ."""
    return gap.value is None and gap.method.startswith(f"{_UNDEFINED}expert minus direct")


class Pgr(Metric):
    """(protocol - direct) / (expert - direct) of accuracies (Burns 2023), by a joint bootstrap over sources.

    On the questions that all three have. Undefined where the interval of expert - direct holds 0, or is below it: then
    nothing says that there is a gap to recover. It is never clipped: below 0 the protocol misleads, above 1 it outdoes
    the expert.
    A ratio's interval is as good as its denominator: with a gap of less than some five standard errors it is wide and
    covers the truth less often than it says.
    """

    failures: estimate.Failures = "excluded"

    def measure(self, sample: Sample, against: Sample | None = None) -> Figure:
        """No value: the gap needs a floor and a ceiling, see `gap`."""
        none = Estimate(None, None, None, f"{_UNDEFINED}needs the protocols direct and expert")
        return estimate.figure(self.label, none, Scores.of(()), 0, (sample,))

    def gap(self, sample: Sample, direct: Sample, expert: Sample) -> Figure:
        """The share of the gap between `direct` and `expert` that `sample` recovers."""
        three = (sample, direct, expert)
        parts = [estimate.scored(one, self.failures) for one in three]
        used, columns = _together(parts)
        return estimate.figure(self.label, _estimate(used, columns), used, int(columns[:, 1::2].sum()), three)


def _together(parts: list[Scores]) -> tuple[Scores, Floats]:
    """Every score on a question that all parts have, and (n, 6) its score and 1 in the two columns of its part."""
    questions = Words.joined([one.questions for one in parts])
    sources = Words.joined([one.sources for one in parts])
    part = np.repeat(np.arange(len(parts)), [len(one.values) for one in parts])
    values = np.concatenate([one.values for one in parts])
    had = np.zeros((len(parts), len(questions.values)), dtype=np.bool_)
    had[part, questions.codes] = True
    whole = np.asarray(had.all(axis=0))[questions.codes]
    used = Scores(questions, sources, values).take(whole)
    columns = np.zeros((len(used.values), 2 * len(parts)))
    rows = np.arange(len(used.values))
    columns[rows, 2 * part[whole]] = used.values
    columns[rows, 2 * part[whole] + 1] = 1
    return used, columns


def _estimate(used: Scores, columns: Floats) -> Estimate:
    if not len(columns):
        return Estimate(None, None, None, f"{_UNDEFINED}no question that all three have")
    table = bootstrap.totals(used.groups(), columns)
    if len(table) < 2:
        return Estimate(None, None, None, f"{_UNDEFINED}one source")
    above, whole = _gaps(bootstrap.sums(table))
    low, high = bootstrap.interval(whole, len(table))
    if low <= 0:
        why = "holds 0" if high >= 0 else "is below 0"
        return Estimate(None, None, None, f"{_UNDEFINED}expert minus direct, [{low:.2f}, {high:.2f}], {why}")
    value = float(np.divide(*_gaps(table.sum(axis=0))))
    some = np.divide(above, whole, out=np.full_like(whole, np.inf), where=whole != 0)
    return Estimate(value, *bootstrap.interval(some, len(table)), f"joint {estimate.drew(len(table))}")


def _gaps(sums: Floats) -> tuple[Floats, Floats]:
    """Protocol minus direct and expert minus direct, from sums (..., 6)."""
    protocol, direct, expert = (sums[..., i] / sums[..., i + 1] for i in (0, 2, 4))
    return protocol - direct, expert - direct
