"""Quotes: the arena, not the model, decides which are true.

A speaker writes `<quote>words of the passage</quote>`. Marks of verification in its own text are removed first, then
each quote is compared with the passage; readers see `<v_quote>` for a verified and `<u_quote>` for an unverified one.
The quoted words themselves are never rewritten.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

from arena.nouns import Quote, Said

_QUOTE = re.compile(r"<quote>(.*?)</quote>", re.DOTALL | re.IGNORECASE)
_FORGED = re.compile(
    r"(?:[<＜‹〈«⟨《❮]|&lt;)\s*/?\s*(?:[vu]|(?:un)?verified)[\s_-]*quote(?:[^<>]{0,40}?(?:[>＞›〉»⟩》❯]|&gt;))?"
    r"|[<\[({＜［（【]\s*/?\s*(?:quote\s+)?(?:not\s+|un)?verified(?:\s+quote)?\s*[>\])}＞］）】]"
    r"|[<\[({＜［（【⁅]\s*cut\s*[>\])}＞］）】⁆]"
    r"|[✓✔✅☑❌✗✘]\ufe0f?",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"\[?(?:…|\.\s?\.\s?\.)\]?")


def strip_marks(text: str) -> tuple[str, int]:
    """Remove the arena's marks that a speaker wrote itself, of verification and of a cut; the text without them and how
    many there were.

    Characters that do not show (Unicode's category Cf) hide no mark.
    """
    count = 0
    while True:
        if text.isascii() and not _FORGED.search(text):
            return text, count
        shown = [i for i, letter in enumerate(text) if unicodedata.category(letter) != "Cf"]
        marks = [(shown[m.start()], shown[m.end() - 1] + 1) for m in _FORGED.finditer("".join(text[i] for i in shown))]
        if not marks:
            return text, count
        for start, end in reversed(marks):
            text = text[:start] + text[end:]
        count += len(marks)


def check(text: str, passage: str | None) -> tuple[Quote, ...]:
    """Every quote of `text`, verified against the passage; without a passage none can be."""
    words = _words(passage or "")
    return tuple(Quote(text=q, verified=_occurs(q, words)) for q in _QUOTE.findall(text))


def marked(said: Said, clean: Callable[[str], str] = str) -> str:
    """The public text with each quote shown as verified or not; the words as `clean` gives them back."""
    parts = [clean(part) for part in _QUOTE.split(said.text)]
    for i in range(1, len(parts), 2):
        letter = "v" if said.quotes[i // 2].verified else "u"
        parts[i] = f"<{letter}_quote>{parts[i]}</{letter}_quote>"
    return "".join(parts)


CUT = " [cut]"
"""Where more was said than the limit lets pass."""
_LETTERS = 12
"""Characters that a word may have, on average over a turn: twice what English prose has, one and a half times German.
Else text without spaces would have no limit."""
_WIDE = 3
"""A wide character, as of Chinese, Japanese and Korean, counts as so many: four to a word."""


def cut(text: str, words: int) -> tuple[str, bool]:
    """The text up to `words` words, and up to as many characters as those may have; with a mark where more was cut off.

    White space is free.
    """
    ends = [m.end() for m in re.finditer(r"\S+", text)]
    end = ends[words - 1] if len(ends) > words else len(text)
    end = min(end, _room(text, words * _LETTERS))
    return (text, False) if end == len(text) else (text[:end].rstrip() + CUT, True)


def _room(text: str, most: int) -> int:
    """How much of the text has so many characters."""
    if _WIDE * len(text) <= most:
        return len(text)
    sizes = (0 if c.isspace() else _WIDE if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
    return next((i for i, size in enumerate(accumulate(sizes)) if size > most), len(text))


@lru_cache(256)
def _words(text: str) -> str:
    """Case, punctuation and white space folded: words between single spaces, one at each end."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(re.findall(r"[^\W_]+", folded))
    return f" {words} "


def places(quote: str, passage: str) -> tuple[tuple[int, int], ...]:
    """Where the parts of a quote stand in the passage, as (start, end) of characters, in order.

    Empty where the quote does not occur, and where folding mixes characters so that they cannot be told apart.
    """
    words, starts, spans = _laid(passage)
    found, place = [], 0
    for part in _parts(quote):
        place = words.find(part, place)
        if place < 0:
            return ()
        first = bisect(starts, place + 1) - 1
        found.append((spans[first][0], spans[first + len(part.split()) - 1][1]))
        place += len(part) - 1
    return tuple(found)


@lru_cache(16)
def _laid(text: str) -> tuple[str, list[int], list[tuple[int, int]]]:
    """The text as `_words` folds it, where each word begins there, and from where to where it stands in the text."""
    letters = [(i, i + 1) for i in range(len(text))] if text.isascii() else _letters(text)
    folded = [unicodedata.normalize("NFKC", text[start:end]).casefold() for start, end in letters]
    whole = "".join(folded)
    if whole != unicodedata.normalize("NFKC", text).casefold():
        return "", [], []
    origin = [i for i, part in enumerate(folded) for _ in part]
    words = list(re.finditer(r"[^\W_]+", whole))
    starts = list(accumulate((len(word[0]) + 1 for word in words), initial=1))[:-1]
    spans = [(letters[origin[word.start()]][0], letters[origin[word.end() - 1]][1]) for word in words]
    return f" {' '.join(word[0] for word in words)} ", starts, spans


def _letters(text: str) -> list[tuple[int, int]]:
    """From where to where each character stands with the marks that combine with it."""
    starts = [i for i, letter in enumerate(text) if i == 0 or not unicodedata.combining(letter)]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _parts(quote: str) -> list[str]:
    """What stands between ellipses, as `_words` folds it."""
    return [part for part in (_words(p) for p in _ELLIPSIS.split(quote)) if part.strip()]


def _occurs(quote: str, passage: str) -> bool:
    """Whether the parts of the quote between ellipses occur in the passage, in order; one word is not a quote."""
    parts = _parts(quote)
    if sum(len(part.split()) for part in parts) < 2:
        return False
    place = 0
    for part in parts:
        found = passage.find(part, place)
        if found < 0:
            return False
        place = found + len(part) - 1
    return True
