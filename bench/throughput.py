"""Calls a second, CPU time a call and memory a match, side by side: the limit, a bare aiohttp loop, Inspect, the arena.

A model server on the loopback interface answers every call after the same delay, so that calls in flight / delay is
the most that anybody can reach. All are measured from outside: calls at the server, CPU time and memory over the whole
family of processes. The arena is run by its command line, on Ray, with an SQLite store. docs/benchmarks.md says how
each figure comes about. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from meter import Taken, measure
from rich.console import Console
from rich.table import Table
from server import MODEL, Served

HERE = Path(__file__).resolve().parent
ARENA = Path(sys.executable).with_name("arena")
INSPECT = HERE.parent / ".venv-inspect" / "bin" / "python"
DELAY = 0.1
FLIGHTS = 50, 200, 1000
CALLS = 5
"""Of a match."""
SLACK = 1.5
"""Matches in play for each call in flight. A match alone has 1.25 in flight on the average: two, one, one, one."""
MOST = 1000
"""Calls a second for which runs are sized: a slower client takes longer than it should."""
OF_LIMIT = {50: 0.85}
"""Goal: part of the limit that the arena reaches."""
OF_BARE = {200: 0.5, 1000: 0.3}
"""Goal: part of what the bare loop reaches."""
INSPECTS = {200: 10, 1000: 10}
"""Goal: how many times what Inspect reaches."""
CPU_MS = 1.5
"""Goal: milliseconds of CPU time a call."""
MATCH_KIB = 64
"""Goal: memory of a match in play."""
EXPERIMENT = """
name = "throughput"
[models.m]
use = "openai"
base_url = "{url}"
model = "{model}"
key_env = ""
concurrency = {flight}
[[tasks]]
use = "passages"
questions = {questions}
[[protocols]]
use = "debate"
rounds = 2
turns = "sequential"
words = 60
[[agents]]
debater = {{use = "debater", model = "m"}}
[[judges]]
use = "token"
model = "m"
[workers]
count = {workers}
matches = {matches}
"""


class Level(NamedTuple):
    """Everybody at one number of calls in flight."""

    flight: int
    matches: int
    """That the arena has in play."""
    arena: Taken
    compare: float
    """Seconds of `arena compare` on the finished run."""
    bare: Taken
    inspect: Taken | None


class Ground(NamedTuple):
    """Where it is measured, and how."""

    server: Served
    folder: Path
    seconds: float
    workers: int
    inspect: bool


def level(ground: Ground, flight: int) -> Level:
    """The arena first, since its requests are the ones that the others make."""
    folder = ground.folder / str(flight)
    folder.mkdir()
    matches = ceil(SLACK * flight / ground.workers)
    arena, compare = played(ground, flight, matches, folder)
    (folder / "bodies.json").write_text(json.dumps(ground.server.bodies()))
    told = [ground.server.url, "bodies.json", str(flight)]
    bare = measure([sys.executable, HERE / "bare.py", *told, str(ground.seconds)], folder, ground.server)
    inspect = None
    if ground.inspect:
        samples = ceil(flight + ground.seconds * 20)
        command: list[str | Path] = [INSPECT, HERE / "inspected.py", *told, str(matches * ground.workers), str(samples)]
        try:
            inspect = measure(command, folder, ground.server)
        except subprocess.CalledProcessError:  # said by `measure`; what the others did stands without it
            print(f"Inspect failed at {flight} in flight", file=sys.stderr)
    return Level(flight, matches * ground.workers, arena, compare, bare, inspect)


def played(ground: Ground, flight: int, matches: int, folder: Path) -> tuple[Taken, float]:
    """`arena run` on a fresh store, and how long `arena compare` then takes."""
    calls = ground.seconds * min(MOST, 0.9 * flight / DELAY)
    sizes = {"questions": ceil(calls / CALLS / 2), "workers": ground.workers, "matches": matches}  # both orders
    text = EXPERIMENT.format(url=ground.server.url, model=MODEL, flight=flight, **sizes)
    (folder / "throughput.toml").write_text(text)
    store = "--json", "--db", "arena.db"
    arena = measure([ARENA, "run", "throughput.toml", *store], folder, ground.server)
    done = json.loads((folder / "stdout").read_text())
    assert done["ruled"] == done["planned"] and not done["unreadable"], done
    started = time.monotonic()
    subprocess.run([ARENA, "compare", "throughput", *store], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return arena, time.monotonic() - started


def per_match(levels: list[Level]) -> float | None:
    """KiB that the arena grew by for each match more in play, from the fewest to the most."""
    few, many = levels[0], levels[-1]
    more = many.matches - few.matches
    return (many.arena.memory - few.arena.memory) / more if more else None


def against(value: float, goal: float | None, form: str) -> str:
    """A figure, and in brackets its goal where it has one."""
    return format(value, form) + (f" ({format(goal, form)})" if goal is not None else "")


def rates(levels: list[Level]) -> Table:
    """Calls a second."""
    heads = ("in flight", "limit", "bare aiohttp", "Inspect", "arena", "first to last call", "of the limit", "of bare")
    table = Table(*heads, "times Inspect", title="calls a second in the steady middle (goals in brackets)")
    for one in levels:
        limit, rate, inspect = one.flight / DELAY, one.arena.steady, one.inspect
        table.add_row(
            f"{one.flight:,}",
            f"{limit:,.0f}",
            f"{one.bare.steady:,.0f}",
            f"{inspect.steady:,.0f}" if inspect else "",
            f"{rate:,.0f}",
            f"{one.arena.whole:,.0f}",
            against(rate / limit, OF_LIMIT.get(one.flight), ".0%"),
            against(rate / one.bare.steady, OF_BARE.get(one.flight), ".0%"),
            against(rate / inspect.steady, INSPECTS.get(one.flight), ".1f") if inspect else "",
        )
    return table


def costs(levels: list[Level]) -> Table:
    """What it takes."""
    heads = ("client", "in flight", "most seen", "calls", "first call, s", "in all, s", "CPU, ms a call", "driver")
    table = Table(*heads, "workers", "Ray", "whole command", "MiB", title="what it takes (goals in brackets)")
    for one in levels:
        for name, taken in (("arena", one.arena), ("bare aiohttp", one.bare), ("Inspect", one.inspect)):
            if taken:
                table.add_row(name, f"{one.flight:,}", *_cells(taken, CPU_MS if name == "arena" else None))
    return table


def _cells(taken: Taken, goal: float | None) -> list[str]:
    parts = [f"{taken.cpu.get(role, 0):.2f}" for role in ("driver", "workers", "other")]
    counts = [f"{taken.peak:,}", f"{taken.calls:,}", f"{taken.before:.1f}", f"{taken.seconds:.1f}"]
    cpu = against(sum(taken.cpu.values()), goal, ".2f")
    return [*counts, cpu, *parts, f"{taken.command:.2f}", f"{taken.memory / 1024:,.0f}"]


def version() -> str:
    """Inspect's, where it is installed."""
    if not INSPECT.exists():
        return "not installed"
    said = "import importlib.metadata as m; print(m.version('inspect_ai'))"
    return subprocess.run([INSPECT, "-c", said], capture_output=True, text=True, check=True).stdout.strip()


