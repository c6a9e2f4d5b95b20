"""Says lines that the configuration gives, in turn: for tests and for protocols in the making."""

from __future__ import annotations

from pydantic import Field

from arena.agent import Agent
from arena.nouns import Cue, Speech, View


class Scripted(Agent):
    """The n-th own turn is the n-th line, and the last line again after that. Deterministic, no model."""

    lines: tuple[str, ...] = Field(default=("The right answer is: $mine",), min_length=1)
    """`$mine` stands for the answer that the seat argues for, and `$round` for the number of the round."""

    async def speak(self, view: View, cue: Cue) -> Speech:
        spoken = sum(turn.seat == view.seat for turn in view.turns)
        line = self.lines[min(spoken, len(self.lines) - 1)]
        mine = view.mine if view.seat in view.sides else ""
        return Speech(text=line.replace("$mine", mine).replace("$round", str(cue.round)), private=f"line {spoken + 1}")
