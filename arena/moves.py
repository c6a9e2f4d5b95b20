"""Moves: what a protocol computes with, read from a speech and made part of its public text.

A model is asked for JSON and its agent fills the move; a person, a script or a stored transcript brings text alone, and
the move is read from that. A move that cannot be read is refused, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from arena.errors import Unreadable
from arena.nouns import Cue, Speech

TOLERANCE = 0.01
"""How far stated probabilities may be from a sum of 1: then they are scaled, beyond it they are unreadable."""

_ITEM = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]|\.\d)")


def normalised(p: Sequence[float]) -> tuple[float, ...]:
    """The probabilities scaled to a sum of 1. Raises Unreadable where they are off by more than the tolerance."""
    whole = sum(p)
    if not (p and min(p) >= 0 and abs(whole - 1) <= TOLERANCE + 1e-9):
        raise Unreadable(f"the stated probabilities {list(p)} do not sum to 1")
    return tuple(x / whole for x in p)


def settle(cue: Cue, speech: Speech, answers: Sequence[str]) -> Speech:
    """The speech with the move that its cue asked for, and no other, and a text that tells it. Raises Unreadable."""
    plain = speech.model_copy(update={"p": (), "choice": None, "claims": ()})
    if cue.act == "believe":
        p = normalised(speech.p or _believed(speech.text, answers))
        if len(p) != len(answers):
            raise Unreadable(f"{len(p)} probabilities for {len(answers)} answers")
        told = ", ".join(f"{answer}: {x:.2f}" for answer, x in sorted(zip(answers, p, strict=True)))
        return plain.model_copy(update={"p": p, "text": told})
    if cue.act == "choose":
        choice = speech.choice if speech.choice is not None else _chosen(speech.text, len(cue.options))
        if not 0 <= choice < len(cue.options):
            raise Unreadable(f"option {choice + 1} of {len(cue.options)}")
        return plain.model_copy(update={"choice": choice, "text": cue.options[choice]})
    if cue.act == "claim":
        given = speech.claims or _listed(speech.text)
        claims = tuple(
            " ".join(re.sub(rf"\A\s*{i}[.)]\s", "", claim).split()) for i, claim in enumerate(given, start=1)
        )
        if not claims or not all(claims) or len(claims) > cue.most:
            raise Unreadable(
                f"1 to {cue.most} statements were asked for, there are {len(claims)}: {speech.text[:80]!r}"
            )
        told = "\n".join(f"{i}. {claim}" for i, claim in enumerate(claims, start=1))
        return plain.model_copy(update={"claims": claims, "text": told})
    return plain


def mute(cue: Cue, answers: int) -> Speech:
    """A speech as long as its limit that says nothing and makes the first move there is: for sizing a match."""
    words = " ".join(["words"] * cue.words)
    claims = tuple(f"statement {i}" for i in range(1, cue.most + 1)) if cue.act == "claim" else ()
    p = (1 / answers,) * answers if cue.act == "believe" else ()
    choice = 0 if cue.act == "choose" else None
    return Speech(text=words, private=words, p=p, choice=choice, claims=claims)


def _believed(text: str, answers: Sequence[str]) -> tuple[float, ...]:
    """From JSON by answer, from `answer: number` of each, or from that many bare numbers in the order shown.

    Numbers beside letters are refused: who speaks is not told the letters.
    """
    try:
        stated = json.loads(text)
    except ValueError:
        stated = [
            re.findall(rf"(?<!\w){re.escape(answer)}\W*?[:=]?\s*(\d*\.?\d+)(?![\w.]*\w)", text) for answer in answers
        ]
        if all(len(found) == 1 for found in stated):
            return tuple(float(found[0]) for found in stated)
    if isinstance(stated, dict):
        try:
            return tuple(float(stated[answer]) for answer in answers)
        except (KeyError, TypeError, ValueError):
            raise Unreadable(f"a probability for each answer by its name was asked for: {text[:80]!r}") from None
    if re.search(r"[^\W\d_]", text):
        raise Unreadable(f"{len(answers)} probabilities were asked for: {text[:80]!r}")
    numbers = [float(n) for n in _NUMBER.findall(text)]
    if len(numbers) != len(answers):
        raise Unreadable(f"{len(answers)} probabilities were asked for: {text[:80]!r}")
    return tuple(numbers)


def _chosen(text: str, options: int) -> int:
    numbers = set(_NUMBER.findall(text))
    if len(numbers) != 1 or "." in (number := numbers.pop()):
        raise Unreadable(f"one number from 1 to {options} was asked for: {text[:80]!r}")
    return int(number) - 1


def _listed(text: str) -> list[str]:
    return [_ITEM.sub("", line).strip() for line in text.splitlines() if line.strip()]
