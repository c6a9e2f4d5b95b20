"""How soon the dashboard's pages appear on a store of 1,000,000 rulings in 50 runs, and what its process holds.

Each page is opened in a fresh headless Chromium on a server that has just started (cold), then in the same browser for
another run of the store (warm), then for that run once more (again). A page has appeared when its table, chart or
transcript is there and no script runs. Memory is the most that the server's process held (VmHWM). The store is made
first, unless it lies there already. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from million import make
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from rich.console import Console
from rich.table import Table

from arena.store import read
from arena.store.db import connect

ARENA = Path(sys.executable).with_name("arena")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
COLD, WARM, MEMORY = 5.0, 2.0, 1024.0
"""Goals: seconds, seconds, MiB."""
TABLE, CHART, CARD = '[data-testid="stDataFrame"] canvas', '[data-testid="stVegaLiteChart"] :is(canvas, svg)', ".card"
PAGES = {
    "run list": ("", TABLE),
    "comparison": ("compare", CHART),
    "first transcript": ("transcripts", CARD),
}
"""What is measured -> its address, and what is there when it has appeared."""
QUIET = "document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState === 'notRunning'"


class Seen(NamedTuple):
    """One page."""

    name: str
    cold: float
    warm: float
    again: float
    """Seconds."""
    memory: float
    """MiB."""


@contextmanager
def served(store: Path) -> Iterator[tuple[str, int]]:
    """A dashboard of one's own: its address, and the number of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(ARENA), "dashboard", "--db", str(store), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()


def _wait(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(url):  # noqa: S310 - our own server
            return
        time.sleep(0.05)
    raise RuntimeError(f"no server at {url}")


def look(browser: Browser, store: Path, name: str, runs: list[str]) -> Seen:
    """One page, cold and warm."""
    page, sign = PAGES[name]
    with served(store) as (url, pid):
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        times = [_open(context, _address(url, page, store, run), sign) for run in (runs[0], runs[1], runs[1])]
        context.close()
        return Seen(name, times[0], times[1], times[2], _held(pid))


def _address(url: str, page: str, store: Path, run: str) -> str:
    first = read.listing(connect(str(store), create=False), run)[0]["key"] if page == "transcripts" else ""
    return f"{url}/{page}?run={run}{f'&match={first}' if first else ''}"


def _open(context: BrowserContext, url: str, sign: str) -> float:
    """Seconds until the page is there, in a tab of its own."""
    page = context.new_page()
    began = time.monotonic()
    page.goto(url)
    page.locator(sign).first.wait_for(timeout=120_000)
    page.wait_for_function(QUIET, timeout=120_000)
    took = time.monotonic() - began
    page.close()
    return took


def _held(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    """Make the store, open the pages, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--store", type=Path, default=Path("build/million.db"))
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--rulings", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="for scripts")
    asked = parser.parse_args()
    if not asked.store.exists():
        asked.store.parent.mkdir(parents=True, exist_ok=True)
        make(asked.store, asked.runs, asked.rulings)
    runs = [row["id"] for row in read.runs(connect(str(asked.store), create=False))]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        seen = [look(browser, asked.store, name, runs) for name in PAGES]
        browser.close()
    if asked.json:
        print(json.dumps([one._asdict() for one in seen], indent=2))
        return
    _print(seen, f"{asked.rulings:,} rulings in {asked.runs} runs")


def _print(seen: list[Seen], title: str) -> None:
    table = Table("page", "cold, s", "another run, s", "again, s", "memory, MiB", title=f"dashboard: {title}")
    for one in seen:
        table.add_row(one.name, *(f"{x:.1f}" for x in (one.cold, one.warm, one.again)), f"{one.memory:,.0f}")
    console = Console(width=100)
    console.print(table)
    console.print(f"goals: {COLD:.0f} s cold, {WARM:.0f} s for another run, {MEMORY:,.0f} MiB")


if __name__ == "__main__":
    main()