def tell(levels: list[Level]) -> None:
    """Everything, as tables."""
    console = Console(width=150)
    console.print(rates(levels), costs(levels))
    grown = per_match(levels)
    if grown is not None:
        print(f"memory: {grown:.0f} KiB for each match more in play (goal {MATCH_KIB})")
    most = max(one.bare.server for one in levels)
    print(f"the server takes at most {most:.3f} ms of CPU time a call; Inspect: {version()}")
    print("`arena compare` takes " + ", ".join(f"{one.compare:.1f} s at {one.arena.calls:,} calls" for one in levels))


def brief(one: Level) -> str:
    """A level in a line, so that one that fails later takes nothing with it."""
    named = {"arena": one.arena, "bare": one.bare, "Inspect": one.inspect}
    return ", ".join(f"{name} {taken.steady:,.0f} calls/s" for name, taken in named.items() if taken)


def plain(levels: list[Level]) -> dict[str, Any]:
    """Everything, for scripts."""
    rows = [
        {name: value._asdict() if isinstance(value, Taken) else value for name, value in one._asdict().items()}
        for one in levels
    ]
    ground = {"delay": DELAY, "cores": os.cpu_count(), "inspect": version()}
    return {**ground, "kib_per_match": per_match(levels), "levels": rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flights", type=int, nargs="+", default=FLIGHTS, help="calls in flight, ascending")
    parser.add_argument("--seconds", type=float, default=15, help="that a run is sized for")
    parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="the arena's worker processes")
    parser.add_argument("--quick", action="store_true", help="one short run of each but Inspect: does it work?")
    parser.add_argument("--json", action="store_true", help="for scripts")
    asked = parser.parse_args()
    flights, seconds = ([20], 3) if asked.quick else (asked.flights, asked.seconds)
    levels = []
    with tempfile.TemporaryDirectory() as folder, Served(DELAY) as server:
        ground = Ground(server, Path(folder), seconds, asked.workers, INSPECT.exists() and not asked.quick)
        for flight in flights:
            levels.append(level(ground, flight))
            print(f"{flight} in flight: {brief(levels[-1])}", file=sys.stderr, flush=True)
    if asked.json:
        print(json.dumps(plain(levels), indent=2))
    else:
        tell(levels)


if __name__ == "__main__":
    main()
