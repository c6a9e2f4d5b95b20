"""What a command takes: calls a second as the server saw them, CPU time and memory of its whole family of processes.

A family is a process and all that descends from it, read from Linux's /proc while the command runs; whoever was once
seen in it stays, though its parent may end. What a process takes after it was last seen is lost: a fifth of a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from server import Seen, Served

_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE = 0.2
_EVERY = 5
"""Memory is read with one sample of so many: the kernel walks all pages of a process for it."""
_STEADY = 0.2, 0.8
"""The steady middle of a run, by time."""


class Process(NamedTuple):
    """One of the processes of this machine."""

    pid: int
    parent: int
    born: str
    """Tells processes apart that had the same number one after the other."""
    cpu: float
    """Seconds, its own and the kernel's for it."""


class Sample(NamedTuple):
    """A family at one time."""

    time: float
    """Of the monotonic clock, in seconds."""
    cpu: Mapping[str, float]
    """Seconds since the processes began, by role; those of ended processes stay."""
    memory: Mapping[str, int]
    """KiB by role: proportional set size, in which a page that several processes share is divided among them."""


class Taken(NamedTuple):
    """What a command took."""

    calls: int
    steady: float
    """Calls a second in the steady middle."""
    whole: float
    """Calls a second from the first call to the last."""
    peak: int
    """Most calls in flight at a time."""
    before: float
    """Seconds from the command's start to the first call."""
    seconds: float
    """Of the whole command."""
    cpu: dict[str, float]
    """Milliseconds a call in the steady middle, by role."""
    command: float
    """Milliseconds a call of the whole command, with its start and its end."""
    memory: int
    """KiB of the driver and the workers in the steady middle: the most that was seen."""
    server: float
    """Milliseconds a call that the server took."""


class Meter:
    """`with Meter(pid) as meter:` samples the family of a process until it is left."""

    def __init__(self, root: int) -> None:
        self.samples: list[Sample] = []
        self._root = root
        self._roles: dict[tuple[int, str], str] = {}
        self._spent: dict[tuple[int, str], float] = {}
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._left.wait(_PAUSE):
            self._look()

    def _look(self) -> None:
        now, memory = time.monotonic(), Counter[str]()
        for one in _family(self._root, self._roles):
            name = one.pid, one.born
            self._roles[name] = _role(one.pid, self._root) or self._roles.get(name, "other")
            self._spent[name] = one.cpu
            if len(self.samples) % _EVERY == 0 and self._roles[name] != "other":
                memory[self._roles[name]] += _memory(one.pid)
        cpu = defaultdict[str, float](float)
        for name, seconds in self._spent.items():
            cpu[self._roles[name]] += seconds
        self.samples.append(Sample(now, cpu, memory))


def measure(command: Sequence[str | Path], folder: Path, server: Served) -> Taken:
    """Run a command that calls the server, to its end; what it prints goes into the folder.

    Raises CalledProcessError where it fails.
    """
    server.reset()
    started = time.monotonic()
    with (folder / "stdout").open("w") as out, (folder / "stderr").open("w") as err:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        with Meter(process.pid) as meter:
            code = process.wait()
    if code:
        print((folder / "stderr").read_text()[-2000:], file=sys.stderr)
        raise subprocess.CalledProcessError(code, command)
    return taken(server.stats(), meter.samples, (started, time.monotonic()))


def taken(seen: Seen, samples: Sequence[Sample], span: tuple[float, float]) -> Taken:
    """Put together what the server saw and what was sampled meanwhile; the middle begins and ends with a sample."""
    calls, first, last = len(seen.ended), seen.began, seen.ended[-1]
    times = [sample.time for sample in samples]
    begin, end = (bisect(times, first + part * (last - first)) for part in _STEADY)
    begin = min(begin, len(samples) - 2)
    middle = samples[begin : max(end, begin + 1) + 1]
    within = [bisect(seen.ended, sample.time) for sample in (middle[0], middle[-1])]
    count, seconds = max(1, within[1] - within[0]), middle[-1].time - middle[0].time
    cpu = {role: 1000 * (spent - middle[0].cpu.get(role, 0)) / count for role, spent in middle[-1].cpu.items()}
    return Taken(
        calls=calls,
        steady=count / seconds,
        whole=calls / (last - first),
        peak=seen.peak,
        before=first - span[0],
        seconds=span[1] - span[0],
        cpu=cpu,
        command=1000 * sum(samples[-1].cpu.values()) / calls,
        memory=max(sum(sample.memory.values()) for sample in middle),
        server=1000 * seen.cpu / calls,
    )


def _processes() -> Iterator[Process]:
    """All of this machine."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        yield Process(int(folder.name), int(fields[1]), fields[19], (int(fields[11]) + int(fields[12])) / _TICKS)


def _family(root: int, known: Container[tuple[int, str]]) -> list[Process]:
    """The root, those of the known that still run, and what descends from them."""
    running = list(_processes())
    below = defaultdict(list)
    for one in running:
        below[one.parent].append(one)
    found: dict[int, Process] = {}
    todo = [one for one in running if one.pid == root or (one.pid, one.born) in known]
    while todo:
        one = todo.pop()
        if one.pid not in found:
            found[one.pid] = one
            todo += below[one.pid]
    return list(found.values())


def _role(pid: int, root: int) -> str:
    """`driver`, `workers` (Ray's actors) or `other` (its daemons, spare processes); empty for one that has ended."""
    if pid == root:
        return "driver"
    try:
        title = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
    spare = not title.startswith("ray::") or title.startswith("ray::IDLE") or "Agent" in title.partition(" ")[0]
    return "" if not title else "other" if spare else "workers"


def _memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
