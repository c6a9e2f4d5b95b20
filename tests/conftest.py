"""Fixtures of all tests: a model server, the command line, a database; each of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Shell
from postgres import Postgres
from server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A model server on the loopback interface."""
    with Server() as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """The command line, in the test's folder."""
    made = Shell(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture
def postgres(_postgres: Postgres) -> Iterator[Postgres]:
    """A PostgreSQL server on the loopback interface, with no database from another test."""
    yield _postgres
    _postgres.clear()
