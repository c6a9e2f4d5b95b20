"""Pairs of responses, one right and one wrong, and recorded verdicts of judges on them: JudgeBench (Tan et al. 2025).

A pair is a question with the two responses as its answers, each judge a judge in both orders. A decision is as it was
given in the order asked, so that of the second order is turned back here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from arena.data import Shape
from arena.importer import Imported, Importer, Judgement, judge
from arena.nouns import Question
from arena.pairs import Decided, Joined, unspoken
from arena.plugin import OPERATIONAL

_P = {"A>B": (1.0, 0.0), "B>A": (0.0, 1.0), "A=B": (0.5, 0.5)}


class _Pair(Shape):
    pair_id: str
    source: str
    question: str
    response_model: str
    response_A: str  # noqa: N815 - the column's name
    response_B: str  # noqa: N815 - the column's name
    label: Literal["A>B", "B>A"]


class _Decision(Shape):
    pair_id: str
    judge_name: str
    judge_model: str
    decision_order_AB: str | None  # noqa: N815 - the column's name
    decision_order_BA: str | None  # noqa: N815 - the column's name


class JudgeBench(Importer):
    """Each pair a match in which nobody speaks, with the verdicts of every judge in both orders.

    Tags: where the question is from, and which model wrote the responses. A missing decision is unreadable.
    """

    origin: ClassVar[str] = (
        "decisions.*.csv.gz of JudgeBench (github.com/ScalerLab/JudgeBench): pair_id, judge_name, judge_model, "
        "decision_order_AB, decision_order_BA; and pairs.*.jsonl.gz: pair_id, source, question, response_model, "
        "response_A, response_B, label"
    )

    pairs: Annotated[str, OPERATIONAL] = ""
    """The file of pairs, or its folder; empty: beside the decisions."""

    def read(self) -> Iterator[Imported]:
        for row, pair, decided in Joined(_Pair, _Decision, "pair_id").read(self.path, self.pairs):
            with row.blamed():
                yield Imported(row.place, unspoken(_question(pair)), judged=tuple(_judged(decided)))


def _question(pair: _Pair) -> Question:
    return Question(
        id=pair.pair_id,
        text=pair.question,
        answers=(pair.response_A, pair.response_B),
        correct=0 if pair.label == "A>B" else 1,
        source=pair.pair_id,
        tags=(pair.source, pair.response_model),
    )


def _judged(decided: list[Decided[_Decision]]) -> Iterator[Judgement]:
    for row, one in decided:
        who = judge(one.judge_model, "judgebench", one.judge_name)
        for order, given in enumerate((one.decision_order_AB, one.decision_order_BA)):
            if given not in (*_P, "", None):
                raise row.error(f"a decision is {given!r}; choices: {', '.join(_P)}, or nothing")
            p = _P.get(given or "", ())
            yield Judgement(who, p[::-1] if order else p, order=order)
