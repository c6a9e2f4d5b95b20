"""A judge decides: given what the judge's seat may know, it states a probability for each answer."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from arena.nouns import Verdict, View
from arena.plugin import Plugin


class Judge(Plugin):
    """Who decides."""

    kind: ClassVar[str] = "judge"

    @abstractmethod
    async def decide(self, view: View) -> Verdict:
        """A probability for each of `view.answers`. Raises Unreadable, never guesses; CallError where no reply came."""
