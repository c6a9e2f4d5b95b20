"""Schema 1, the first. Nothing is to be done: a new store is made of the newest tables at once."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing comes before it."""
