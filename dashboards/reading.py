"""What the pages read from the store, cached until the run goes on."""

from __future__ import annotations

import os
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import streamlit as st
from sqlalchemy import Engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from arena.compare import Comparison, compare
from arena.errors import ArenaError
from arena.rulings import Record
from arena.store import db, read
from arena.store import schema as s
from dashboards.folder import claim

P = ParamSpec("P")
R = TypeVar("R")

TROUBLE = (ArenaError, SQLAlchemyError, ValueError)
"""What reading may raise: the arena's and the database's complaints, and a stored plugin that is not installed."""

RUN = "run"
"""The parameter of the address, and the key in the session, that name the run."""


class Run(NamedTuple):
    """One run at one moment: every cached reading is keyed by it, so that a run being played is read anew."""

    url: str
    file: str
    """Which file stands at the URL: a store that was removed and made again is another one."""
    id: str
    counts: read.Counts


class Line(NamedTuple):
    """One match in the list."""

    key: str
    protocol: str
    arm: str
    over: bool
    question: str
    task: str
    verdicts: tuple[str, ...]
    """right, wrong, tie or unreadable: one for each ruling."""


class Loss(NamedTuple):
    """Failures of one kind."""

    stage: str
    kind: str
    protocol: str
    arm: str
    times: int
    again: int
    """Of these, how many the next run tries again."""
    example: str


class Call(NamedTuple):
    """One call to a model, with what was sent and received."""

    who: str
    model: str
    status: int | None
    error: str
    cached: bool
    prompt: int | None
    completion: int | None
    seconds: float
    request: str
    reply: str


def told(error: Exception) -> str:
    """An error in words, without a password that stands in the store's URL."""
    url = db.url()
    hidden = make_url(url).render_as_string(hide_password=True) if "@" in url else url
    text = str(error.orig) if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else str(error)
    return text.replace(url, hidden)


def runs() -> list[dict[str, Any]]:
    """Every run, newest first: id, name, created. Raises StoreError where there is no store to read."""
    return _runs(*_place())


def run(name: str) -> Run:
    """A run as it stands now."""
    url, file = _place()
    return Run(url, file, name, _counts(url, file, name))


def current() -> Run:
    """The run that the reader chose in the sidebar."""
    claim()
    return run(str(st.session_state[RUN]))


def _place() -> tuple[str, str]:
    """The store's URL and which file it is now."""
    url = db.url()
    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path.exists():
        return url, ""
    found = path.stat()
    return os.fspath(url), f"{found.st_dev} {found.st_ino}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _engine(url: str, file: str) -> Engine:
    return db.connect(url, create=False)


def _cached(seconds: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    return st.cache_data(ttl=seconds, max_entries=64, show_spinner=False)


@_cached(2)
def _runs(url: str, file: str) -> list[dict[str, Any]]:
    table = s.runs.c
    query = select(table.id, table.name, table.created).order_by(table.created.desc())
    with _engine(url, file).connect() as found:
        return [dict(row) for row in found.execute(query).mappings()]


@_cached(2)
def _counts(url: str, file: str, name: str) -> read.Counts:
    return read.counts(_engine(url, file), name)


@_cached(10)
def spent(run: Run) -> read.Spent:
    """What the run has paid for so far."""
    return read.spent(_engine(run.url, run.file), run.id)


@_cached(60)
def comparison(run: Run, baseline: str | None) -> Comparison:
    """The run's protocols compared."""
    return compare(_engine(run.url, run.file), run.id, baseline)


@_cached(60)
def protocols(run: Run) -> dict[str, str]:
    """Label -> name of the protocols, in the order played."""
    m, p = s.matches.c, s.played.c
    query = (
        select(m.label, m.protocol)
        .join_from(s.matches, s.played, p.match == m.key)
        .where(p.run == run.id)
        .group_by(m.label, m.protocol)
        .order_by(func.min(p.position))
    )
    with _engine(run.url, run.file).connect() as found:
        return {row.label: row.protocol for row in found.execute(query)}


@_cached(60)
def choices(run: Run) -> dict[int, int]:
    """How many questions have how many answers: two means that a coin is right half of the time."""
    m, p, q = s.matches.c, s.played.c, s.questions.c
    mine = select(m.question).join_from(s.matches, s.played, p.match == m.key).where(p.run == run.id)
    with _engine(run.url, run.file).connect() as found:
        return dict(Counter(len(answers) for answers in found.scalars(select(q.answers).where(q.key.in_(mine)))))


@_cached(60)
def losses(run: Run) -> list[Loss]:
    """The run's failures by stage, kind, protocol and arm, the most frequent first."""
    groups: dict[tuple[str, str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in read.failures(_engine(run.url, run.file), run.id):
        groups[row["stage"], row["kind"], row["protocol"], row["arm"]].append(row)
    made = [
        Loss(*group, len(rows), sum(row["passing"] for row in rows), rows[0]["message"])
        for group, rows in groups.items()
    ]
    return sorted(made, key=lambda loss: -loss.times)


@_cached(60)
def lines(run: Run) -> list[Line]:
    """A line for each match of the run, in the order of its plan."""
    engine = _engine(run.url, run.file)
    verdicts: dict[str, list[str]] = defaultdict(list)
    for record in read.records(engine, run.id):
        verdicts[record.match].append(_verdict(record))
    return [
        Line(row["key"], row["label"], row["arm"], row["over"], row["text"], row["task"], tuple(verdicts[row["key"]]))
        for row in read.listing(engine, run.id)
    ]


def _verdict(record: Record) -> str:
    if record.score is None:
        return "unreadable"
    return {0.0: "wrong", 1.0: "right"}.get(record.score) or ("tie" if record.score else "wrong")


@_cached(60)
def saying(run: Run, words: str) -> set[str]:
    """The matches in which a question or a public turn holds these words."""
    m, p, q, t = s.matches.c, s.played.c, s.questions.c, s.turns.c
    mine = select(p.match).where(p.run == run.id)
    asked = (
        select(m.key)
        .join_from(s.matches, s.questions, m.question == q.key)
        .where(m.key.in_(mine), q.text.icontains(words, autoescape=True))
    )
    spoken = select(t.match).where(t.match.in_(mine), t.body["text"].as_string().icontains(words, autoescape=True))
    with _engine(run.url, run.file).connect() as found:
        return {*found.scalars(asked), *found.scalars(spoken)}


@_cached(10)
def kept(run: Run, match: str) -> read.Kept:
    """One match with its transcript, rulings and failures."""
    return read.kept(_engine(run.url, run.file), match)


@_cached(10)
def calls(run: Run, match: str) -> list[Call]:
    """The calls of one match, oldest first."""
    c, b = s.calls.c, s.bodies.c
    query = (
        select(s.calls, b.request, b.reply)
        .join_from(s.calls, s.bodies, b.call == c.id, isouter=True)
        .where(c.match == match)
        .order_by(c.id)
    )
    with _engine(run.url, run.file).connect() as found:
        names = {f"judge {row.judge}": row.label for row in found.execute(select(s.judges.c.judge, s.judges.c.label))}
        return [
            Call(
                who=names.get(row.seat, row.seat),
                model=row.resolved or row.model,
                status=row.status,
                error=row.error,
                cached=row.cached,
                prompt=row.prompt_tokens,
                completion=row.completion_tokens,
                seconds=row.latency,
                request=_unpacked(row.request),
                reply=_unpacked(row.reply),
            )
            for row in found.execute(query)
        ]


def _unpacked(body: bytes | None) -> str:
    return "" if body is None else zlib.decompress(body).decode(errors="replace")
