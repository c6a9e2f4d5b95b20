"""The response cache: replies on this machine's disk, written as they arrive, so that nothing paid is paid twice.

It is apart from the store because every worker process writes it at once, and because a killed run must find the
replies that had not yet become a finished round.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

from arena.errors import StoreError


class Kept(NamedTuple):
    """A reply that was paid for."""

    body: str
    paid: float
    """Unix time of the call that paid, in seconds: all that share the reply share it."""


class Cache:
    """Content key -> reply. Safe for many processes of one machine; a lost row only costs a call."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError for a file that is no cache or cannot be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS replies"
                " (key TEXT PRIMARY KEY, body TEXT NOT NULL, paid REAL NOT NULL) WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            raise StoreError(f"the response cache {path}: {error}") from None

    def get(self, key: str) -> Kept | None:
        """The stored reply, or None."""
        row = self._db.execute("SELECT body, paid FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else Kept(*row)

    def put(self, key: str, kept: Kept) -> None:
        """Keep a reply; the first one stays. A full disk loses the row, not the run."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (key, *kept))

    def close(self) -> None:
        """Release the file."""
        self._db.close()
