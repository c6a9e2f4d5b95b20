"""Fixtures of all tests: a model server, the command line, a database; each of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lab
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


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs on both databases: `lab.at` names its stores, `play` and the command line use them."""
    if request.param == "postgresql":
        monkeypatch.setattr(lab, "SERVER", request.getfixturevalue("postgres"))
        monkeypatch.setenv("ARENA_CACHE", str(tmp_path / "cache"))
    return str(request.param)


@pytest.fixture
def store_url(both: str, tmp_path: Path) -> str:
    """Where the test's store is, on the one database and on the other."""
    return lab.at(tmp_path)


@pytest.fixture(scope="session")
def data() -> Callable[[str], str]:
    """The path of a file in the shared data folder; skips the test where the file is not there."""
    folder = Path(os.environ.get("ARENA_DATA") or Path(__file__).parents[2] / "shared" / "data")

    def find(name: str) -> str:
        if not (folder / name).is_file():
            pytest.skip(f"no data file {folder / name}; ARENA_DATA names the folder")
        return str(folder / name)

    return find


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A cluster of two nodes on this machine."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    from ray.cluster_utils import Cluster

    checks = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": checks})
    made.second = made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made
    made.shutdown()
