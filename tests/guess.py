"""A judge for tests that need verdicts to differ from question to question: it guesses without the passage."""

from __future__ import annotations

from hashlib import sha256

from arena.judge import Judge
from arena.nouns import Verdict, View


class Guesses(Judge):
    """The same verdict whenever it is asked the same, leaning to the answer that a hash of all it sees picks."""

    salt: str = ""

    async def decide(self, view: View) -> Verdict:
        told = f"{self.salt} {view.question} {sorted(view.answers)} {[turn.text for turn in view.turns]}"
        share = sha256(told.encode()).digest()[0] / 256
        first = share if view.answers[0] < view.answers[1] else 1 - share
        return Verdict(p=(first, 1 - first, *[0.0] * (len(view.answers) - 2)))
