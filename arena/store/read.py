"""The store's reading side: progress of a run, rows for the statistics, transcripts for readers."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, Select, Table, Text, cast, func, literal, select

from arena import cache
from arena.errors import StoreError, choices
from arena.match import Match
from arena.nouns import Question, Turn
from arena.protocol import Protocol
from arena.rulings import Rulings
from arena.store import schema as s
from arena.work import Reply


class Progress(NamedTuple):
    """What is there of one match."""

    turns: tuple[Turn, ...]
    ruled: frozenset[tuple[str, int, int]]
    """(judge, order, round) of the rulings and beliefs; round 0 is the verdict."""
    lost: bool
    """A speaker failed for good: the match cannot go on."""
    refused: frozenset[tuple[str, int, int]]
    """(judge, order, round) that failed for good."""
    over: bool
    """Its transcript is complete."""


class Counts(NamedTuple):
    """How far a run is."""

    planned: int
    """Matches that the experiment asks for."""
    over: int
    """Matches whose transcript is complete."""
    ruled: int
    """Rulings, read or not."""
    unreadable: int
    failed: int
    """Matches with a failure that has not been mended."""
    rulings: int
    """Rulings that the experiment asks for."""


class Spent(NamedTuple):
    """What a run has paid for, without what the response cache served."""

    calls: int
    tokens: int
    cost: float | None
    """None where the price of a call is unknown."""
    seconds: float


def run_id(engine: Engine, name: str | None) -> str:
    """The id of a run given by id, by name (its newest) or not at all (the newest of all). Raises StoreError."""
    table = s.runs
    with engine.connect() as db:
        rows = db.execute(select(table.c.id, table.c.name).order_by(table.c.created.desc())).all()
    if not rows:
        raise StoreError("the store holds no runs yet; `arena run FILE` plays one")
    found = [row.id for row in rows if name in (None, row.id)] or [row.id for row in rows if row.name == name]
    if not found:
        raise StoreError(
            f"no run is called {name!r}; {choices(name or '', {r.id for r in rows} | {r.name for r in rows})}"
        )
    return str(found[0])


def runs(engine: Engine) -> list[dict[str, Any]]:
    """Every run, newest first: id, name, created, planned, config, provenance."""
    with engine.connect() as db:
        return [dict(row) for row in db.execute(select(s.runs).order_by(s.runs.c.created.desc())).mappings()]


def imported(engine: Engine, run: str) -> bool:
    """Whether a run (by its id) was played elsewhere and brought in."""
    with engine.connect() as db:
        return "imported" in (db.scalar(select(s.runs.c.config).where(s.runs.c.id == run)) or {})


def progress(engine: Engine, keys: Sequence[str]) -> dict[str, Progress]:
    """What is there of each of these matches."""
    turns, ruled, lost, refused = defaultdict(list), defaultdict(set), set(), defaultdict(set)
    with engine.connect() as db:
        for row in db.execute(select(s.turns).where(s.turns.c.match.in_(keys)).order_by(s.turns.c.number)):
            turns[row.match].append(Turn.model_validate(row.body))
        r, b = s.rulings.c, s.beliefs.c
        for row in db.execute(select(r.match, r.judge, r.order).where(r.match.in_(keys))):
            ruled[row.match].add((row.judge, row.order, 0))
        for row in db.execute(select(b.match, b.judge, b.order, b.round).where(b.match.in_(keys))):
            if row.round:  # what was held before anyone spoke is no verdict
                ruled[row.match].add((row.judge, row.order, row.round))
        over = set(db.scalars(select(s.matches.c.key).where(s.matches.c.key.in_(keys), s.matches.c.over)))
        fixed = (s.failures.c.match.in_(keys), ~s.failures.c.passing, ~s.failures.c.mended)
        for row in db.execute(select(s.failures).where(*fixed)):
            if row.stage == "speak":
                lost.add(row.match)
            refused[row.match].add((row.judge, row.order, row.round))
    return {
        k: Progress(tuple(turns[k]), frozenset(ruled[k]), k in lost, frozenset(refused[k]), k in over) for k in keys
    }


def replies(engine: Engine, matches: Sequence[str]) -> dict[str, list[Reply]]:
    """The good replies to calls of these matches; none for a match in which nobody was asked."""
    c, b = s.calls.c, s.bodies.c
    query = select(c.match, c.seat, c.key, c.paid, b.reply).join_from(s.calls, s.bodies, b.call == c.id)
    found: dict[str, list[Reply]] = defaultdict(list)
    with engine.connect() as db:
        for row in db.execute(query.where(c.match.in_(matches), c.error == "", c.url != "").order_by(c.id)):
            found[row.match].append(Reply(row.seat, row.key, cache.Kept(zlib.decompress(row.reply).decode(), row.paid)))
    return dict(found)


def counts(engine: Engine, run: str) -> Counts:
    """How far a run is."""
    mine = select(s.played.c.match).where(s.played.c.run == run)
    judges = select(s.judges.c.judge).where(s.judges.c.run == run)
    ruled = s.rulings.c.match.in_(mine) & s.rulings.c.judge.in_(judges)
    failed = s.failures.c.match.in_(mine) & ~s.failures.c.mended & _of_run(run)
    with engine.connect() as db:

        def number(query: Select[Any]) -> int:
            return int(db.scalar(query) or 0)

        return Counts(
            planned=number(select(s.runs.c.planned).where(s.runs.c.id == run)),
            over=number(select(func.count()).where(s.matches.c.key.in_(mine), s.matches.c.over)),
            ruled=number(select(func.count()).where(ruled)),
            unreadable=number(select(func.count()).where(ruled, s.rulings.c.state == "unreadable")),
            failed=number(select(func.count(s.failures.c.match.distinct())).where(failed)),
            rulings=number(select(s.runs.c.rulings).where(s.runs.c.id == run)),
        )


ANSWERED = (s.calls.c.error == "") | s.calls.c.status.between(200, 299)
"""A reply came, which costs whether it can be read or not: `Call.answered`."""


def _of_run(run: str) -> Any:
    """Failures of speakers, and of the run's own judges."""
    return (s.failures.c.judge == "") | s.failures.c.judge.in_(select(s.judges.c.judge).where(s.judges.c.run == run))


