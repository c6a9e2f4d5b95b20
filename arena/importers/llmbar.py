"""Pairs of outputs with a preferred one, and recorded verdicts of language models on them: LLMBar (Zeng et al. 2024).

A pair is a question with the two outputs as its answers, and each model with its way of being asked is a judge, in both
orders of the outputs. A winner is counted in the outputs' own numbers, whatever the order it was asked in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from arena.data import Shape
from arena.importer import Imported, Importer, Judgement, judge
from arena.nouns import Question
from arena.pairs import Decided, Joined, unspoken
from arena.plugin import OPERATIONAL

_WON = {"1": (1.0, 0.0), "2": (0.0, 1.0)}


class _Pair(Shape):
    id: str
    subset: str
    input: str
    output_1: str
    output_2: str
    label: int = Field(ge=1, le=2)


class _Decision(Shape):
    id: str
    subset: str
    judge_llm: str
    strategy: str
    winner_original_order: str | None
    winner_swapped_order: str | None


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
        for row, pair, decided in Joined(_Pair, _Decision, "id").read(self.path, self.pairs):
            with row.blamed():
                yield Imported(row.place, unspoken(_question(pair)), judged=tuple(_judged(decided)))


def _question(pair: _Pair) -> Question:
    same = pair.output_1 == pair.output_2
    return Question(
        id=pair.id,
        text=pair.input,
        answers=(pair.output_1, f"{pair.output_2}\n[the same text]" if same else pair.output_2),
        correct=pair.label - 1,
        source=pair.id,
        tags=(pair.subset,),
    )


def _judged(decided: list[Decided[_Decision]]) -> Iterator[Judgement]:
    for row, one in decided:
        who = judge(one.judge_llm, "llmbar", one.strategy)
        for order, winner in enumerate((one.winner_original_order, one.winner_swapped_order)):
            if winner not in (*_WON, "None", "", None):
                raise row.error(f"a winner is {winner!r}; choices: 1, 2, None, or nothing")
            yield Judgement(who, _WON.get(winner or "", ()), "" if winner in _WON else winner or "", order=order)
