"""Do more nodes do more? Calls a second of 1, 2 and 4 Ray nodes of one worker each, over that many times one node's.

The nodes are Ray's own cluster for tests: processes of this machine, which share its cores. So that cores are not what
is measured, the server takes half a second for a call and a worker has few matches in play; what is left is what the
driver and Ray can hand out and take in. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from meter import Taken, measure
from rich.console import Console
from rich.table import Table
from server import MODEL, Served
from throughput import ARENA, CALLS, EXPERIMENT

DELAY = 0.5
MATCHES = 16
"""In play on a node; each has 1.25 calls in flight."""
NODES = 1, 2, 4
GOAL = 0.9


class Spread(NamedTuple):
    """A run on so many nodes."""

    nodes: int
    taken: Taken


@contextmanager
def cluster(nodes: int) -> Iterator[str]:
    """The address of a cluster of so many nodes, with one core each."""
    from ray.cluster_utils import Cluster

    made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        for _ in range(nodes - 1):
            made.add_node(num_cpus=1)
        made.wait_for_nodes()
        yield made.address
    finally:
        made.shutdown()


def play(nodes: int, seconds: float, server: Served) -> Spread:
    """A run on a fresh cluster and a fresh store, sized for so many seconds."""
    matches = seconds * nodes * MATCHES * 1.25 / DELAY / CALLS
    sizes = {"questions": ceil(matches / 2), "workers": nodes, "matches": MATCHES}  # both orders
    text = EXPERIMENT.format(url=server.url, model=MODEL, flight=2 * nodes * MATCHES, **sizes)
    with tempfile.TemporaryDirectory() as folder, cluster(nodes) as address:
        os.environ["ARENA_CACHE"] = folder
        (Path(folder) / "nodes.toml").write_text(text)
        command: list[str | Path] = [ARENA, "run", "nodes.toml", "--address", address, "--json", "--db", "arena.db"]
        return Spread(nodes, measure(command, Path(folder), server))


def table(runs: Sequence[Spread]) -> Table:
    """A line for each number of nodes."""
    made = Table("nodes", "limit", "calls a second", "over one node's x nodes", "most in flight", "in all, s")
    one = runs[0]
    for run in runs:
        part = run.taken.steady / one.taken.steady / run.nodes * one.nodes
        limit = run.nodes * MATCHES * 1.25 / DELAY
        figures = (f"{run.taken.steady:.0f}", f"{part:.2f} ({GOAL})", str(run.taken.peak), f"{run.taken.seconds:.1f}")
        made.add_row(str(run.nodes), f"{limit:.0f}", *figures)
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--seconds", type=float, default=15, help="that a run is sized for")
    parser.add_argument("--json", action="store_true", help="for scripts")
    asked = parser.parse_args()
    os.environ["RAY_AUTH_MODE"] = "disabled"  # a private cluster on the loopback interface
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    runs = []
    with Served(DELAY) as server:
        for nodes in asked.nodes:
            runs.append(play(nodes, asked.seconds, server))
            print(f"{nodes} nodes: done", file=sys.stderr, flush=True)
    if asked.json:
        print(json.dumps([{"nodes": run.nodes, **run.taken._asdict()} for run in runs], indent=2))
    else:
        Console(width=120).print(table(runs))


if __name__ == "__main__":
    main()
