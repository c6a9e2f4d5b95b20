"""Who spoke when in a transcript that was recorded elsewhere, for one that no other protocol allows."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, model_validator

from arena.errors import ConfigError
from arena.nouns import JUDGE, Case, Cue
from arena.protocol import Draw, Play, Protocol

_STEP = re.compile(r"([a-z_]+)(?::(argue|ask|answer))?")
_ROLES = {JUDGE: "questioner", "cross_examiner": "questioner", "consultant": "consultant"}


class Recorded(Protocol):
    """The steps of the script, and nothing else.

    Rounds stand between semicolons, steps one after another, seats that spoke at the same time joined by `+`, and after
    a colon what a seat did where it did not argue: `alice+bob; judge:ask alice:answer bob:answer`. What was said may
    depend on the order of the answers, so it is judged in that order alone.
    """

    form: str = ""
    """What it is called where it was published: the label of a table, whatever the script."""
    script: str = "alice+bob"
    round_price: float = Field(default=0, ge=0)
    """Bits of the judge's score that each round cost, the first one too."""

    @model_validator(mode="after")
    def _legible(self) -> Self:
        for part in re.split(r"[;\s+]+", self.script):
            if not _STEP.fullmatch(part):
                raise ConfigError(f"script: {part!r} is no seat, and no seat with argue, ask or answer after a colon")
        return self

    @property
    def label(self) -> str:
        return f"{self.name}({self.form})" if self.form else super().label

    @property
    def seats(self) -> dict[str, str]:
        named = [cue.seat for step in self._steps() for cue in step]
        return {seat: _ROLES.get(seat, "debater") for seat in sorted(set(named), key=_place)}

    @property
    def relabels(self) -> bool:
        return False

    @property
    def price(self) -> float:
        return self.round_price

    @property
    def free(self) -> int:
        return 0

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        sided = [seat for seat, role in self.seats.items() if role != "questioner"]
        if len(sided) == 2:
            return [dict(zip(sided, draw.pair, strict=True))]
        return [{sided[0]: answer} for answer in draw.pair] if len(sided) == 1 else [{}]

    def play(self, case: Case) -> Play:
        for step in self._steps():  # noqa: UP028 - what is sent to a generator is lost in a list
            yield step

    def _steps(self) -> list[tuple[Cue, ...]]:
        rounds = enumerate(self.script.split(";"), start=1)
        return [tuple(_cue(part, number) for part in step.split("+")) for number, one in rounds for step in one.split()]


def _place(seat: str) -> tuple[bool, str]:
    """Speakers by name, the judge last."""
    return seat == JUDGE, seat


def _cue(part: str, number: int) -> Cue:
    seat, _, act = part.partition(":")
    return Cue.model_validate({"seat": seat, "round": number, "act": act or "argue"})
