"""Who speaks when and who sees what: one protocol a file."""
