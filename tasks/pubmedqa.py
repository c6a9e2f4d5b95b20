"""PubMedQA: research questions answered yes, no or maybe by an abstract that the judge does not read.

The hidden passage is the abstract without its conclusion (Jin et al. 2019). The conclusion itself (LONG_ANSWER) is read
for nothing, nor are the annotators' own answers, and a section labelled as a conclusion is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from arena.data import Reader, Row, Shape
from arena.nouns import Question
from arena.task import narrow

ANSWERS = ("yes", "no", "maybe")


class _Item(Shape):
    pmid: str
    question: str = Field(alias="QUESTION")
    contexts: tuple[str, ...] = Field(alias="CONTEXTS")
    labels: tuple[str, ...] = Field(alias="LABELS")
    decision: Literal["yes", "no", "maybe"] = Field(alias="final_decision")


class PubMedQA(Reader):
    """One question a row."""

    origin: ClassVar[str] = (
        "PubMedQA's expert-labelled part (github.com/pubmedqa/pubmedqa, data/ori_pqal.json) as one row a question, "
        "with the columns pmid, QUESTION, CONTEXTS, LABELS and final_decision"
    )

    choices: int | None = Field(default=None, ge=2)
    """How many of the three answers to keep, the right one among them; None keeps all. A debate needs two."""
    maybe: bool = True
    """False leaves out the questions whose answer is maybe, and that answer of the others: two answers remain."""

    def ask(self, row: Row) -> Iterator[Question]:
        item = row.read(_Item)
        if len(item.contexts) != len(item.labels):
            raise row.error(f"has {len(item.contexts)} CONTEXTS and {len(item.labels)} LABELS; each needs one")
        answers = ANSWERS if self.maybe else ANSWERS[:2]
        if item.decision in answers:
            question = Question(
                id=item.pmid,
                text=item.question.strip(),
                answers=answers,
                correct=answers.index(item.decision),
                passage=_passage(item),
                source=item.pmid,
            )
            yield narrow(question, self.choices)


def _passage(item: _Item) -> str:
    sections = zip(item.labels, item.contexts, strict=True)
    return "\n\n".join(f"{label}: {text.strip()}" for label, text in sections if "CONCLUSION" not in label.upper())
