"""One page a file; the entry lists this folder."""
