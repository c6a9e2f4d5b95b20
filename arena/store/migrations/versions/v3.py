"""Schema 3: calls by an id of their own, leases of matches, pulses of drivers, what a run is asked for."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, String, cast, column, table, update

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """From schema 2."""
    op.add_column("runs", Column("wanted", String, nullable=False, server_default="run"))
    op.add_column("runs", Column("job", JSON))
    _calls()
    op.create_table(
        "leases",
        Column("match", String, ForeignKey("matches.key"), primary_key=True),
        Column("holder", String, nullable=False, index=True),
        Column("until", Float, nullable=False),
    )
    op.create_table(
        "pulses",
        Column("run", String, ForeignKey("runs.id"), primary_key=True),
        Column("holder", String, primary_key=True),
        Column("at", Float, nullable=False),
        Column("body", JSON, nullable=False),
    )


def _calls() -> None:
    """A call that has no id yet gets one from its number."""
    calls = table("calls", column("id", Integer), column("uid", String))
    op.add_column("calls", Column("uid", String))
    op.execute(update(calls).values(uid="call " + cast(calls.c.id, String)))
    with op.batch_alter_table("calls") as batch:
        batch.alter_column("uid", existing_type=String(), nullable=False)
        batch.create_unique_constraint("calls_uid_key", ["uid"])
