"""The tables. Long texts lie in tables of their own, so that lists stay fast."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 4
"""Of this schema; a store with a newer one is refused."""

metadata = MetaData()

meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("planned", Integer, nullable=False),
    Column("rulings", Integer, nullable=False),
    Column("config", JSON, nullable=False),
    Column("provenance", JSON, nullable=False),
    Column("wanted", String, nullable=False, server_default="run"),
    Column("job", JSON),
)
"""`wanted` is what its drivers are asked for from elsewhere: `run`, `pause` or `cancel`. `job` says where it was
launched as a job; null where it was not."""

judges = Table(
    "judges",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("judge", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("label", String, nullable=False),
)

texts = Table("texts", metadata, Column("key", String, primary_key=True), Column("body", Text, nullable=False))

questions = Table(
    "questions",
    metadata,
    Column("key", String, primary_key=True),
    Column("id", String, nullable=False),
    Column("task", String, nullable=False),
    Column("source", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("answers", JSON, nullable=False),
    Column("correct", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("passage", ForeignKey("texts.key")),
)

matches = Table(
    "matches",
    metadata,
    Column("key", String, primary_key=True),
    Column("question", ForeignKey("questions.key"), nullable=False),
    Column("protocol", String, nullable=False),
    Column("label", String, nullable=False),
    Column("cast", String, nullable=False),
    Column("arm", String, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("shown", JSON, nullable=False),
    Column("defends", JSON, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("over", Boolean, nullable=False),
    Index("matches_facts", "key", "over", "label", "cast", "arm", "protocol", "repeat", "question"),
)
"""The index holds what counts and lists ask for: the specification before `over` is long."""

played = Table(
    "played",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("match", ForeignKey("matches.key"), primary_key=True),
    Column("position", Integer, nullable=False),
    Index("played_in_order", "run", "position", "match"),
)

turns = Table(
    "turns",
    metadata,
    Column("match", ForeignKey("matches.key"), primary_key=True),
    Column("seat", String, primary_key=True),
    Column("after", Integer, primary_key=True),
    Column("round", Integer, nullable=False),
    Column("act", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", JSON, nullable=False),
)

rulings = Table(
    "rulings",
    metadata,
    Column("match", ForeignKey("matches.key"), primary_key=True),
    Column("judge", String, primary_key=True),
    Column("order", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("p", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("usage", JSON, nullable=False),
    Index("rulings_read", "match", "judge", "order", "state"),
)

beliefs = Table(
    "beliefs",
    metadata,
    Column("match", ForeignKey("matches.key"), primary_key=True),
    Column("judge", String, primary_key=True),
    Column("order", Integer, primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("state", String, nullable=False),
    Column("p", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("flags", JSON, nullable=False),
    Column("usage", JSON, nullable=False),
)
"""What a judge held after a round that was not the last: rulings count verdicts only."""

failures = Table(
    "failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("match", ForeignKey("matches.key"), nullable=False, index=True),
    Column("judge", String, nullable=False),
    Column("order", Integer, nullable=False),
    Column("round", Integer, nullable=False, server_default="0"),
    Column("stage", String, nullable=False),
    Column("seat", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("passing", Boolean, nullable=False),
    Column("usage", JSON, nullable=False),
    Column("at", Float, nullable=False),
    Column("mended", Boolean, nullable=False),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uid", String, nullable=False, unique=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("match", ForeignKey("matches.key"), nullable=False, index=True),
    Column("seat", String, nullable=False),
    Column("key", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("model", String, nullable=False),
    Column("resolved", String),
    Column("url", String, nullable=False),
    Column("status", Integer),
    Column("finish", String),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("cost", Float),
    Column("latency", Float, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("paid", Float, nullable=False),
    Column("error", Text, nullable=False),
    Column("started", Float, nullable=False),
    Index("calls_of_run", "run", "cached", "error", "status", "cost", "prompt_tokens", "completion_tokens", "latency"),
    Index("calls_of_key", "key"),
)

bodies = Table(
    "bodies",
    metadata,
    Column("call", ForeignKey("calls.id"), primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("reply", LargeBinary, nullable=False),
)
"""What a call sent and received, each compressed with zlib."""

leases = Table(
    "leases",
    metadata,
    Column("match", ForeignKey("matches.key"), primary_key=True),
    Column("holder", String, nullable=False, index=True),
    Column("until", Float, nullable=False),
)
"""Which driver plays a match now. Until then, in Unix seconds of the database's clock, no other driver takes it."""

pulses = Table(
    "pulses",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("holder", String, primary_key=True),
    Column("at", Float, nullable=False),
    Column("body", JSON, nullable=False),
)
"""How each driver of a run goes, as it last said, in Unix seconds of the database's clock."""
