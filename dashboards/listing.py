"""The matches of a run, filtered and a page at a time: the database does both, so that a page never reads the run."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Float, Select, String, and_, cast, exists, func, or_, select

from arena.protocol import Protocol
from arena.store import read
from arena.store import schema as s
from dashboards import reading
from dashboards.reading import Run, kept
from dashboards.tags import Tag, tags

OUTCOMES = ("concession", "refusal", "off-side", "untagged", "cut", "forged")
"""What may be the matter with a turn, as it is stored."""
STATES = ("not finished", "failed", "unreadable")
TAGS = (*OUTCOMES, *STATES)
"""What a list can be filtered by: the tags that the store can tell without reading a transcript."""
VERDICTS = ("right", "wrong", "tie", "unreadable")


class Asked(NamedTuple):
    """Which matches of a run; empty leaves none out."""

    protocol: str = ""
    arm: str = ""
    verdict: str = ""
    tag: str = ""
    words: str = ""
    """In the question or in what was said."""


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


class Around(NamedTuple):
    """Where a match stands among those that were asked for."""

    at: int
    """From 1; 0 where it is not among them."""
    before: str
    """The key of the match before it; empty where there is none."""
    after: str


class Call(NamedTuple):
    """One call to a model."""

    id: int
    seat: str
    who: str
    """The seat, or the judge's label."""
    model: str
    status: int | None
    error: str
    cached: bool
    prompt: int | None
    """Tokens read."""
    completion: int | None
    """Tokens written."""
    cost: float | None
    """US dollars."""
    seconds: float


@kept(600)
def protocols(run: Run) -> dict[str, str]:
    """Label -> name of the protocols, in the order played."""
    m, p = s.matches.c, s.played.c
    query = (
        select(m.label, m.protocol)
        .join_from(s.played, s.matches, p.match == m.key)
        .where(p.run == run.id)
        .group_by(m.label, m.protocol)
        .order_by(func.min(p.position))
    )
    with reading.store(run).connect() as db:
        return {row.label: row.protocol for row in db.execute(query)}


@kept(600)
def judges(run: Run) -> tuple[str, ...]:
    """The labels of the run's judges, in the order of the experiment."""
    j = s.judges.c
    with reading.store(run).connect() as db:
        return tuple(db.scalars(select(j.label).where(j.run == run.id).order_by(j.position)))


@kept(60)
def total(run: Run, asked: Asked) -> int:
    """How many matches there are."""
    with reading.store(run).connect() as db:
        return int(db.scalar(_where(select(func.count()), run, asked, db)) or 0)


@kept(60)
def page(run: Run, asked: Asked, first: int, size: int) -> tuple[Line, ...]:
    """The matches from the `first` on, in the order of the plan."""
    p = s.played.c
    with reading.store(run).connect() as db:
        some = _where(select(p.match), run, asked, db).order_by(p.position).offset(first).limit(size)
        return _lines(db, run, list(db.scalars(some)))


@kept(60)
def around(run: Run, asked: Asked, match: str) -> Around:
    """Where a match stands among those asked for, and its neighbours."""
    p = s.played.c
    with reading.store(run).connect() as db:
        place = db.scalar(_where(select(p.position), run, asked, db).where(p.match == match))
        if place is None:
            return Around(0, "", "")
        at = db.scalar(_where(select(func.count()), run, asked, db).where(p.position <= place))
        before = _where(select(p.match), run, asked, db).where(p.position < place).order_by(p.position.desc()).limit(1)
        after = _where(select(p.match), run, asked, db).where(p.position > place).order_by(p.position).limit(1)
        return Around(int(at or 0), db.scalar(before) or "", db.scalar(after) or "")


@kept(600)
def named(run: Run, start: str) -> tuple[str, ...]:
    """The matches of the run whose keys begin so: two at most, which is one too many."""
    p = s.played.c
    begins = p.match >= start, p.match < f"{start}~"  # keys are hexadecimal; a range is an index's own
    query = select(p.match).where(p.run == run.id, *begins).limit(2)
    with reading.store(run).connect() as db:
        return tuple(db.scalars(query))


def _where(query: Select[Any], run: Run, asked: Asked, db: Connection) -> Select[Any]:
    m, p, q = s.matches.c, s.played.c, s.questions.c
    made = query.select_from(s.played).where(p.run == run.id)
    if any((asked.protocol, asked.arm, asked.tag, asked.words, asked.verdict)):
        made = made.join(s.matches, p.match == m.key)
    if asked.protocol:
        made = made.where(m.label == asked.protocol)
    if asked.arm:
        made = made.where(m.arm == asked.arm)
    if asked.words or asked.verdict:
        made = made.join(s.questions, m.question == q.key)
    if asked.words:
        made = made.where(_says(asked.words))
    if asked.tag:
        made = made.where(_tagged(asked.tag, run))
    if asked.verdict:
        made = made.where(_ruled(run, _verdict(asked.verdict, db.dialect.name)))
    return made


def _says(words: str) -> ColumnElement[bool]:
    p, q, t = s.played.c, s.questions.c, s.turns.c
    spoken = exists().where(t.match == p.match, t.body["text"].as_string().icontains(words, autoescape=True))
    return or_(q.text.icontains(words, autoescape=True), spoken)


