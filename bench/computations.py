"""The tables of docs/computations.md: what protocols reach on exact computations, and what is proven of them.

Both presets are played like any experiment, in this process, and the figures are read from the store. The same on every
machine: nothing is drawn but from seeds. Run by `make computations`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections import defaultdict
from math import ceil
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from rich.console import Console
from sqlalchemy import Engine

from arena.chain import Chain
from arena.course import Study
from arena.crew import Here
from arena.experiment import Experiment, load
from arena.match import Match
from arena.metric import Sample
from arena.metrics.accuracy import Accuracy
from arena.protocols.doubly_efficient import DoublyEfficient
from arena.protocols.prover_estimator import ProverEstimator
from arena.protocols.recursive import Recursive
from arena.run import Driver
from arena.store import db, read
from arena.tables import interval
from arena.watch import Live
from judges.bounded import Bounded

ROOT = Path(__file__).parents[1]
DOC = ROOT / "docs" / "computations.md"
HEAD = """
| steps | protocol | accuracy, % | proven, % | checks | prover's steps | turns |
|---:|---|---:|---:|---:|---:|---:|
"""


class Taken(NamedTuple):
    """What a match took, and what is proven of its protocol on its question."""

    checks: int
    steps: int
    turns: int
    bound: float | None


def bound(match: Match, judge: Bounded) -> float | None:
    """The least probability of a right verdict that docs/computations.md derives; None where there is none."""
    chain = Chain.read(match.question.text)
    assert chain is not None
    slip = 1 - judge.surety(1)
    match match.protocol:
        case Recursive(depth=depth, branching=branching) | ProverEstimator(depth=depth, branching=branching):
            leaf = ceil(chain.moves / branching**depth)
            return judge.surety(leaf) or None
        case DoublyEfficient() as debate:
            return debate.proven(chain, judge.checks, judge.error, slip)
    return judge.surety(chain.moves) or None


def play(experiment: Experiment, engine: Engine) -> None:
    """Play what is missing of it in the store."""
    with Live(Console(stderr=True)) as watch:
        crew = Here(experiment.workers.matches, db.replies(engine))
        asyncio.run(Driver(db.Store(engine), Study(experiment), lambda _: crew, watch).run())


def taken(engine: Engine, name: str, judge: Bounded) -> Taken:
    """Read a match from the store."""
    kept = read.kept(engine, name)
    steps = sum(int(found[1]) for turn in kept.turns if (found := re.match(r"(\d+) steps", turn.private)))
    checks = max(int(ruling["reason"].removeprefix("checks ")) for ruling in kept.rulings)
    return Taken(checks, steps, len(kept.turns), bound(kept.match, judge))


def table(engine: Engine, experiment: Experiment, judge: Bounded) -> str:
    """A line for each number of steps and protocol, in the order of the experiment."""
    found = defaultdict(list)
    for record in read.records(engine, experiment.id):
        found[int(record.tags[1]), record.protocol].append(record)
    lines = []
    for (steps, protocol), records in sorted(found.items(), key=lambda one: one[0][0]):
        took = [taken(engine, name, judge) for name in dict.fromkeys(record.match for record in records)]
        proven = "" if took[0].bound is None else f"{100 * max(0.0, took[0].bound):.1f}"
        row = (max(t.checks for t in took), round(mean(t.steps for t in took)), max(t.turns for t in took))
        reached = interval(Accuracy().measure(Sample(records)))
        told = (protocol.partition("(")[0], reached, proven, *(f"{number:,}" for number in row))
        lines.append(f"| {steps:,} | " + " | ".join(told) + " |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> None:
    """Play both presets and put their tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--page", type=Path, default=DOC, help="where the tables go, each after its preset's mark")
    page = parser.parse_args().page
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        engine = db.connect(str(Path(folder) / "arena.db"))
        for name in ("computation_chain", "computation_votes"):
            experiment = load(ROOT / "arena" / "experiments" / f"{name}.toml")
            play(experiment, engine)
            judge = experiment.judges[0]
            assert isinstance(judge, Bounded)
            made = f"<!-- {name} -->\n{table(engine, experiment, judge)}\n<!-- end -->"
            text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _, made=made: made, text, flags=re.DOTALL)
        engine.dispose()
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
