"""A store with a run, the dashboard without a browser, and a real server with a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from doors import played
from lab import ARENA
from playwright.sync_api import Browser, sync_playwright
from seeing import FIRST
from streamlit.testing.v1 import AppTest

import dashboards

FOLDER = Path(dashboards.__file__).parent
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="session")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return played(tmp_path_factory.mktemp("doors"))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open the dashboard on a store, at a page and an address, without a browser."""

    def opened(store: Path | str, page: str, /, **query: str) -> AppTest:
        monkeypatch.setenv("ARENA_DB", str(store))
        at = AppTest.from_file(str(FOLDER / "app.py"), default_timeout=60)
        at.query_params.update(query)
        at.run()
        return at if page == FIRST else at.switch_page(f"pages/{page}.py").run()

    yield opened
    st.cache_resource.clear()


@contextmanager
def served(store: Path) -> Iterator[str]:
    """The dashboard as `arena dashboard` starts it; its address. Ending the command ends the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(ARENA), "dashboard", "--db", str(store), "--port", str(port)]
    server = subprocess.Popen(command, cwd=store.parent)
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)
        with socket.socket() as gone:
            assert gone.connect_ex(("127.0.0.1", port)) != 0, "the dashboard's server lives on"


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.2)
    raise RuntimeError(f"no server at {url}")


@pytest.fixture(scope="session")
def site(doors: Path) -> Iterator[str]:
    with served(doors) as url:
        yield url


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Start a server of a test's own."""
    with ExitStack() as servers:
        yield lambda store: servers.enter_context(served(store))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module, since its loop would be in the way of tests that run one."""
    if os.environ.get("ARENA_NO_BROWSER") == "1":
        pytest.skip("ARENA_NO_BROWSER=1: no test in a browser")
    if not CHROMIUM.exists():
        pytest.fail(f"no browser at {CHROMIUM}: `make browser` installs it; ARENA_NO_BROWSER=1 does without")
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()
