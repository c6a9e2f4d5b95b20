"""Speaks the turns of stored transcripts again: to judge or to branch off what was said before, at no cost."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from arena import replay
from arena.agent import Agent
from arena.errors import ConfigError, Unreadable
from arena.nouns import Cue, Speech, Turn, View
from arena.quotes import CUT
from arena.replay import Row


class Recorded(Agent):
    """Finds its turn by the question's text and answers, the seat, the answer it argues for, the round and the act.

    Where transcripts in the same order of the answers are stored they go before those in another. Two different turns
    that fit are an error and not a choice: narrow them down with `protocol` and `repeat`, or by what the file holds.
    """

    path: str = ""
    """A file that `arena export --what transcripts` wrote, ending in `.jsonl`. Empty in an imported run, where all that
    was said is stored."""
    digest: str = ""
    """SHA-256 of the file, part of the content hash; filled in from the file where it is left out. In an imported run
    the content hash of what was said."""
    protocol: str = ""
    """The protocol's label in the file; empty for any."""
    repeat: int = Field(default=0, ge=0)
    group: str = ""
    """What kind of speaker it was, in an imported run: the cast of a table, whoever it was."""
    speaker: str = ""
    """The speaker's name in an imported run, as its source has it."""
    transcript: str = ""
    """The transcript's name in the source of an imported run."""

    @model_validator(mode="before")
    @classmethod
    def _signed(cls, value: Any) -> Any:
        return replay.signed(value)

    @property
    def label(self) -> str:
        return f"{self.name}({self.group})" if self.group else super().label

    def ready(self) -> None:
        """Raises ConfigError for a file that is not there, is no export or holds no transcript."""
        if not self.path:
            raise ConfigError("recorded: no path; name a file that `arena export --what transcripts` wrote")
        if not replay.read(self.path, self.digest):
            raise ConfigError(
                f"recorded: {self.path} holds no transcript; `arena export --what transcripts` writes them"
            )

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Raises ConfigError for a file that cannot be used, Unreadable where it has no such turn or several."""
        found = [(row, turn) for row in self._rows(view) if (turn := _turn(row, view, cue))]
        same = [(row, turn) for row, turn in found if row.shown == view.answers]
        speeches = list(dict.fromkeys(_speech(row, turn, view) for row, turn in same or found))
        if len(speeches) == 1:
            return speeches[0]
        side = f" for {view.mine!r}" if view.seat in view.sides else ""
        raise Unreadable(
            f"{self.path}: {len(speeches) or 'no'} turn{'s' * (len(speeches) != 1)} of {view.seat}{side} "
            f"({cue.act}, round {cue.round}) on {view.question[:80]!r}, in {self.protocol or 'any protocol'}, "
            f"repeat {self.repeat}"
        )

    def _rows(self, view: View) -> list[Row]:
        """The transcripts about the view's question."""
        return [
            row
            for row in replay.about(view, self.path, self.digest)
            if row.repeat == self.repeat and self.protocol in ("", row.protocol)
        ]


def _turn(row: Row, view: View, cue: Cue) -> Turn | None:
    """The seat's turn with the cue's round and act, and with the place among those that it has in the match."""
    if view.seat in view.sides and row.sides.get(view.seat, view.mine) != view.mine:
        return None
    asked = (cue.seat, cue.round, cue.act)
    before = sum((turn.seat, turn.round, turn.act) == asked for turn in view.turns)
    return next(iter([t for t in row.turns if (t.seat, t.round, t.act) == asked][before:]), None)


def _speech(row: Row, turn: Turn, view: View) -> Speech:
    """What was said, its probabilities in the order that is shown now.

    What was cut off is lost: an ellipsis stands for it, so that the same is cut again and the mark is the arena's.
    """
    p = tuple(turn.p[row.shown.index(answer)] for answer in view.answers) if turn.p else ()
    told = {name: getattr(turn, name) for name in Speech.model_fields}
    cut = {"text": _uncut(turn.text), "claims": tuple(map(_uncut, turn.claims))} if turn.cut else {}
    return Speech(**{**told, **cut, "p": p})


def _uncut(text: str) -> str:
    return f"{text.removesuffix(CUT)} …" if text.endswith(CUT) else text
