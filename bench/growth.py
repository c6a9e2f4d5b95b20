"""Does a match cost the same in a long run as in a short one? Time per match and memory at 1,000, 10,000, 100,000.

Scripted debates before a scripted judge, so that no model is waited for: what is left is the arena itself. Each size is
played by `arena run --here` on a store of its own; the time of a run of a few matches is taken off, so that what a
command takes to start does not count. Run by `make bench`, which stops at 10,000, and by `make bench-all`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

ARENA = Path(sys.executable).with_name("arena")
SIZES = 1_000, 10_000, 100_000
FEW = 10
"""Matches of the run that stands for the start of a command."""
WITHIN = 0.2
"""Goal: a match of a longer run takes as long as one of the shortest, give or take this part."""
EXPERIMENT = """
name = "growth"
[[tasks]]
use = "passages"
questions = {matches}
people = 2
facts = 2
[[protocols]]
use = "debate"
rounds = 2
[[agents]]
debater = {{use = "scripted", lines = ["It is $mine, as <quote>the boat</quote> shows.", "Round $round: $mine."]}}
[[judges]]
use = "scripted"
rule = "passage"
"""


class Ended(NamedTuple):
    """What a command took."""

    seconds: float
    cpu: float
    """Seconds."""
    mib: float
    """The most memory that it held."""


class Grown(NamedTuple):
    """A run of one size."""

    matches: int
    seconds: float
    each: float
    """Milliseconds a match, without the start of the command."""
    cpu: float
    """Milliseconds of CPU time a match, likewise: the steadier figure where others use the machine."""
    mib: float
    compare: float
    """Seconds of `arena compare` on the finished run."""
    compare_mib: float
    store: float
    """MiB on the disk."""


def command(folder: Path, *words: str) -> Ended:
    """Run the arena to its end; every half minute say how far it has come. Raises CalledProcessError."""
    started = told = time.monotonic()
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen([ARENA, *words, "--json", "--db", "arena.db"], cwd=folder, stdout=out, stderr=err)
    while not (found := os.wait4(process.pid, os.WNOHANG))[0]:
        time.sleep(0.02)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            print(f"  {told - started:.0f} s {done(folder / 'stderr')}", file=sys.stderr, flush=True)
    process.returncode = os.waitstatus_to_exitcode(found[1])
    if process.returncode:
        print((folder / "stderr").read_text()[-2000:], file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, words)
    used = found[2]
    return Ended(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def done(file: Path) -> str:
    """What the arena last said of a match that is done."""
    with file.open("rb") as lines:
        lines.seek(max(0, file.stat().st_size - 20_000))
        said = lines.read().decode(errors="replace").splitlines()
    return next((line for line in reversed(said) if " done " in line), "")


def play(matches: int, start: Ended) -> Grown:
    """A run of so many matches, in a folder of its own; what `start` took of it is no match's."""
    print(f"{matches:,} matches", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = played(matches, folder)
        compare = command(folder, "compare", "growth")
        store = sum(file.stat().st_size for file in folder.glob("arena.db*")) / 2**20
    each, cpu = (1000 * spent / matches for spent in (run.seconds - start.seconds, run.cpu - start.cpu))
    return Grown(matches, run.seconds, each, cpu, run.mib, compare.seconds, compare.mib, store)


def played(matches: int, folder: Path) -> Ended:
    """`arena run`, to a whole end."""
    (folder / "growth.toml").write_text(EXPERIMENT.format(matches=matches))
    ended = command(folder, "run", "growth.toml", "--here")
    counts = json.loads((folder / "stdout").read_text())
    assert counts["over"] == matches and counts["ruled"] == 2 * matches, counts  # each in both orders
    return ended


def table(grown: Sequence[Grown]) -> Table:
    """A line for each size."""
    heads = (
        "matches",
        "seconds",
        "ms a match",
        "of the shortest",
        "CPU, ms a match",
        "peak MiB",
        "compare, s",
        "its MiB",
        "store, MiB",
    )
    made = Table(*heads, title=f"scripted matches, in one process (goal: within {WITHIN:.0%} of the shortest run's)")
    for one in grown:
        part, cpu = one.each / grown[0].each, one.cpu / grown[0].cpu
        figures = (
            f"{one.seconds:.1f}",
            f"{one.each:.2f}",
            f"{part:.0%}",
            f"{one.cpu:.2f} ({cpu:.0%})",
            f"{one.mib:.0f}",
        )
        made.add_row(f"{one.matches:,}", *figures, f"{one.compare:.1f}", f"{one.compare_mib:.0f}", f"{one.store:.0f}")
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="matches of the longest run")
    parser.add_argument("--quick", action="store_true", help="100 and 200 matches: does it work?")
    parser.add_argument("--json", action="store_true", help="for scripts")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = played(FEW, Path(folder))
    sizes = (100, 200) if asked.quick else [size for size in SIZES if size <= asked.most]
    grown = [play(size, start) for size in sizes]
    if asked.json:
        print(json.dumps([one._asdict() for one in grown], indent=2))
    else:
        Console(width=120).print(table(grown))


if __name__ == "__main__":
    main()
