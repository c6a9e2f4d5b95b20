"""What was published elsewhere: one format a file."""
