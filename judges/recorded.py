"""Gives the verdicts of stored rulings again, and stands for whoever reached those of an imported run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import model_validator

from arena import replay
from arena.errors import ConfigError, Unreadable
from arena.judge import Judge
from arena.nouns import Verdict, View
from arena.replay import Row, Ruled


class Recorded(Judge):
    """Finds its verdict by the question, the answers in the order shown, and every text of the transcript.

    Of an imported run all its verdicts are stored; on anything else it has none without a file. Two verdicts that
    differ are an error and not a choice: narrow them down with `protocol`, or by what the file holds.
    """

    judge: str = ""
    """Who decided: the name in the source of an imported run, or the judge's label in the file."""
    mode: str = ""
    """How, where one judge has several: live, or from the transcript alone."""
    of: str = ""
    """The set that an imported judge comes from: the same name in another is another judge."""
    path: str = ""
    """A file that `arena export --what transcripts` wrote, ending in `.jsonl`. Empty in an imported run."""
    protocol: str = ""
    """The protocol's label in the file; empty for any."""
    digest: str = ""
    """SHA-256 of the file, part of the content hash; filled in from the file where it is left out."""

    @model_validator(mode="before")
    @classmethod
    def _signed(cls, value: Any) -> Any:
        return replay.signed(value)

    @property
    def label(self) -> str:
        told = ", ".join(part for part in (self.judge, self.mode) if part)
        return f"{self.name}({told})" if self.judge else super().label

    async def decide(self, view: View) -> Verdict:
        """Raises Unreadable where there is no such verdict or several, ConfigError for a file that is of no use."""
        if not self.path:
            raise ConfigError("recorded: no path; name a file that `arena export --what transcripts` wrote")
        found = {
            tuple(p): ruled for row in replay.about(view, self.path, self.digest) for p, ruled in self._of(row, view)
        }
        if len(found) != 1:
            raise Unreadable(f"{self.path}: {len(found) or 'no'} verdicts of {self.judge!r} on {view.question[:80]!r}")
        (p, ruled) = found.popitem()
        return Verdict(p=p, reason=ruled.reason)

    def _of(self, row: Row, view: View) -> list[tuple[tuple[float, ...], Ruled]]:
        """Its readable verdicts on the very transcript of the view, in the order of the view's answers."""
        if self.protocol not in ("", row.protocol):
            return []
        if Counter(turn.text for turn in row.turns) != Counter(turn.text for turn in view.turns):
            return []
        order = 0 if view.answers == row.shown else 1 if view.answers == row.shown[::-1] else None
        mine = [r for r in row.rulings if r.judge == self.judge and r.order == order and r.p]
        return [(tuple(r.p[row.answers.index(answer)] for answer in view.answers), r) for r in mine]
