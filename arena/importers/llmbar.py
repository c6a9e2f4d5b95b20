"""Pairs of outputs with a preferred one, and recorded verdicts of language models on them: LLMBar (Zeng et al. 2024).

A pair is a question with the two outputs as its answers, and each model with its way of being asked is a judge, in both
orders of the outputs. A winner is counted in the outputs' own numbers, whatever the order it was asked in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, ClassVar, NamedTuple

from arena.data import Row, Shape, rows
from arena.importer import Imported, Importer, Judgement, judge
from arena.match import Match
from arena.nouns import Question
from arena.parts import beside, files
from arena.plugin import OPERATIONAL
from arena.protocols.direct import Direct

_WON = {"1": (1.0, 0.0), "2": (0.0, 1.0)}


class _Pair(Shape):
    id: str
    subset: str
    input: str
    output_1: str
    output_2: str
    label: int


class _Decision(Shape):
    id: str
    subset: str
    judge_llm: str
    strategy: str
    winner_original_order: str | None
    winner_swapped_order: str | None


class _Decided(NamedTuple):
    row: Row
    one: _Decision


class LlmBar(Importer):
    """Each pair a match in which nobody speaks, with the verdicts of every judge in both orders.

    The subset is the question's tag. A verdict that is neither 1 nor 2 is unreadable. Where both outputs are the same
    text the second is marked as such, as two answers must differ.
    """

    origin: ClassVar[str] = (
        "decisions.*.csv.gz of LLMBar (github.com/princeton-nlp/LLMBar): id, subset, judge_llm, strategy, "
        "winner_original_order, winner_swapped_order; and pairs.*.jsonl.gz: id, subset, input, output_1, output_2, "
        "label"
    )

    pairs: Annotated[str, OPERATIONAL] = ""
    """The file of pairs, or its folder; empty: beside the decisions."""

    def read(self) -> Iterator[Imported]:
        decided: dict[str, list[_Decided]] = defaultdict(list)
        for row in chain.from_iterable(rows(path) for path in files(self.path, "decisions")):
            one = row.read(_Decision)
            decided[one.id].append(_Decided(row, one))
        found = files(self.pairs, "pairs") if self.pairs else beside(self.path, "pairs")
        for row in chain.from_iterable(rows(path) for path in found):
            pair = row.read(_Pair)
            given = decided.pop(pair.id, [])
            if given:
                with row.blamed():
                    yield Imported(row.place, _match(row, pair), judged=tuple(_judged(given)))
        for left in decided.values():
            raise left[0].row.error(f"column 'id': {left[0].one.id!r} is no pair in {', '.join(found)}")


def _match(row: Row, pair: _Pair) -> Match:
    if pair.label not in (1, 2):
        raise row.error(f"column 'label' is {pair.label}; choices: 1, 2")
    same = pair.output_1 == pair.output_2
    question = Question(
        id=pair.id,
        text=pair.input,
        answers=(pair.output_1, f"{pair.output_2}\n[the same text]" if same else pair.output_2),
        correct=pair.label - 1,
        source=pair.id,
        tags=(pair.subset,),
    )
    return Match(question=question, protocol=Direct(), agents={}, defends={}, shown=(0, 1))


def _judged(decided: list[_Decided]) -> Iterator[Judgement]:
    for row, one in decided:
        who = judge(one.judge_llm, "llmbar", one.strategy)
        for order, winner in enumerate((one.winner_original_order, one.winner_swapped_order)):
            if winner not in (*_WON, "None", "", None):
                raise row.error(f"a winner is {winner!r}; choices: 1, 2, None, or nothing")
            yield Judgement(who, _WON.get(winner or "", ()), "" if winner in _WON else winner or "", order=order)
