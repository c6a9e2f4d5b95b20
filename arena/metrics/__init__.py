"""What is reported: one metric a file."""
