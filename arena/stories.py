"""Stories as lists of tokens, as QuALITY's annotators and the NYU debates have them, and their running text.

Tokens are in the manner of the Penn Treebank, with line breaks as tokens of their own; debaters quoted by naming spans
of them (Michael 2023).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from arena.data import Shape
from arena.nouns import Question
from arena.plugin import key

ESCAPES = {"-LSB-": "[", "-RSB-": "]", "-LRB-": "(", "-RRB-": ")", "-LCB-": "{", "-RCB-": "}", "`": "'"}
CLOSING = frozenset(". , ; : ! ? ... ) ] } % 's 'll 're 'm 'd 've n't '".split())
OPENING = frozenset("( [ { $".split())


class Story(Shape):
    """A row of a file of stories: one version of a story's tokens."""

    tokens_id: str
    article_id: str
    used_in_paper_rooms: bool
    latest_room_ms: int
    tokens: tuple[str, ...]

    @property
    def text(self) -> str:
        """The running text."""
        return prose(self.tokens)


def best(found: Iterable[Story]) -> dict[str, Story]:
    """Article id -> story; of two versions the one that the paper's rooms used, then the later one."""
    kept: dict[str, Story] = {}
    for story in found:
        kept[story.article_id] = max(kept.get(story.article_id, story), story, key=_rank)
    return kept


def _rank(story: Story) -> tuple[bool, int]:
    return story.used_in_paper_rooms, story.latest_room_ms


def about(article: str, text: str, answers: Iterable[str], correct: int, tags: tuple[str, ...]) -> Question:
    """A question about a story, still without it: the same wherever it was asked, whatever its capitals and marks."""
    return Question(
        id=f"{article}-{key(plain(text))[:8]}",
        text=_tidy(text),
        answers=tuple(map(_tidy, answers)),
        correct=correct,
        source=article,
        tags=tags,
    )


def plain(text: str) -> str:
    """A text without capitals, marks and spaces' number: what says whether two questions are the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _tidy(text: str) -> str:
    """Without line breaks and the remains of broken encodings."""
    return " ".join(re.sub("[\x80-\x9f\ufffd]", "", text).split())


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
