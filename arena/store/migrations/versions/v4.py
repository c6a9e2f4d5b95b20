"""Schema 4: indexes that hold what lists, counts and comparisons read of a match, a ruling and a run's order."""

from __future__ import annotations

from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """From schema 3."""
    facts = ["key", "over", "label", "cast", "arm", "protocol", "repeat", "question"]
    op.create_index("matches_facts", "matches", facts)
    op.create_index("played_in_order", "played", ["run", "position"])
    op.create_index("rulings_read", "rulings", ["match", "judge", "order", "state"])