def spent(engine: Engine, run: str) -> Spent:
    """What a run has paid for so far."""
    c = s.calls.c
    tokens = func.coalesce(c.prompt_tokens, 0) + func.coalesce(c.completion_tokens, 0)
    query = select(
        func.count(), func.sum(tokens), func.sum(c.cost), func.sum(c.latency), func.count().filter(c.cost.is_(None))
    ).where(c.run == run, ~c.cached, ANSWERED)
    with engine.connect() as db:
        calls, sum_tokens, cost, seconds, unknown = db.execute(query).one()
    return Spent(calls, int(sum_tokens or 0), None if unknown else float(cost or 0), float(seconds or 0))


def records(engine: Engine, run: str) -> Rulings:
    """Every ruling of a run by its judges, in the order of its matches, judges and presentations."""
    return _rulings(engine, run, s.rulings)


def beliefs(engine: Engine, run: str) -> Rulings:
    """Every belief of a run's judges on the way to their rulings, in the same order and then by round."""
    return _rulings(engine, run, s.beliefs)


def holds_beliefs(engine: Engine, run: str) -> bool:
    """Whether a run's judges were asked on the way."""
    b, p = s.beliefs.c, s.played.c
    with engine.connect() as db:
        return (
            db.execute(select(b.match).join(s.played, p.match == b.match).where(p.run == run).limit(1)).first()
            is not None
        )


_CHUNK = 5000
"""Rows that are read at a time, so that a long run is never there as rows and as columns at once."""


