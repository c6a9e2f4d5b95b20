"""What is argued about: one task a file."""
