"""Pairs of responses, one right and one wrong, and recorded verdicts of judges on them: JudgeBench (Tan et al. 2025).

A pair is a question with the two responses as its answers, each judge a judge in both orders. A decision is as it was
given in the order asked, so that of the second order is turned back here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, ClassVar, Literal, NamedTuple

from arena.data import Row, Shape, rows
from arena.importer import Imported, Importer, Judgement, judge
from arena.match import Match
from arena.nouns import Question
from arena.parts import beside, files
from arena.plugin import OPERATIONAL
from arena.protocols.direct import Direct

_P = {"A>B": (1.0, 0.0), "B>A": (0.0, 1.0), "A=B": (0.5, 0.5)}


class _Pair(Shape):
    pair_id: str
    source: str
    question: str
    response_model: str
    response_A: str  # noqa: N815 - the column's name
    response_B: str  # noqa: N815
    label: Literal["A>B", "B>A"]


class _Decision(Shape):
    pair_id: str
    judge_name: str
    judge_model: str
    decision_order_AB: str | None  # noqa: N815
    decision_order_BA: str | None  # noqa: N815


class _Decided(NamedTuple):
    row: Row
    one: _Decision


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
        decided: dict[str, list[_Decided]] = defaultdict(list)
        for row in chain.from_iterable(rows(path) for path in files(self.path, "decisions")):
            one = row.read(_Decision)
            decided[one.pair_id].append(_Decided(row, one))
        found = files(self.pairs, "pairs") if self.pairs else beside(self.path, "pairs")
        for row in chain.from_iterable(rows(path) for path in found):
            pair = row.read(_Pair)
            given = decided.pop(pair.pair_id, [])
            if given:
                with row.blamed():
                    yield Imported(row.place, _match(pair), judged=tuple(_judged(given)))
        for left in decided.values():
            raise left[0].row.error(f"column 'pair_id': {left[0].one.pair_id!r} is no pair in {', '.join(found)}")


def _match(pair: _Pair) -> Match:
    question = Question(
        id=pair.pair_id,
        text=pair.question,
        answers=(pair.response_A, pair.response_B),
        correct=0 if pair.label == "A>B" else 1,
        source=pair.pair_id,
        tags=(pair.source, pair.response_model),
    )
    return Match(question=question, protocol=Direct(), agents={}, defends={}, shown=(0, 1))


def _judged(decided: list[_Decided]) -> Iterator[Judgement]:
    for row, one in decided:
        who = judge(one.judge_model, "judgebench", one.judge_name)
        for order, given in enumerate((one.decision_order_AB, one.decision_order_BA)):
            if given not in (*_P, "", None):
                raise row.error(f"a decision is {given!r}; choices: {', '.join(_P)}, or nothing")
            p = _P.get(given or "", ())
            yield Judgement(who, p[::-1] if order else p, order=order)