def _rulings(engine: Engine, run: str, table: Table) -> Rulings:
    m, q, r, p, j, t = s.matches.c, s.questions.c, table.c, s.played.c, s.judges.c, s.turns.c
    after = r.round if "round" in r else literal(-1)
    rounds = select(func.coalesce(func.max(t.round), 0)).where(t.match == m.key).scalar_subquery()
    nested = [cast(one, Text) for one in (q.tags, r.p, r.usage, m.shown, m.defends)]  # parsed once for equal texts
    query = (
        select(
            p.run, r.match, q.task, q.key, q.source, m.label, m.cast, m.arm, m.repeat, j.label, r.order, r.state,
            q.correct, rounds, after, *nested,
        )
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .join(table, r.match == m.key)
        .join(s.judges, (j.judge == r.judge) & (j.run == p.run))
        .where(p.run == run)
        .order_by(p.position, j.position, r.order, *([r.round] if "round" in r else []))
        .execution_options(yield_per=_CHUNK)
    )  # fmt: skip
    terms = {label: (protocol.price, protocol.free) for label, protocol in protocols(engine, run).items()}
    with engine.connect() as db:
        return Rulings.joined([_columns(rows, terms) for rows in db.execute(query).partitions()])


def _columns(rows: Sequence[Any], terms: dict[str, tuple[float, int]]) -> Rulings:
    """`terms` are a protocol's price of a round, and how many rounds it has for free."""
    (
        run,
        match,
        task,
        question,
        source,
        label,
        casts,
        arm,
        repeat,
        judge,
        order,
        state,
        correct,
        rounds,
        after,
        *told,
    ) = zip(*rows, strict=True)
    tags, p, usage, shown, defends = map(_parsed, told)
    return Rulings.table(
        {
            "run": run, "match": match, "task": task, "question": question,
            "source": [f"{one}: {name}" for one, name in zip(task, source, strict=True)],
            "tags": [tuple(one) for one in tags], "protocol": label, "cast": casts, "arm": arm, "repeat": repeat,
            "judge": judge, "order": order, "state": [*map(_scorable, state, correct)], "p": p, "correct": correct,
            "prompt_tokens": [one.get("prompt", 0) for one in usage],
            "completion_tokens": [one.get("completion", 0) for one in usage],
            "cost": [one.get("cost", 0.0) for one in usage], "seconds": [one.get("seconds", 0.0) for one in usage],
            "rounds": rounds, "price": [terms.get(one, (0.0, 1))[0] for one in label],
            "free": [terms.get(one, (0.0, 1))[1] for one in label],
            "first": [one[-1 if turned else 0] for one, turned in zip(shown, order, strict=True)],
            "argued": [tuple(dict.fromkeys(one.values())) for one in defends], "after": after,
        }
    )  # fmt: skip


def _scorable(state: str, correct: int) -> str:
    return "unscored" if state == "read" and correct == s.UNKNOWN else state


def _parsed(texts: Sequence[str]) -> list[Any]:
    """The values of JSON texts, most of which are the same few."""
    distinct = list(dict.fromkeys(texts))
    known = dict(zip(distinct, json.loads(f"[{','.join(distinct)}]"), strict=True))
    return [known[text] for text in texts]


def protocols(engine: Engine, run: str) -> dict[str, Protocol]:
    """The protocols of a run by label, but for those whose plugin is not at hand."""
    m, p = s.matches.c, s.played.c
    one = select(func.min(m.key)).join_from(s.matches, s.played, p.match == m.key).where(p.run == run).group_by(m.label)
    found = {}
    with engine.connect() as db:
        for label, spec in db.execute(select(m.label, m.spec).where(m.key.in_(one))):
            with contextlib.suppress(ValueError):  # a ConfigError is one, and so is pydantic's
                found[label] = Protocol.model_validate(spec["protocol"])
    return found


