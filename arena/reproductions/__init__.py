"""Published tables, computed again: one a file."""
