"""Long stories that only the debaters read, with the questions that people debated about them (two answers).

Stories and rooms are those of Michael et al. 2023, single-turn arguments those of Parrish et al. 2022; both ask about
QuALITY's stories. A question is taken once: from the rooms first, and one from the arguments only where no room has it,
whatever its capitals, spaces and marks. Where both name it they must agree on what is right. Questions whose story is
not in the file of stories are left out. Of what was argued and judged nothing is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import ClassVar, NamedTuple

from arena.data import Reader, Row, Shape, rows
from arena.errors import ConfigError, DataError
from arena.nouns import Question
from arena.plugin import key

ESCAPES = {"-LSB-": "[", "-RSB-": "]", "-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}", "`": "'"}
CLOSING = frozenset(". , ; : ! ? ... ) ] } % 's 'll 're 'm 'd 've n't '".split())
OPENING = frozenset("( [ { $".split())


class _Story(Shape):
    tokens_id: str
    article_id: str
    used_in_paper_rooms: bool
    latest_room_ms: int
    tokens: tuple[str, ...]


class _Room(Shape):
    article_id: str
    question: str
    answers: tuple[str, str]
    correct_index: int


class _Argument(Shape):
    passage_id: str
    question_text: str
    argue_for: str
    argue_against: str
    argue_for_id: int
    argue_for_correct: bool


class _Asked(NamedTuple):
    row: Row
    question: Question


class QualityStories(Reader):
    """One question for each that rooms or arguments are about; its source is the story's article id."""

    origin: ClassVar[str] = (
        "the stories of the NYU debates (github.com/julianmichael/debate, branch 2023-nyu-experiments, "
        "QuALITYSourceMaterial of the rooms), with the columns tokens_id, article_id, used_in_paper_rooms, "
        "latest_room_ms and tokens; and beside it `rooms` or `arguments`"
    )

    path: str = ""
    """The data file of the stories."""
    rooms: str = ""
    """The data file of debate rooms: article_id, question, answers, correct_index. Empty takes no questions from it."""
    arguments: str = ""
    """The data file of single-turn arguments (github.com/nyu-mll/single_turn_debate): passage_id, question_text,
    argue_for, argue_against, argue_for_id, argue_for_correct. Empty takes no questions from it."""

    def ask(self, row: Row) -> Iterator[Question]:
        """The question of a row of either kind, still without its story."""
        yield _argued(row) if row.has("argue_for") else _debated(row)

    def read(self) -> list[Question]:
        if not (self.rooms or self.arguments):
            raise ConfigError("task 'quality_stories' needs `rooms` or `arguments`: the file that holds the questions")
        stories = _stories(self.rows())
        found: dict[str, _Asked] = {}
        for row in chain.from_iterable(rows(path) for path in (self.rooms, self.arguments) if path):
            for question in self._asked(row):
                if question.source in stories:
                    _agree(found.setdefault(question.id, _Asked(row, question)), _Asked(row, question))
        if not found:
            raise DataError(f"{self.rooms or self.arguments}: asks about none of the stories in {self.path}")
        return [q.model_copy(update={"passage": stories[q.source]}) for _, q in found.values()]


def _agree(first: _Asked, again: _Asked) -> None:
    """Raise DataError where a question comes again and what was wrong the first time is right now."""
    right = plain(again.question.answers[again.question.correct])
    if right == plain(first.question.answers[1 - first.question.correct]):
        raise again.row.error(f"{right!r} is right here and wrong at {first.row.place}: {again.question.text!r}")


def _debated(row: Row) -> Question:
    room = row.read(_Room)
    return _question(room.article_id, room.question, room.answers, room.correct_index, "room")


def _argued(row: Row) -> Question:
    item = row.read(_Argument)
    if item.argue_for_id not in (0, 1):
        raise row.error(f"column 'argue_for_id' is {item.argue_for_id}; choices: 0, 1")
    answers = (item.argue_for, item.argue_against) if item.argue_for_id == 0 else (item.argue_against, item.argue_for)
    correct = item.argue_for_id if item.argue_for_correct else 1 - item.argue_for_id
    return _question(item.passage_id, item.question_text, answers, correct, "argument")


def _question(article: str, text: str, answers: Iterable[str], correct: int, tag: str) -> Question:
    return Question(
        id=f"{article}-{key(plain(text))[:8]}",
        text=_tidy(text),
        answers=tuple(map(_tidy, answers)),
        correct=correct,
        source=article,
        tags=(tag,),
    )


def plain(text: str) -> str:
    """A text without capitals, marks and spaces' number: what says whether two questions are the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _tidy(text: str) -> str:
    """Without line breaks and the remains of broken encodings."""
    return " ".join(re.sub("[\x80-\x9f\ufffd]", "", text).split())


def _stories(found: Iterable[Row]) -> dict[str, str]:
    """Article id -> text; of two versions the one that the paper's rooms used, then the later one."""
    best: dict[str, _Story] = {}
    for row in found:
        story = row.read(_Story)
        best[story.article_id] = max(best.get(story.article_id, story), story, key=_rank)
    return {article: prose(story.tokens) for article, story in best.items()}


def _rank(story: _Story) -> tuple[bool, int]:
    return story.used_in_paper_rooms, story.latest_room_ms


def prose(tokens: Iterable[str]) -> str:
    """Running text from tokens in the manner of the Penn Treebank, with line breaks as tokens of their own."""
    parts: list[str] = []
    glued = True
    quoted = False
    for word in tokens:
        text = ESCAPES.get(word, word)
        opens = word == "`" or text in OPENING
        closes = text.casefold() in CLOSING and not opens
        if word in ("``", "''"):
            # A quotation that runs over paragraphs is opened anew in each, sometimes with the closing mark.
            text, opens, closes = '"', word == "``" or not quoted, word == "''" and quoted
            quoted = opens
        quoted = quoted and word != "\n"
        joins = word in ("\n", "--")
        parts.append(text if glued or closes or joins else f" {text}")
        glued = opens or joins
    return "".join(parts).strip()