def failures(engine: Engine, run: str) -> list[dict[str, Any]]:
    """Every failure of a run that has not been mended, with its match's protocol label, cast, arm, repeat and
    sides, and of its question the key, task, source, tags and the right answer."""
    f, m, q, p = s.failures.c, s.matches.c, s.questions.c, s.played.c
    about = (q.key.label("question"), q.task, q.source, q.tags, q.correct)
    query = (
        select(s.failures, m.label.label("protocol"), m.cast, m.arm, m.repeat, m.defends, *about)
        .join_from(s.failures, s.matches, f.match == m.key)
        .join(s.questions, m.question == q.key)
        .join(s.played, p.match == m.key)
        .where(p.run == run, ~f.mended, _of_run(run))
        .order_by(p.position, f.id)
    )
    with engine.connect() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def listing(engine: Engine, run: str) -> list[dict[str, Any]]:
    """A line for each match of a run: key, position, protocol label, arm, over, question text, task."""
    m, q, p = s.matches.c, s.questions.c, s.played.c
    query = (
        select(m.key, p.position, m.label, m.cast, m.arm, m.over, q.text, q.task, q.id.label("question"))
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .where(p.run == run)
        .order_by(p.position)
    )
    with engine.connect() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def match_key(engine: Engine, start: str) -> str:
    """The match whose key begins with `start`. Raises StoreError for none and for several."""
    with engine.connect() as db:
        begins = s.matches.c.key.startswith(start.lower(), autoescape=True)
        found = db.scalars(select(s.matches.c.key).where(begins).limit(5)).all()
    if len(found) != 1:
        what = f"several matches: {', '.join(found)}" if found else "no match"
        raise StoreError(f"{start!r} begins the key of {what}; `arena show --run RUN` lists the matches of a run")
    return str(found[0])


class Kept(NamedTuple):
    """A match as it was played, with everything that came of it."""

    match: Match
    turns: tuple[Turn, ...]
    over: bool
    rulings: list[dict[str, Any]]
    failures: list[dict[str, Any]]
    beliefs: Sequence[dict[str, Any]] = ()


def kept(engine: Engine, match: str) -> Kept:
    """One match with its transcript, rulings and failures."""
    with engine.connect() as db:
        row = db.execute(select(s.matches).where(s.matches.c.key == match)).mappings().one()
        asked = db.execute(select(s.questions).where(s.questions.c.key == row["question"])).mappings().one()
        passage = db.scalar(select(s.texts.c.body).where(s.texts.c.key == asked["passage"]))
        turns = db.scalars(select(s.turns.c.body).where(s.turns.c.match == match).order_by(s.turns.c.number)).all()
        r, b = s.rulings.c, s.beliefs.c
        rulings = db.execute(select(s.rulings).where(r.match == match).order_by(r.judge, r.order)).mappings().all()
        query = select(s.beliefs).where(b.match == match).order_by(b.judge, b.order, b.round)
        beliefs = db.execute(query).mappings().all()
        f = s.failures.c
        failed = db.execute(select(s.failures).where(f.match == match, ~f.mended).order_by(f.id))
        labels = {r.judge: r.label for r in db.execute(select(s.judges).order_by(s.judges.c.run))}
        ruled, held = (
            [{**row, "label": labels.get(row["judge"], row["judge"][:8])} for row in rows]
            for rows in (rulings, beliefs)
        )
        lost = [dict(r) for r in failed.mappings()]
    fields = {name: asked[name] for name in ("id", "text", "answers", "source", "tags")}
    fields["correct"] = None if asked["correct"] == s.UNKNOWN else asked["correct"]
    again = Match(
        question=Question(**fields, passage=passage),
        protocol=Protocol.model_validate(row["spec"]["protocol"]),
        agents=row["spec"]["agents"],
        defends=row["defends"],
        shown=row["shown"],
        repeat=row["repeat"],
        branch=row["spec"].get("branch", ""),
    )
    again.__dict__["key"] = match  # the name it was played by: a plugin may have got new fields since
    return Kept(again, tuple(Turn.model_validate(body) for body in turns), row["over"], ruled, lost, held)


def calls(engine: Engine, run: str, bodies: bool = False) -> Iterator[dict[str, Any]]:
    """Every call of a run, oldest first, with what was sent and received if `bodies` says so."""
    query = select(s.calls).where(s.calls.c.run == run).order_by(s.calls.c.id)
    if bodies:
        query = query.add_columns(s.bodies.c.request, s.bodies.c.reply).join(s.bodies, s.bodies.c.call == s.calls.c.id)
    with engine.connect() as db:
        for row in db.execute(query.execution_options(yield_per=100)).mappings():
            call = dict(row)
            for name in ("request", "reply") if bodies else ():
                call[name] = zlib.decompress(call[name]).decode()
            yield call
