"""The store: what has been played, ruled and paid for; the only truth about progress."""
