"""StrategyQA: yes-or-no questions whose answer needs several facts that the question does not name.

The hidden passage is the facts and the steps of reasoning that the question's writer noted (Geva et al. 2021). Neither
states the answer. Questions written about the same term share their source.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from arena.data import Reader, Row, Shape
from arena.nouns import Question

ANSWERS = ("Yes", "No")


class _Item(Shape):
    qid: str
    term: str
    question: str
    answer: bool
    facts: tuple[str, ...]
    decomposition: tuple[str, ...]


class StrategyQA(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "StrategyQA (github.com/eladsegal/strategyqa, data/strategyqa/train.json and dev.json) as one row a question, "
        "with the columns qid, term, question, answer (true or false), facts and decomposition"
    )

    def ask(self, row: Row) -> Iterator[Question]:
        item = row.read(_Item)
        yield Question(
            id=item.qid,
            text=item.question.strip(),
            answers=ANSWERS,
            correct=0 if item.answer else 1,
            passage=_passage(item),
            source=item.term.strip() or item.qid,
        )


def _passage(item: _Item) -> str:
    facts = [f"- {fact.strip()}" for fact in item.facts]
    steps = [f"#{number} {step.strip()}" for number, step in enumerate(item.decomposition, start=1)]
    return "\n".join(["Facts:", *facts, "", "Steps:", *steps])
