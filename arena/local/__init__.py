"""Embedded models: weights that packages bring, and the server that runs them on this machine."""
