"""Thinks aloud, or not, and gives a verdict and a confidence."""

from __future__ import annotations

import re

from pydantic import Field

from arena.errors import Unreadable
from arena.nouns import Verdict, View
from arena.prompt import Prompt, load
from arena.provider import Sampling
from arena.verdict import Asked, Example, ask, letters, seed
from arena.wire import complete

_VERDICT = re.compile(
    r"^[^\w|]*verdict\W*\s*(?:answer\s+)?([A-Z])\b(?!\s*[/|,&]\s*[A-Z]\b)(?=\s*(?:$|[^\w\s]))",
    re.IGNORECASE | re.MULTILINE,
)
"""The letter alone, or before punctuation: `Verdict: a close call` and `Verdict: A or B` are no verdicts; nor is a line
behind a bar, which is a speaker's that the judge copied."""
_CONFIDENCE = re.compile(
    r"^[^\w|]*confidence\W*\s*(\d+(?:\.\d+)?)(?![\d.]*\d)\s*+(%|percent)?+(?!\s*(?:/|out\b|or\b|to\b|[-–—]\s*\d))",
    re.IGNORECASE | re.MULTILINE,
)
"""A number of percent, and its sign; `8/10` and `70-80` are neither."""


class Reasoned(Asked):
    """The confidence goes to the verdict's answer and the rest to the others in equal parts.

    Two different verdicts in one reply, or none, or no confidence, are unreadable; so is a confidence up to 1 without a
    percent sign, which may be a percentage or a probability.
    """

    prompt: Prompt = Field(default_factory=lambda: load("reasoned"))
    think: bool = True
    """Without: the prompt's section `brief` asks for the two lines alone."""
    max_tokens: int = Field(default=400, ge=16)
    temperature: float = Field(default=0.0, ge=0)

    async def _once(self, view: View) -> Verdict:
        """Raises Unreadable where verdict or confidence cannot be read without guessing."""
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens, seed=seed(view, self.temperature))
        completion = await complete(self.model, self.messages(view), sampling)
        return _read(completion.text, letters(view))

    def _ask(self, view: View) -> str:
        return ask(self.prompt, view, "ask" if self.think else "brief", letters=", ".join(letters(view)))

    def _told(self, example: Example) -> str:
        lines = [example.why] if self.think else []
        return "\n".join([*lines, f"Verdict: {example.letter}", f"Confidence: {example.sure}%"])


def _read(text: str, wanted: str) -> Verdict:
    verdicts = {letter.upper() for letter in _VERDICT.findall(text)}
    stated = _CONFIDENCE.findall(text)
    if len(verdicts) != 1 or not verdicts <= set(wanted) or not stated:
        found = f"verdicts {sorted(verdicts)}, confidences {stated}"
        raise Unreadable(
            f"one verdict of {', '.join(wanted)} and a confidence were asked for: {found}: {text[-120:]!r}"
        )
    number, sign = stated[-1]
    confidence = float(number) / 100
    if confidence > 1 or (0 < confidence <= 0.01 and not sign):
        raise Unreadable(f"a confidence of {number} {sign or 'without a percent sign'}")
    rest = (1 - confidence) / (len(wanted) - 1)
    return Verdict(p=tuple(confidence if letter in verdicts else rest for letter in wanted), reason=text.strip())
