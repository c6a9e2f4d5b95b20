"""Stored transcripts as a file has them, found by their questions: what recorded agents and judges repeat."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from arena.errors import ConfigError
from arena.nouns import Turn, View


class Ruled(NamedTuple):
    """A verdict as it is stored."""

    judge: str
    """The label."""
    order: int
    p: tuple[float, ...]
    """In the order of `Row.answers`; empty where it could not be read."""
    reason: str


class Row(NamedTuple):
    """One transcript."""

    protocol: str
    repeat: int
    answers: tuple[str, ...]
    """In the order of the question."""
    shown: tuple[str, ...]
    """In the order shown."""
    sides: dict[str, str]
    """Seat -> answer that it was assigned."""
    turns: list[Turn]
    rulings: list[Ruled]


def signed(value: Any) -> Any:
    """A plugin's fields with the `digest` of the file at `path`, where it is left out and the file is there."""
    if isinstance(value, dict) and value.get("path") and not value.get("digest") and Path(value["path"]).is_file():
        return {**value, "digest": hashlib.sha256(Path(value["path"]).read_bytes()).hexdigest()}
    return value


def about(view: View, path: str, digest: str) -> list[Row]:
    """The transcripts of a file about the question of a view. Raises ConfigError."""
    return read(path, digest).get((view.question, frozenset(view.answers)), [])


@lru_cache(maxsize=4)
def read(path: str, digest: str) -> dict[tuple[str, frozenset[str]], list[Row]]:
    """The transcripts of a file, by question and answers. Raises ConfigError."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"recorded: path {path!r}: {error.strerror or error}") from None
    if digest != hashlib.sha256(data).hexdigest():
        raise ConfigError(f"recorded: {path} is not the file with the digest {digest[:12]!r}: leave the digest out")
    found: dict[tuple[str, frozenset[str]], list[Row]] = {}
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        try:
            row, question = _row(fields := json.loads(line)), fields["question"]["text"]
        except (KeyError, IndexError, TypeError, AttributeError, ValidationError, ValueError) as error:
            raise ConfigError(f"{path}:{number}: no exported transcript ({type(error).__name__})") from None
        found.setdefault((question, frozenset(row.shown)), []).append(row)
    return found


def _row(fields: dict[str, Any]) -> Row:
    answers = fields["question"]["answers"]
    return Row(
        protocol=fields["protocol"],
        repeat=fields["repeat"],
        answers=tuple(answers),
        shown=tuple(answers[i] for i in fields["shown"]),
        sides={seat: answers[i] for seat, i in fields["defends"].items()},
        turns=[Turn.model_validate(turn) for turn in fields["turns"]],
        rulings=[Ruled(r["judge"], r["order"], tuple(r["p"]), r["reason"]) for r in fields.get("rulings", [])],
    )
