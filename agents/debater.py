"""A language model that argues for one answer against an opponent."""

from __future__ import annotations

from pydantic import Field

from arena.prompt import Prompt, load
from arena.provider import Model, scripted
from arena.speech import Speaker


class Debater(Speaker):
    """Reads the passage, hears the opponent, and answers the attacks from the second round on."""

    model: Model = Field(default_factory=scripted)
    prompt: Prompt = Field(default_factory=lambda: load("debater"))
