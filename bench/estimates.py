"""How long the statistics take: a cluster bootstrap of 10,000 sources, and the comparison of a run of 20,000 rulings.

The run is one of `million.py`: four protocols before two judges in both orders. It is compared in a process that has
compared it before, as the dashboard does, and by `arena compare`, start and imports included. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from growth import command
from million import make
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from arena import bootstrap
from arena.compare import compare
from arena.store import read
from arena.store.db import connect

SOURCES, RESAMPLES, RULINGS = 10_000, 10_000, 20_000
BOOTSTRAP, COMPARISON = 1.0, 2.0
"""Goals, in seconds."""


class Took(NamedTuple):
    """One piece of work."""

    what: str
    seconds: float
    cpu: float
    """Seconds of CPU time: the steadier figure where others use the machine."""
    goal: float | None
    """Seconds; None where there is none."""


def timed(what: str, goal: float, work: Callable[[], object]) -> Took:
    """The second time of two, since the first imports."""
    work()
    began, used = time.perf_counter(), time.process_time()
    work()
    return Took(what, time.perf_counter() - began, time.process_time() - used, goal)


def resample(sources: int, resamples: int) -> Took:
    """The interval of a ratio of two sums over sources."""
    table = np.random.default_rng(0).random((sources, 2))

    def work() -> bootstrap.Interval:
        drawn = bootstrap.sums(table, resamples)
        return bootstrap.interval(drawn[:, 0] / drawn[:, 1], sources)

    return timed(f"bootstrap, {resamples:,} resamples of {sources:,} sources", BOOTSTRAP, work)


def held(engine: Engine, run: str) -> float:
    """Bytes a ruling that a run's rulings hold as they are read."""
    tracemalloc.start()
    rulings = read.records(engine, run)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(rulings)


def measure(sources: int, resamples: int, rulings: int) -> tuple[list[Took], float]:
    """Every time, and bytes a ruling."""
    found = [resample(sources, resamples)]
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "arena.db", 1, rulings)
        engine = connect(str(Path(folder) / "arena.db"), create=False)
        run = read.run_id(engine, None)
        found.append(timed(f"comparison of {rulings:,} rulings", COMPARISON, lambda: compare(engine, run)))
        size = held(engine, run)
        engine.dispose()
        ended = command(Path(folder), "compare", run)
    return [*found, Took("the same by `arena compare`", ended.seconds, ended.cpu, None)], size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few sources, few rulings: does it work?")
    parser.add_argument("--json", action="store_true", help="for scripts")
    asked = parser.parse_args()
    times, size = measure(*((100, 500, 400) if asked.quick else (SOURCES, RESAMPLES, RULINGS)))
    if asked.json:
        print(json.dumps({"times": [one._asdict() for one in times], "bytes": size}, indent=2))
        return
    table = Table("what", "seconds", "goal, s", "CPU, s", title="statistics")
    for one in times:
        goal = "" if one.goal is None else f"{one.goal:.1f}"
        table.add_row(one.what, f"{one.seconds:.2f}", goal, f"{one.cpu:.2f}")
    Console(width=100).print(table)
    print(f"{size:,.0f} bytes a ruling as it is read")


if __name__ == "__main__":
    main()
