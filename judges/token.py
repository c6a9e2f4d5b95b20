"""The probabilities of the answer letters, from the log-probabilities of one token."""

from __future__ import annotations

import math

from pydantic import Field

from arena.errors import Unreadable
from arena.nouns import Verdict, View
from arena.prompt import Prompt, load
from arena.provider import Sampling
from arena.verdict import Asked, Example, ask, letters
from arena.wire import complete


class Token(Asked):
    """One forward pass: the first token's probability on each letter, renormalised over the letters.

    A letter that is not among the returned alternatives gets the most that is left for it: the smallest probability
    that was returned, or what all returned leave over if that is less. It is flagged.
    """

    prompt: Prompt = Field(default_factory=lambda: load("token"))
    shots: int = Field(default=2, ge=0, le=2)
    top: int = Field(default=20, ge=2)
    """Alternatives to ask for; OpenAI's limit is 20."""

    async def _once(self, view: View) -> Verdict:
        completion = await complete(self.model, self.messages(view), Sampling(max_tokens=1, top_logprobs=self.top))
        if not completion.top:
            raise Unreadable(f"{self.model.name} model {self.model.model!r} returned no log-probabilities")
        return _renormalised(completion.top[0], letters(view))

    def _ask(self, view: View) -> str:
        return ask(self.prompt, view)

    def _told(self, example: Example) -> str:
        return example.letter


def _renormalised(top: dict[str, float], wanted: str) -> Verdict:
    mass = dict.fromkeys(wanted, 0.0)
    for token, logprob in top.items():
        if token.strip() in mass:
            mass[token.strip()] += math.exp(logprob)
    absent = [letter for letter in wanted if not mass[letter]]
    if len(absent) == len(wanted):
        raise Unreadable(f"no letter of {wanted} among the likeliest tokens {list(top)[:8]}")
    left = max(1e-9, 1 - sum(math.exp(logprob) for logprob in top.values()))
    mass |= dict.fromkeys(absent, min(math.exp(min(top.values())), left))
    whole = sum(mass.values())
    flags = tuple(f"letter {letter} absent" for letter in absent)
    return Verdict(p=tuple(mass[letter] / whole for letter in wanted), flags=flags)
