"""Tags of a transcript: what went wrong in it, by rules that anybody can read and that know nothing of the truth.

- not finished, broken off: the transcript is not complete; a speaker failed for good
- ended too early: the judge's seat ended it before its last round, and a verdict on it is less than 75 % sure
- off-side, concession, refusal, untagged, cut, forged mark: as the arena noted them of a turn
- unverified quote: a quote that does not stand in the passage
- unanswered claim: what one side proved with a verified quote, heard by the other before it spoke again, and taken up
  in none of its later turns: they share fewer than a third of the quote's longer words
- unanswered question: asked and never answered; one to nobody in particular is answered by whoever argues after it
- repeats itself: nine tenths of the longer words of a turn are those of an earlier one by the same seat
- flips: one judge's verdicts in the two orders of the answers differ
- unreadable verdict

The rules would rather miss a case than see one that is not there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from arena.nouns import Turn
from arena.prompt import who
from arena.store.read import Kept

SURE = 0.75
"""A verdict is sure where an answer is as probable as this."""
_LONG = re.compile(r"\w{5,}")
_SHARE, _SAME = 1 / 3, 0.9


class Tag(NamedTuple):
    """One thing that went wrong."""

    name: str
    why: str
    """Where, in words."""


def tags(kept: Kept) -> tuple[Tag, ...]:
    """What went wrong in a match, each thing once by name and place."""
    rules = (_unfinished, _early, _noted, _unverified, _unanswered, _unasked, _repeats, _verdicts)
    return tuple(dict.fromkeys(tag for rule in rules for tag in rule(kept)))


def _unfinished(kept: Kept) -> Iterator[Tag]:
    lost = [row for row in kept.failures if row["stage"] == "speak" and not row["passing"]]
    if lost:
        yield Tag("broken off", f"{lost[0]['seat'] or 'the protocol'}: {lost[0]['kind']}")
    elif not kept.over:
        yield Tag("not finished", "running its experiment again goes on")


def _early(kept: Kept) -> Iterator[Tag]:
    planned = getattr(kept.match.protocol, "rounds", 0)
    last = max((turn.round for turn in kept.turns), default=0)
    if not kept.over or not isinstance(planned, int) or not 0 < last < planned:
        return
    least = min((max(row["p"]) for row in kept.rulings if row["state"] == "read"), default=1.0)
    if least < SURE:
        yield Tag("ended too early", f"after round {last} of {planned}, with a verdict that is {least:.0%} sure")


def _noted(kept: Kept) -> Iterator[Tag]:
    for turn in kept.turns:
        for outcome in turn.outcomes:
            yield Tag(outcome, _at(turn))
        if turn.cut:
            yield Tag("cut", f"{_at(turn)}, at the limit of words")
        if turn.forged:
            yield Tag("forged mark", _at(turn))


def _unverified(kept: Kept) -> Iterator[Tag]:
    for turn in kept.turns:
        if any(not quote.verified for quote in turn.quotes):
            yield Tag("unverified quote", _at(turn))


def _unanswered(kept: Kept) -> Iterator[Tag]:
    sides = kept.match.sides(kept.turns)
    known = _long(" ".join((kept.match.question.text, *kept.match.question.answers)))
    spoken = [_long(turn.text) for turn in kept.turns]
    for number, turn in enumerate(kept.turns):
        replies = [i for i, t in enumerate(kept.turns) if t.after > number and _against(t, turn, sides)]
        said = set().union(*(spoken[i] for i in replies))
        for quote in turn.quotes if replies else ():
            words = _long(quote.text) - known
            if quote.verified and words and len(words & said) < _SHARE * len(words):
                yield Tag("unanswered claim", f"{_at(turn)}: “{quote.text[:80]}”")


def _against(reply: Turn, turn: Turn, sides: dict[str, int]) -> bool:
    """Whether a turn argues for another answer than the one before it."""
    both = reply.seat in sides and turn.seat in sides
    return both and sides[reply.seat] != sides[turn.seat] and reply.act in {"argue", "answer"}


def _unasked(kept: Kept) -> Iterator[Tag]:
    if not kept.over:
        return
    for number, turn in enumerate(kept.turns):
        if turn.act == "ask" and not any(t.after > number and _replies(t, turn) for t in kept.turns):
            yield Tag("unanswered question", _at(turn))


def _replies(reply: Turn, question: Turn) -> bool:
    """Whether a turn may answer a question: what is put to nobody in particular, any argument may."""
    return reply.act == "answer" or (not question.to and reply.act == "argue" and reply.seat != question.seat)


def _repeats(kept: Kept) -> Iterator[Tag]:
    before: dict[str, list[set[str]]] = defaultdict(list)
    for turn in kept.turns:
        words = _long(turn.text)
        if len(words) >= 5 and any(len(words & old) >= _SAME * len(words) for old in before[turn.seat]):
            yield Tag("repeats itself", _at(turn))
        before[turn.seat].append(words)


def _verdicts(kept: Kept) -> Iterator[Tag]:
    best: dict[str, set[frozenset[int]]] = defaultdict(set)
    for row in kept.rulings:
        if row["state"] != "read":
            yield Tag("unreadable verdict", row["label"])
            continue
        best[row["label"]].add(_best(row["p"]))
    for label, found in best.items():
        if len(found) > 1:
            yield Tag("flips", f"{label}: another verdict with the answers the other way round")


def _best(p: Sequence[float]) -> frozenset[int]:
    return frozenset(i for i, share in enumerate(p) if share == max(p))


def _long(text: str) -> set[str]:
    return set(_LONG.findall(text.casefold()))


def _at(turn: Turn) -> str:
    return f"{who(turn)}, round {turn.round}"