def _tagged(tag: str, run: Run) -> ColumnElement[bool]:
    m, p, t, f, r = s.matches.c, s.played.c, s.turns.c, s.failures.c, s.rulings.c
    if tag == "not finished":
        return ~m.over
    if tag == "failed":
        return exists().where(f.match == p.match, ~f.mended, (f.judge == "") | f.judge.in_(_own(run)))
    if tag == "unreadable":
        return _ruled(run, r.state == "unreadable")
    had = {
        "cut": t.body["cut"].as_boolean(),
        "forged": t.body["forged"].as_integer() > 0,
    }.get(tag, cast(t.body["outcomes"], String).contains(f'"{tag}"', autoescape=True))
    return exists().where(t.match == p.match, had)


def _own(run: Run) -> Select[Any]:
    return select(s.judges.c.judge).where(s.judges.c.run == run.id)


def _ruled(run: Run, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    r = s.rulings.c
    return exists().where(r.match == s.played.c.match, r.judge.in_(_own(run)), condition)


def _verdict(verdict: str, dialect: str) -> ColumnElement[bool]:
    """Whether a ruling is so, by its probabilities as they are stored: `Record.score` in the database's words."""
    r = s.rulings.c
    if verdict == "unreadable":
        return r.state == "unreadable"
    share, shares, mine = _shares(dialect)
    most = select(func.max(share)).select_from(shares).scalar_subquery()
    best = select(func.count()).select_from(shares).where(share == most).scalar_subquery()
    among = {"wrong": (mine < most,), "right": (mine == most, best == 1), "tie": (mine == most, best > 1)}
    return and_(r.state == "read", s.questions.c.correct != s.UNKNOWN, *among[verdict])


def _shares(dialect: str) -> tuple[Any, Any, Any]:
    """The probabilities of a ruling as rows: their column, their table, and that of the right answer."""
    right, p = s.questions.c.correct, s.rulings.c.p
    if dialect == "postgresql":
        rows = func.json_array_elements_text(p).table_valued("value")
        return cast(rows.c.value, Float), rows, cast(p.op("->>")(right), Float)
    rows = func.json_each(p).table_valued("value")
    return rows.c.value, rows, func.json_extract(p, "$[" + cast(right, String) + "]")


def _lines(db: Connection, run: Run, keys: Sequence[str]) -> tuple[Line, ...]:
    """A line for each of these matches."""
    m, q, r = s.matches.c, s.questions.c, s.rulings.c
    query = (
        select(m.key, m.label, m.arm, m.over, q.text, q.task, q.correct)
        .join_from(s.matches, s.questions, m.question == q.key)
        .where(m.key.in_(keys))
    )
    ruled = select(r.match, r.state, r.p).where(r.match.in_(keys), r.judge.in_(_own(run))).order_by(r.judge, r.order)
    found = {row.key: row for row in db.execute(query)}
    verdicts: dict[str, list[str]] = defaultdict(list)
    for row in db.execute(ruled):
        right = found[row.match].correct
        verdicts[row.match].append(verdict(row.state, row.p, None if right == s.UNKNOWN else right))
    return tuple(
        Line(key, row.label, row.arm, row.over, row.text, row.task, tuple(verdicts[key]))
        for key in keys
        for row in [found[key]]
    )


def verdict(state: str, p: Sequence[float], correct: int | None) -> str:
    """What a ruling came to: one of VERDICTS, or empty where no answer is known to be right."""
    if state != "read":
        return "unreadable"
    if correct is None:
        return ""
    if p[correct] < max(p):
        return "wrong"
    return "tie" if list(p).count(max(p)) > 1 else "right"


@kept(10)
def calls(run: Run, match: str) -> tuple[Call, ...]:
    """The calls of one match, oldest first; not what was sent and received."""
    c = s.calls.c
    with reading.store(run).connect() as db:
        names = {f"judge {row.judge}": row.label for row in db.execute(select(s.judges.c.judge, s.judges.c.label))}
        return tuple(
            Call(
                id=row.id,
                seat=row.seat,
                who=names.get(row.seat, row.seat),
                model=row.resolved or row.model,
                status=row.status,
                error=row.error,
                cached=row.cached,
                prompt=row.prompt_tokens,
                completion=row.completion_tokens,
                cost=row.cost,
                seconds=row.latency,
            )
            for row in db.execute(select(s.calls).where(c.match == match).order_by(c.id))
        )


@kept(60, 16)
def body(run: Run, call: int) -> tuple[str, str]:
    """What a call sent and received; empty where neither is stored."""
    b = s.bodies.c
    with reading.store(run).connect() as db:
        row = db.execute(select(b.request, b.reply).where(b.call == call)).one_or_none()
    sent, received = (zlib.decompress(one).decode(errors="replace") for one in row) if row else ("", "")
    return sent, received


@kept(30, 32)
def match(run: Run, key: str) -> read.Kept:
    """One match with its transcript, rulings and failures."""
    return read.kept(reading.store(run), key)


@kept(30)
def tagged(run: Run, keys: tuple[str, ...]) -> tuple[tuple[Tag, ...], ...]:
    """What went wrong in each of a few matches; nothing is said of one whose plugins are not at hand."""
    return tuple(_tags(run, key) for key in keys)


def _tags(run: Run, key: str) -> tuple[Tag, ...]:
    try:
        return tags(read.kept(reading.store(run), key))
    except ValueError:
        return ()


@kept(600)
def plugins(run: Run) -> dict[str, Protocol]:
    """The protocols of a run by label, but for those whose plugin is not at hand."""
    return read.protocols(reading.store(run), run.id)
