"""Plays a schedule with real processes: starts them, strikes, and starts them again until all is done."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from forks import Fork
from lab import Shell, wait_for
from postgres import Postgres
from processes import AGENTS, descendants, living, workers
from schedule import Blow, Schedule
from server import Server
from sqlalchemy import func, select

from arena.store import schema
from arena.store.db import connect

STARTS = 12
"""Starts after which a run must be done."""
CAP = 150.0
"""Seconds after which a process must have ended."""
SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}
ENDS = {0, 3, 4, 130, -signal.SIGKILL}


class Process(Protocol):
    """Popen, or a fork."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int | None: ...


class Scene:
    """One schedule in a folder of its own."""

    def __init__(self, schedule: Schedule, server: Server, shell: Shell) -> None:
        self.schedule, self.server, self.shell = schedule, server, shell
        self.folder = shell.folder
        self.place = str(self.folder / "arena.db")
        """Of the store."""
        self.env = shell.env | {"ARENA_CACHE": str(self.folder / "cache")}
        self.words = ["run", "e.toml", "--json", "--here"]
        self.nodes: Any = None
        self.postgres: Postgres | None = None
        self.blows = list(schedule.blows)
        self.void = 0
        """Blows that never fell, as all was done before."""
        self.lost = 0
        """Replies that may have been lost, as they were on their way when a process was struck."""
        self.flying = 0
        """Calls that were on their way when a process was struck: the ledger may not have had them yet."""
        self.complaints: list[str] = []
        """Standard error of each start."""
        self.below: set[int] = set()
        """Processes that were seen below ours."""
        self._free: Path | None = None
        self._begun = 0
        """Requests before this start."""
        self._restarted = False
        """Whether the database was, since then."""

    def on_ray(self, nodes: Any = None) -> None:
        """Play on a Ray of its own, or on a cluster."""
        self.words.remove("--here")
        self.nodes = nodes
        if nodes:
            self.words += ["--address", nodes.address]
            self.env["RAY_AUTH_MODE"] = "disabled"

    def on_postgres(self, postgres: Postgres) -> None:
        """Keep the results in a database of its own there."""
        self.postgres = postgres
        self.place = postgres.blank(f"schedule_{self.schedule.seed}")
        connect(self.place).dispose()

    def on_disk(self, disk: Path, ballast: Path) -> None:
        """Keep the results on a disk that is full until `ballast` is removed."""
        self.place, self._free = str(disk / "arena.db"), ballast

    def play(self) -> None:
        """Until all is done."""
        limit = self.schedule.limit
        table = self.schedule.table(self.server.url)
        self.shell.write(table | ({"limits": {"max_calls": limit}} if limit else {}))
        self.server.choose, self.server.delay = self.schedule.choose, 0.01
        for _ in range(STARTS):
            codes = self._start()
            if 4 in codes:
                assert limit and sum(self.server.answered.values()) <= limit + self.flying
                self.shell.write(table)
            if 0 in codes:
                self.void = len(self.blows)
                return
        raise AssertionError(f"not done after {STARTS} starts: {self.complaints[-1]}")

    def _start(self) -> list[int | None]:
        """One start, struck as it comes; the exit codes."""
        full = self.blows.pop(0) if self.blows and self.blows[0].what == "full" else None
        count = 2 if "twins" in self.schedule.layout else 1
        env, at = self.env | {"ARENA_DB": self.place}, time.monotonic()
        before, self._begun, self._restarted = self._stderr(), len(self.server.bodies), False
        with self._short(full):
            ours = [self._process(env, full) for _ in range(count)]
            try:
                self._watch(ours)
            finally:
                self.server.hold_after = None
                for one in ours:
                    if one.poll() is None:
                        os.kill(one.pid, signal.SIGKILL)
                if self.nodes:  # a node that was lost may come back only now
                    self.nodes.second = self.nodes.second or self.nodes.add_node(num_cpus=1)
        codes = [one.wait(30) for one in ours]
        print(f"{time.monotonic() - at:.1f} s, {len(self.server.bodies)} requests, ended with {codes}")
        self.complaints.append(self._stderr().removeprefix(before))
        self._ended(codes, full is not None)
        return codes

    def _ended(self, codes: list[int | None], full: bool) -> None:
        """Each process ended as it may, with no lease left where it ended in order."""
        told = self.complaints[-1]
        short = codes.count(2)
        assert set(codes) <= ENDS | {2}, (codes, told)
        if short and not full:  # a driver that finds the database stopping ends before it begins, and at no other time
            assert self._restarted and told.count(" matches\n") == len(codes) - short, (codes, told)
        assert told.count("arena: ") == short + codes.count(4), told  # a limit says so too
        if -signal.SIGKILL not in codes and not full:
            assert self._leases() == 0
        if short and full:
            self.lost += self._width

    def _leases(self) -> int:
        """Matches that a driver has, in the store's own words."""
        engine = connect(self.place, create=False)
        try:
            with engine.connect() as store:
                return store.scalar(select(func.count()).select_from(schema.leases)) or 0
        finally:
            engine.dispose()

    def _process(self, env: dict[str, str], full: Blow | None) -> Process:
        if "--here" in self.words and (self.schedule.seed % 10 or full):
            return Fork(self.words, self.folder, env, full.which * 1024 if full and not self._free else None)
        return self.shell.start(*self.words, **env)

    def _stderr(self) -> str:
        file = self.folder / "stderr.txt"
        return file.read_text() if file.exists() else ""

    @contextlib.contextmanager
    def _short(self, full: Blow | None) -> Iterator[None]:
        """Leave no more on the disk than a blow says."""
        if full and self._free:
            room = os.statvfs(self._free.parent)
            self._free.write_bytes(b"." * max(0, room.f_bavail * room.f_frsize - full.which * 1024))
        yield
        if full and self._free:
            self._free.unlink()

    def _watch(self, ours: list[Process]) -> None:
        """Strike when it is time, until all have ended."""
        until = time.monotonic() + CAP
        while any(one.poll() is None for one in ours):
            assert time.monotonic() < until, f"no end after {CAP} s; waiting {self.server.waiting}"
            blow = self.blows[0] if self.blows else None
            if blow and blow.held and self.server.hold_after is None:
                self.server.hold_after = blow.after
            if blow and self._due(blow):
                self._strike(self.blows.pop(0), ours)
                self.server.hold_after = None
            time.sleep(0.002)

    def _due(self, blow: Blow) -> bool:
        if blow.held:
            return self.server.waiting > 0 and self.server.settled
        at_work = len(self.server.bodies) > self._begun  # before, a signal or a lost database ends any program
        return len(self.server.bodies) >= blow.after and (at_work or blow.what not in {"term", "int", "restart"})

    def _strike(self, blow: Blow, ours: list[Process]) -> None:
        alone = len(ours) == 1 and blow.what in SIGNALS  # the server then sees that all who asked are gone
        kept = blow.held and self._kept() and alone
        if blow.what == "restart":
            assert self.postgres
            self._restarted = True
            self.postgres.restart()
            return
        struck = self._struck(blow, ours)
        if blow.what == "node" or struck:
            flying = min(self._width, self.server.flying())
            self.flying += flying
            self.lost += 0 if kept else flying
        for pid in struck:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, SIGNALS.get(blow.what, signal.SIGKILL))
        self._see_off(struck, ours)
        if blow.what == "node":
            self.nodes.remove_node(self.nodes.second, allow_graceful=False)
            self.nodes.second = None if blow.which else self.nodes.add_node(num_cpus=1)

    def _see_off(self, struck: list[int], ours: list[Process]) -> None:
        """Wait until the server knows that they are gone, so that none of their calls is answered from here on."""
        wait_for(lambda: all(one.poll() is not None for one in ours if one.pid in struck) and not living(struck), 30)
        if all(one.poll() is not None for one in ours):
            wait_for(lambda: self.server.waiting == 0, 30)
        elif struck:
            time.sleep(0.05)

    def _struck(self, blow: Blow, ours: list[Process]) -> list[int]:
        """The processes that a blow hits."""
        if blow.what in SIGNALS:
            self.below |= descendants(ours[0].pid)
            one = ours[blow.which % len(ours)]
            return [one.pid] if one.poll() is None else []
        if blow.what == "worker":
            root = os.getpid() if self.nodes else ours[0].pid
            found = sorted(workers(descendants(root)))
            return found[blow.which % len(found) :][:1] if found else []
        return []

    @property
    def _width(self) -> int:
        """Calls that can be in flight."""
        return min(int(self.schedule.model["concurrency"]), self.schedule.width)

    def _kept(self) -> bool:
        """Whether every reply that was given is in the cache: there is time for that, as no other is given."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self._replies() == len(self.server.answered), 0.5)
            return True
        return False

    def _replies(self) -> int:
        beside = Path(f"{self.place}.replies")
        files = [beside] if beside.exists() else list((self.folder / "cache").glob("replies-*[0-9a-f]"))
        if not files:
            return 0
        with contextlib.closing(sqlite3.connect(files[0], timeout=30)) as cache:
            return int(cache.execute("SELECT count(*) FROM replies").fetchone()[0])

    def left(self) -> list[str]:
        """Processes of ours that still run."""
        here = workers(descendants(os.getpid())) if self.nodes else []
        return living({*here, *self.below}, but=AGENTS)
