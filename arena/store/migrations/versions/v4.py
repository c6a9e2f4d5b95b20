"""Schema 4: indexes that hold what lists and counts of a run ask for."""

from __future__ import annotations

from alembic import op

revision = "4"
down_revision = "3"

_PAID = ["run", "cached", "error", "status", "cost", "prompt_tokens", "completion_tokens", "latency"]


def upgrade() -> None:
    """From schema 3."""
    op.create_index(
        "matches_facts", "matches", ["key", "over", "label", "cast", "arm", "protocol", "repeat", "question"]
    )
    op.create_index("played_in_order", "played", ["run", "position", "match"])
    op.create_index("rulings_read", "rulings", ["match", "judge", "order", "state"])
    op.drop_index("calls_of_run", "calls")
    op.create_index("calls_of_run", "calls", _PAID)
