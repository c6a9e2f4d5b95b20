"""Schema 2: a turn is unique by how many turns its speaker had heard; beliefs have a table, their failures a round."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Text, column, func, select, table

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """From schema 1."""
    _turns()
    op.add_column("failures", Column("round", Integer, nullable=False, server_default="0"))
    op.create_table(
        "beliefs",
        Column("match", String, ForeignKey("matches.key"), primary_key=True),
        Column("judge", String, primary_key=True),
        Column("order", Integer, primary_key=True),
        Column("round", Integer, primary_key=True),
        Column("state", String, nullable=False),
        Column("p", JSON, nullable=False),
        Column("reason", Text, nullable=False),
        Column("flags", JSON, nullable=False),
        Column("usage", JSON, nullable=False),
    )


def _turns() -> None:
    """A table anew, since SQLite cannot give one another primary key."""
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("turns_pkey", "turns")  # the new one is to have that name
    op.rename_table("turns", "turns_1")
    columns = {"match": String, "seat": String, "round": Integer, "act": String, "number": Integer, "body": JSON}
    turns = op.create_table(
        "turns",
        Column("match", String, ForeignKey("matches.key"), primary_key=True),
        Column("seat", String, primary_key=True),
        Column("after", Integer, primary_key=True),
        *(Column(name, columns[name], nullable=False) for name in ("round", "act", "number", "body")),
    )
    before = table("turns_1", *(column(name, kind) for name, kind in columns.items()))
    after = func.coalesce(before.c.body["after"].as_integer(), 0)
    op.execute(turns.insert().from_select([*columns, "after"], select(*before.c, after)))
    op.drop_table("turns_1")
