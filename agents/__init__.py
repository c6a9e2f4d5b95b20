"""Who speaks: one agent a file; a provider of models a file in `models`; prompts in `prompts`."""
