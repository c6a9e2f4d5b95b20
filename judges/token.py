"""The probabilities of the answer letters, from the log-probabilities of one token."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from arena.errors import Unreadable
from arena.judge import Judge
from arena.nouns import Verdict, View
from arena.prompt import Prompt, load
from arena.provider import Message, Model, Sampling, scripted
from arena.verdict import ask, examples, letters, turned
from arena.wire import complete


class Token(Judge):
    """One forward pass: the first token's probability on each letter, renormalised over the letters.

    A letter that is not among the returned alternatives gets the most that is left for it: the smallest probability
    that was returned, or what all returned leave over if that is less. It is flagged.
    Worked examples come as earlier messages of the chat; without them (`shots = 0`) the prompt begins with the passage,
    as the debaters' do, and a server with a prefix cache reads that once for all.
    """

    model: Model = Field(default_factory=scripted)
    prompt: Prompt = Field(default_factory=lambda: load("token"))
    shots: int = Field(default=2, ge=0, le=2)
    """Worked examples before the question."""
    orders: Literal["one", "both"] = "one"
    """`both`: ask with the answers in both orders and take the mean of the log-probabilities, for two answers the mean
    log-odds, so that position alone decides nothing. Half of these prompts are those of the other presentation, which
    the response cache then serves."""
    top: int = Field(default=20, ge=2)
    """Alternatives to ask for; OpenAI's limit is 20."""

    async def decide(self, view: View) -> Verdict:
        """Raises Unreadable where the server returned no log-probabilities or no letter is among them."""
        verdict = await self._once(view)
        return verdict if self.orders == "one" else _mean(verdict, await self._once(turned(view)))

    async def _once(self, view: View) -> Verdict:
        completion = await complete(self.model, self.messages(view), Sampling(max_tokens=1, top_logprobs=self.top))
        if not completion.top:
            raise Unreadable(f"{self.model.name} model {self.model.model!r} returned no log-probabilities")
        return _renormalised(completion.top[0], letters(view))

    def messages(self, view: View) -> list[Message]:
        """The chat: worked examples, then the case."""
        chat = []
        for shown, letter in examples(view, self.shots):
            chat.append(Message(role="user", content=ask(self.prompt, shown)))
            chat.append(Message(role="assistant", content=letter))
        return [*chat, Message(role="user", content=ask(self.prompt, view))]


def _mean(one: Verdict, other: Verdict) -> Verdict:
    """The verdict between two, the second given with the answers in the opposite order."""
    pairs = zip(one.p, reversed(other.p), strict=True)
    mass = [math.sqrt(max(p, 1e-12) * max(q, 1e-12)) for p, q in pairs]
    return Verdict(p=tuple(m / sum(mass) for m in mass), flags=tuple(dict.fromkeys(one.flags + other.flags)))


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
