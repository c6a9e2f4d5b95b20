"""Single-turn arguments of Parrish et al. 2022: for each question a text for the right answer and one for a wrong one.

Nothing was judged here: the matches wait for judges. For each question with both texts there are three: the debate that
shows both, and a consultancy with each alone. A snippet that a writer selected is shown as a quote, before the text
that refers to it by its number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import Annotated, ClassVar, NamedTuple, Self

from arena.data import Row, Shape, rows
from arena.errors import DataError
from arena.importer import Imported, Importer, Utterance, speaker
from arena.match import Match
from arena.nouns import Question
from arena.parts import beside, files
from arena.plugin import OPERATIONAL, key
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.stories import Story, about, best, plain


class _Argument(Shape):
    writer: str
    passage_id: str
    question_text: str
    argue_for: str
    argue_against: str
    argue_for_id: int
    argue_for_correct: bool
    selected_snippets: tuple[str, ...]
    argument: str

    @property
    def answers(self) -> tuple[str, str]:
        pair = (self.argue_for, self.argue_against)
        return pair if self.argue_for_id == 0 else pair[::-1]

    def like(self, answers: tuple[str, str]) -> Self:
        """The same where the answers are numbered in this order: each asking of a question has its own."""
        return self.model_copy(update={"argue_for_id": answers.index(self.argue_for)})

    @property
    def text(self) -> str:
        quotes = [f"<quote>{snippet.strip()}</quote>" for snippet in self.selected_snippets if snippet.strip()]
        numbered = [f"#{number}: {quote}" for number, quote in enumerate(quotes, start=1)]
        return "\n".join([*numbered, self.argument.strip()])


class _Written(NamedTuple):
    row: Row
    one: _Argument


class SingleTurnArguments(Importer):
    """Debates of one round, and consultancies, without verdicts.

    Where several people wrote about a question, the first text for the right answer meets the first for the wrong one,
    and so on; a text without a counterpart is a consultancy alone. Quotes are verified where the stories are at hand.
    """

    origin: ClassVar[str] = (
        "arguments.*.jsonl.gz (github.com/nyu-mll/single_turn_debate), an argument a row: writer, passage_id, "
        "question_text, argue_for, argue_against, argue_for_id, argue_for_correct, selected_snippets, argument"
    )
    task: ClassVar[str] = "quality_stories"

    stories: Annotated[str, OPERATIONAL] = ""
    """The file of stories, or its folder; empty: beside the arguments, in `quality_stories` beside their folder, or
    none, and then no quote is verified."""

    def read(self) -> Iterator[Imported]:
        asked: dict[tuple[str, str], list[_Written]] = defaultdict(list)
        for row in chain.from_iterable(rows(path) for path in files(self.path, "arguments")):
            one = row.read(_Argument)
            if one.argue_for_id not in (0, 1):
                raise row.error(f"column 'argue_for_id' is {one.argue_for_id}; choices: 0, 1")
            written = asked[one.passage_id, key(plain(one.question_text), sorted(one.answers))]
            written.append(_Written(row, one.like(written[0].one.answers) if written else one))
        stories = self._stories()
        for given in asked.values():
            with given[0].row.blamed():
                yield from _matches(given, stories)

    def _stories(self) -> dict[str, Story]:
        try:
            found = (
                files(self.stories, "stories") if self.stories else beside(self.path, "stories", ("quality_stories",))
            )
        except DataError:
            if self.stories:
                raise
            return {}
        return best(row.read(Story) for path in found for row in rows(path))


def _matches(written: list[_Written], stories: dict[str, Story]) -> Iterator[Imported]:
    """Pair by pair the debate and its two halves alone."""
    question = _question(written, stories)
    sides = [[one for one in written if one.one.argue_for_id == side] for side in (0, 1)]
    for repeat, pair in enumerate(zip_longest(*sides)):
        given = {side: one for side, one in enumerate(pair) if one is not None}
        if len(given) == 2:
            seats = {"alice": given[0], "bob": given[1]}
            yield _imported(question, Debate(rounds=1), seats, repeat)
        for one in given.values():
            yield _imported(question, Consultancy(), {"consultant": one}, repeat)


def _question(written: list[_Written], stories: dict[str, Story]) -> Question:
    row, first = written[0]
    rights = {one.argue_for_id if one.argue_for_correct else 1 - one.argue_for_id for _, one in written}
    if len(rights) > 1:
        raise row.error(f"both answers are right here: {first.question_text!r}; see {written[-1].row.place}")
    question = about(first.passage_id, first.question_text, first.answers, rights.pop(), ("argument",))
    story = stories.get(first.passage_id)
    return question.model_copy(update={"passage": story.text if story else None})


def _imported(question: Question, protocol: Debate | Consultancy, seats: dict[str, _Written], repeat: int) -> Imported:
    row = next(iter(seats.values())).row
    said = {seat: (Utterance(seat, written.one.text),) for seat, written in seats.items()}
    return Imported(
        row.place,
        Match(
            question=question,
            protocol=protocol,
            agents={seat: speaker(seats[seat].one.writer, "people", question.id, said[seat]) for seat in seats},
            defends={seat: written.one.argue_for_id for seat, written in seats.items()},
            shown=(0, 1),
            repeat=repeat,
        ),
        tuple(chain.from_iterable(said.values())),
    )
