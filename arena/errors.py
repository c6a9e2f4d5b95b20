"""Everything that can go wrong, as one tree; a message names the place, the value and the choices.

ArenaError
|-- ConfigError      an experiment file, a plugin's name, a field, a key variable      exit 2
|   `-- DataError    a data file: its path and line number                             exit 2
|-- StoreError       the database: another schema, full disk, not a database           exit 2
|-- RuleError        a transcript that its protocol does not allow
|-- LimitError       a limit of the run has been reached                               exit 4
|-- CallError        a model did not answer: its `kind` says how
`-- Unreadable       a model answered, and the answer cannot be used
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ArenaError(Exception):
    """The root: everything the arena raises on purpose."""


class ConfigError(ArenaError, ValueError):
    """Something the user wrote cannot be used. A ValueError, so that pydantic adds the place to it."""


class DataError(ConfigError):
    """A data file cannot be read; the message names the file and the line."""


class StoreError(ArenaError):
    """The database cannot be used as it is; `passing` where the connection is lost and may come back."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class RuleError(ArenaError):
    """A transcript breaks the rules of its protocol."""


class LimitError(ArenaError):
    """No call may begin any more: the run has spent what it may."""


class CallError(ArenaError):
    """A model did not answer; `kind` is `unreachable`, `timeout`, `refused`, `overloaded`, `broken` or `too long`."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, kind)
        self.kind = kind

    def __str__(self) -> str:
        return str(self.args[0])


class Unreadable(ArenaError):
    """A model's reply cannot be read as what was asked for; it is recorded, never guessed."""


def choices(value: str, allowed: Iterable[str]) -> str:
    """Say which names there are, nearest first: the end of a message about an unknown `value`."""
    names = sorted(allowed)
    near = get_close_matches(value, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}choices: {', '.join(names) or 'none'}"
