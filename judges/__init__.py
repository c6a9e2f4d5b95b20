"""Who decides: one judge a file; prompts in `prompts`."""
