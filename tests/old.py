"""Stores as older arenas made them: their own tables, and rows of a run in every one."""

from __future__ import annotations

from string import Template
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, inspect, select

from arena.store.db import connect, url

FIRST = """
CREATE TABLE meta (
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE runs (
    id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    created FLOAT NOT NULL,
    planned INTEGER NOT NULL,
    rulings INTEGER NOT NULL,
    config JSON NOT NULL,
    provenance JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_runs_name ON runs (name);
CREATE TABLE texts (
    key VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (key)
);
CREATE TABLE judges (
    run VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    PRIMARY KEY (run, judge),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE questions (
    key VARCHAR NOT NULL,
    id VARCHAR NOT NULL,
    task VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    text TEXT NOT NULL,
    answers JSON NOT NULL,
    correct INTEGER NOT NULL,
    tags JSON NOT NULL,
    passage VARCHAR,
    PRIMARY KEY (key),
    FOREIGN KEY(passage) REFERENCES texts (key)
);
CREATE TABLE matches (
    key VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    "cast" VARCHAR NOT NULL,
    arm VARCHAR NOT NULL,
    repeat INTEGER NOT NULL,
    shown JSON NOT NULL,
    defends JSON NOT NULL,
    spec JSON NOT NULL,
    "over" BOOLEAN NOT NULL,
    PRIMARY KEY (key),
    FOREIGN KEY(question) REFERENCES questions (key)
);
CREATE TABLE played (
    run VARCHAR NOT NULL,
    match VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (run, match),
    FOREIGN KEY(run) REFERENCES runs (id),
    FOREIGN KEY(match) REFERENCES matches (key)
);
CREATE TABLE turns (
    match VARCHAR NOT NULL,
    seat VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    act VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    body JSON NOT NULL,
    PRIMARY KEY (match, seat, round, act),
    FOREIGN KEY(match) REFERENCES matches (key)
);
CREATE TABLE rulings (
    match VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    "order" INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    p JSON NOT NULL,
    reason TEXT NOT NULL,
    flags JSON NOT NULL,
    usage JSON NOT NULL,
    PRIMARY KEY (match, judge, "order"),
    FOREIGN KEY(match) REFERENCES matches (key)
);
CREATE TABLE failures (
    id $id NOT NULL,
    match VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    "order" INTEGER NOT NULL,
    stage VARCHAR NOT NULL,
    seat VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    message TEXT NOT NULL,
    passing BOOLEAN NOT NULL,
    usage JSON NOT NULL,
    at FLOAT NOT NULL,
    mended BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(match) REFERENCES matches (key)
);
CREATE INDEX ix_failures_match ON failures (match);
CREATE TABLE calls (
    id $id NOT NULL,
    run VARCHAR NOT NULL,
    match VARCHAR NOT NULL,
    seat VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    provider VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    resolved VARCHAR,
    url VARCHAR NOT NULL,
    status INTEGER,
    finish VARCHAR,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost FLOAT,
    latency FLOAT NOT NULL,
    retries INTEGER NOT NULL,
    cached BOOLEAN NOT NULL,
    paid FLOAT NOT NULL,
    error TEXT NOT NULL,
    started FLOAT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(run) REFERENCES runs (id),
    FOREIGN KEY(match) REFERENCES matches (key)
);
CREATE INDEX ix_calls_match ON calls (match);
CREATE INDEX calls_of_key ON calls (key);
CREATE INDEX calls_of_run ON calls (run);
CREATE TABLE bodies (
    call INTEGER NOT NULL,
    request $bytes NOT NULL,
    reply $bytes NOT NULL,
    PRIMARY KEY (call),
    FOREIGN KEY(call) REFERENCES calls (id)
);
"""
"""Schema 1, as the arena 0.1.0 wrote it; schema 2 is that with the changes below."""

SECOND = {
    "    number INTEGER NOT NULL,": '    "after" INTEGER NOT NULL,\n    number INTEGER NOT NULL,',
    "PRIMARY KEY (match, seat, round, act)": 'PRIMARY KEY (match, seat, "after")',
    "    stage VARCHAR NOT NULL,": "    round INTEGER DEFAULT '0' NOT NULL,\n    stage VARCHAR NOT NULL,",
}
BELIEFS = """
CREATE TABLE beliefs (
    match VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    "order" INTEGER NOT NULL,
    round INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    p JSON NOT NULL,
    reason TEXT NOT NULL,
    flags JSON NOT NULL,
    usage JSON NOT NULL,
    PRIMARY KEY (match, judge, "order", round),
    FOREIGN KEY(match) REFERENCES matches (key)
);
"""
TYPES = {"sqlite": {"id": "INTEGER", "bytes": "BLOB"}, "postgresql": {"id": "SERIAL", "bytes": "BYTEA"}}


def made(place: str, version: int, like: str) -> Engine:
    """A store of schema 1 or 2 at `place`, with the rows of the store `like`."""
    text = FIRST
    for old, new in SECOND.items() if version == 2 else ():
        text = text.replace(old, new)
    engine = create_engine(url(place))
    with engine.begin() as db:
        for statement in Template(text + BELIEFS * (version == 2)).substitute(TYPES[engine.dialect.name]).split(";\n"):
            if statement.strip():
                db.exec_driver_sql(statement)
    _fill(engine, version, connect(like))
    return engine


def _fill(engine: Engine, version: int, source: Engine) -> None:
    old = MetaData()
    old.reflect(engine)
    with engine.begin() as db, source.connect() as there:
        for table in old.sorted_tables:
            new = Table(table.name, MetaData(), autoload_with=source)
            found = there.execute(select(*(new.c[column.name] for column in table.c))).mappings()
            rows = [{**row, "value": str(version)} if table.name == "meta" else dict(row) for row in found]
            if rows:
                db.execute(table.insert(), rows)
        for name in ("calls", "failures") if engine.dialect.name == "postgresql" else ():
            db.exec_driver_sql(f"SELECT setval('{name}_id_seq', max(id)) FROM {name}")


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in an order of their own."""
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as db:
        found = {t.name: [dict(row) for row in db.execute(select(t)).mappings()] for t in known.sorted_tables}
    return {name: sorted(some, key=str) for name, some in found.items()}


def shape(engine: Engine) -> dict[str, Any]:
    """What a database says of its tables: columns, keys, references, indexes."""
    known = inspect(engine)
    return {
        name: (
            sorted((c["name"], str(c["type"]), c["nullable"], c["default"]) for c in known.get_columns(name)),
            known.get_pk_constraint(name)["constrained_columns"],
            sorted((f["constrained_columns"], f["referred_table"]) for f in known.get_foreign_keys(name)),
            sorted((str(i["name"]), i["column_names"], i["unique"]) for i in known.get_indexes(name)),
            [u["column_names"] for u in known.get_unique_constraints(name)],
        )
        for name in known.get_table_names()
    }
