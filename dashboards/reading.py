"""Reads the store for the pages: which store, which run at which moment, and what is kept until either changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import streamlit as st
from sqlalchemy import Engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from arena.errors import ArenaError
from arena.store import db, read
from arena.store import schema as s
from dashboards.folder import claim

P = ParamSpec("P")
R = TypeVar("R")

TROUBLE = (ArenaError, SQLAlchemyError, ValueError)
"""What reading may raise: the arena's and the database's complaints, and a stored plugin that is not installed."""

RUN = "run"
"""The parameter of the address, and the key in the session, that name the run."""

NEWEST = 200
"""Runs that the sidebar offers; the page of runs lists them all."""

_GLANCE = 2.0
"""Seconds for which a look at a server's database holds; an SQLite file tells itself when it was written to."""


class Run(NamedTuple):
    """One run at one moment: every kept reading goes by it, so that a run being played is read anew."""

    url: str
    file: str
    """Which file stands at the URL: a store that was removed and made again is another one."""
    id: str
    counts: read.Counts


def told(error: Exception) -> str:
    """An error in words, without a password that stands in the store's URL."""
    url = db.url()
    hidden = make_url(url).render_as_string(hide_password=True) if "@" in url else url
    text = str(error.orig) if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else str(error)
    return text.replace(url, hidden)


def runs() -> list[dict[str, Any]]:
    """The newest runs, newest first: id, name, created. Raises StoreError where there is no store to read."""
    return _runs(*place(), stamp())


def find(wanted: str) -> str:
    """The id of the newest run of that id or name; empty where there is none."""
    table = s.runs.c
    query = select(table.id).where((table.id == wanted) | (table.name == wanted))
    with engine(*place()).connect() as found:
        rows = found.scalars(query.order_by(table.id != wanted, table.created.desc()).limit(1)).all()
    return str(rows[0]) if rows else ""


def run(name: str) -> Run:
    """A run as it stands now."""
    url, file = place()
    return Run(url, file, name, _counts(url, file, stamp(), name))


def current() -> Run:
    """The run that the reader chose in the sidebar."""
    claim()
    return run(str(st.session_state[RUN]))


def place() -> tuple[str, str]:
    """The store's URL and which file it is now."""
    url = db.url()
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.exists():
        return url, ""
    found = path.stat()
    return os.fspath(url), f"{found.st_dev} {found.st_ino}"


def stamp() -> str:
    """Changes whenever the store may have changed: an SQLite file and its log say when they were last written."""
    url = db.url()
    path = url.removeprefix("sqlite:///")
    files = [Path(path), Path(f"{path}-wal")] if url.startswith("sqlite:///") else []
    known = [f"{found.st_mtime_ns} {found.st_size}" for file in files if file.exists() for found in [file.stat()]]
    return " ".join(known) or f"{time.monotonic() // _GLANCE}"


@st.cache_resource(max_entries=8, show_spinner=False)
def engine(url: str, file: str) -> Engine:
    """A way to the store, kept open."""
    return db.connect(url, create=False)


def store(run: Run) -> Engine:
    """The store that a run lies in."""
    return engine(run.url, run.file)


def kept(seconds: int, entries: int = 64) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a reading gave, for all sessions: nobody may change it."""
    return st.cache_resource(ttl=seconds, max_entries=entries, show_spinner=False)


@kept(60, 4)
def _runs(url: str, file: str, stamp: str) -> list[dict[str, Any]]:
    table = s.runs.c
    query = select(table.id, table.name, table.created).order_by(table.created.desc()).limit(NEWEST)
    with engine(url, file).connect() as found:
        return [dict(row) for row in found.execute(query).mappings()]


@kept(60)
def _counts(url: str, file: str, stamp: str, name: str) -> read.Counts:
    return read.counts(engine(url, file), name)
