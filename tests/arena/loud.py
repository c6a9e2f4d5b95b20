"""Believes whoever names the higher number: what a branch is worth can be read in its text."""

from __future__ import annotations

import re

from arena.judge import Judge
from arena.nouns import Verdict, View


class Loud(Judge):
    """The probability of an answer is its speakers' share of the sum of all numbers spoken, each modulo 1,000."""

    async def decide(self, view: View) -> Verdict:
        said = [1.0] * len(view.answers)
        for turn in view.turns:
            said[view.sides[turn.seat]] += sum(int(n) % 1000 for n in re.findall(r"\d+", turn.text))
        return Verdict(p=tuple(x / sum(said) for x in said), reason=f"the highest of the numbers is {max(said)}")
