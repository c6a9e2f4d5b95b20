"""An agent speaks: given what its seat may know, it answers a cue."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from arena.nouns import Cue, Speech, View
from arena.plugin import Plugin


class Agent(Plugin):
    """Who sits in a speaking seat."""

    kind: ClassVar[str] = "agent"

    def ready(self) -> None:
        """Raise ConfigError for what must be mended before it speaks, and shows without a model: a file's absence."""

    @abstractmethod
    async def speak(self, view: View, cue: Cue) -> Speech:
        """Answer the cue. Raises Unreadable for a reply that cannot be used, CallError where no reply came."""
