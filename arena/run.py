"""The driver: feeds a crew from the lazy stream of matches, saves what happens as it happens, knows when to stop.

Resuming is running again: what is stored is not played a second time. Several drivers may share a run, also on several
hosts: each takes matches by leases in the store, and plays what no other has.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from itertools import chain
from typing import Any, Protocol

from arena.course import Course
from arena.crew import Crew
from arena.errors import ConfigError, StoreError
from arena.experiment import Limits
from arena.journal import Journal
from arena.purse import Money, Purse
from arena.store import read
from arena.store.db import Store
from arena.tally import Tally
from arena.wire import Wire
from arena.work import Event, Job

Hire = Callable[[Purse | None], Crew]
"""Who will play, once there is something to play; the purse is what may be spent on it, None without a limit."""

_BEAT = 1.0
"""Seconds between two heartbeats."""


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    INTERNAL = 1
    CONFIG = 2
    FAILED = 3
    """Some matches or rulings failed; all others are kept."""
    BUDGET = 4
    INTERRUPTED = 130


class Watch(Protocol):
    """Who is told how a run goes."""

    def begin(self, run: str, matches: int) -> None:
        """The run has `matches` matches."""

    def skip(self, matches: int) -> None:
        """So many of them were complete, or failed for good, before."""

    def note(self, job: Job, event: Event) -> None:
        """Something happened and has been saved."""

    def finish(self, job: Job, whole: bool) -> None:
        """A match ended, `whole` or with a failure."""

    def beat(self, figures: dict[str, Any]) -> None:
        """How the run goes, about once a second: what `arena.tally` counts."""


class Driver:
    """One run of a course."""

    def __init__(self, store: Store, course: Course, crew: Hire, watch: Watch) -> None:
        self._store = store
        self._course = course
        self._hire = crew
        self._watch = watch
        self._stop = asyncio.Event()
        self._crew: Crew | None = None
        self._playing: dict[str, Job] = {}
        self._failed: set[str] = set()
        self._saving: asyncio.Task[None] | None = None
        self._open = True
        self._drained = self._short = False

    async def run(self) -> Exit:
        """Play what is missing. Raises ConfigError and StoreError; everything finished before is kept."""
        self._run, matches = self._course.start(self._store)
        self._tally, self._journal = Tally(matches), Journal(self._store.engine, self._run)
        self._watch.begin(self._run, matches)
        halt = asyncio.create_task(self._stop.wait())
        tasks = [asyncio.create_task(self._play()), asyncio.create_task(self._beat())]
        with self._interruptible():
            await asyncio.wait({*tasks, halt}, return_when="FIRST_COMPLETED")
            self._store.hurry()
            for task in (*tasks, halt):
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            self._store.end(self._run)
            self._journal.close()
        for error in ends:
            if isinstance(error, Exception):
                raise error
        return self._exit()

    def _exit(self) -> Exit:
        counts = read.counts(self._store.engine, self._run)
        if self._stop.is_set():
            return Exit.INTERRUPTED
        if self._short:
            return Exit.BUDGET
        return Exit.FAILED if counts.failed else Exit.DONE

    async def _play(self) -> None:
        """Hire a crew once there is something to do, and have it done."""
        jobs = self._course.jobs(self._store, self)
        first: list[Job] = []
        while not first and not self._drained:
            first = await self._pull(jobs, 1)
            await asyncio.sleep(0 if first or self._drained else _BEAT)
        purse = _purse(self._course.limits, read.spent(self._store.engine, self._run))
        self._short = bool(first) and purse is not None and purse.gone
        if not first or self._short:
            return
        await self._check()
        async with self._hire(purse) as crew:
            self._listen()  # again: Ray takes SIGTERM for itself
            self._crew = crew
            await crew.gate(self._open)
            try:
                await self._feed(crew, chain(first, jobs))
            except asyncio.CancelledError:
                await self._close(crew)
                raise

    async def _check(self) -> None:
        """Every model, before anything is paid."""
        async with Wire() as wire:
            await asyncio.gather(*(wire.check(provider) for provider in self._course.providers()))

    async def _feed(self, crew: Crew, jobs: Iterator[Job | None]) -> None:
        """A bounded window over the stream: no job is read before there is room for it."""
        happened = crew.events()
        while True:
            room = crew.width - len(self._playing)
            given = await self._pull(jobs, room) if self._open and not self._short else []
            self._playing |= {job.match.key: job for job in given}
            if given:
                await crew.give(given)
            if self._playing:
                await self._keep(await anext(happened))
            elif self._drained or self._short:
                return
            else:
                await asyncio.sleep(_BEAT)  # what is left is played elsewhere, or the run is paused

    async def _pull(self, jobs: Iterator[Job | None], room: int) -> list[Job]:
        """Up to so many jobs of the stream; in a thread, as it reads the store."""

        def pull() -> list[Job]:
            pulled: list[Job] = []
            while len(pulled) < room and not self._drained:
                job = next(jobs, _END)
                self._drained = job is _END
                if not isinstance(job, Job):
                    break
                pulled.append(job)
            return pulled

        return await asyncio.to_thread(pull) if room > 0 and not self._drained else []

    async def _keep(self, happened: Sequence[Event]) -> None:
        """Save what happened before anyone is told of it; a stop does not take back what is being saved."""
        self._saving = asyncio.create_task(self._save(happened))
        await asyncio.shield(self._saving)

    async def _save(self, happened: Sequence[Event]) -> None:
        for event in await asyncio.to_thread(self._store.save, self._run, happened):
            if event.stop:
                raise ConfigError(event.stop)
            job = self._playing.get(event.match)
            if job is None:
                continue
            self._tally.note(event)
            self._journal.note(event)
            self._short = self._short or event.short
            if event.failure or event.short:
                self._failed.add(event.match)
            if event.ended:
                del self._playing[event.match]
                self._finish(job)
            else:
                self._watch.note(job, event)

    async def _close(self, crew: Crew) -> None:
        """Keep all that has been answered, after what is being saved."""
        with contextlib.suppress(StoreError):  # out of reach: the response cache has it
            if self._saving:
                await self._saving
            await self._save(crew.rest())

    def _finish(self, job: Job) -> None:
        whole = job.match.key not in self._failed
        self._failed.discard(job.match.key)
        self._tally.finish(whole)
        self._watch.finish(job, whole)

    def skip(self, matches: int) -> None:
        """So many matches need not be played."""
        self._tally.before += matches
        self._watch.skip(matches)

    async def _beat(self) -> None:
        """Say how the run goes, and do what it is asked for from elsewhere."""
        while True:
            crew = self._crew
            figures = self._tally.figures(crew.traffic, crew.retries) if crew else self._tally.figures()
            wish = await asyncio.to_thread(self._store.beat, self._run, figures | {"paused": not self._open})
            self._journal.flush()
            self._watch.beat(figures)
            if crew:
                crew.report(self._run, figures)
            if wish == "cancel":
                self._stop.set()
            if self._open != (wish == "run"):
                self._open = wish == "run"
                self._journal.write("resumed" if self._open else "paused")
                if crew:
                    await crew.gate(self._open)
            await asyncio.sleep(_BEAT)

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """The first Ctrl-C stops in order, a second one at once."""
        self._listen()
        try:
            yield
        finally:
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(name)

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self._stop.set()
            loop.remove_signal_handler(signal.SIGINT)

        for name in () if self._stop.is_set() else (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop)


_END = object()


def _purse(limits: Limits, spent: read.Spent) -> Purse | None:
    if limits == Limits():
        return None
    return Purse(limits, Money(spent.calls, spent.tokens, spent.cost or 0.0))
