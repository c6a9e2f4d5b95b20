"""A language model that argues for the answer it was given, right or wrong, with nobody against it."""

from __future__ import annotations

from pydantic import Field

from arena.prompt import Prompt, load
from arena.provider import Model, scripted
from arena.speech import Speaker


class Consultant(Speaker):
    """Reads the passage and answers the judge's questions where the protocol has them."""

    model: Model = Field(default_factory=scripted)
    prompt: Prompt = Field(default_factory=lambda: load("consultant"))
