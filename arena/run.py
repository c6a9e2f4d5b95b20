"""The driver: feeds a crew from the lazy stream of matches, saves what happens as it happens, knows when to stop.

The driver is the store's one writer. Resuming is running again: what is stored is not played a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from itertools import chain, islice
from typing import NamedTuple, Protocol

from arena.crew import Crew
from arena.errors import ConfigError
from arena.experiment import Experiment, Limits
from arena.judge import Judge
from arena.match import Match
from arena.plugin import key
from arena.provenance import provenance
from arena.provider import Provider
from arena.store import read
from arena.store.db import Store
from arena.wire import Wire
from arena.work import EVERY, Ask, Event, Job

Hire = Callable[[], Crew]
"""Who will play, once there is something to play."""

_BATCH = 64


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


class Size(NamedTuple):
    """What an experiment comes to."""

    questions: int
    matches: int
    rulings: int
    data: str
    """Content hash of the questions in their order."""


def size(experiment: Experiment) -> Size:
    """Count the matches and rulings; reads every question, and so finds every broken row before anything is paid."""
    keys: list[str] = []
    misfits: dict[str, str] = {}
    matches = rulings = 0
    for task, question in experiment.questions():
        keys.append(key(question))
        for match in experiment.about(question):
            name, why = match.protocol.name, match.protocol.fits(match.case())
            if why:
                misfits.setdefault(name, f"{name} cannot be played on question {question.id!r} of {task.name}: {why}")
            matches += 1
            rulings += len(match.orders) * len(experiment.judges)
    if misfits:
        raise ConfigError("\n".join(misfits.values()))
    if not keys:
        raise ConfigError("the tasks have no questions")
    return Size(len(keys), matches, rulings, key(keys))


class Spend:
    """What the run has paid so far, against its limits."""

    def __init__(self, limits: Limits, before: read.Spent) -> None:
        self._limits = limits
        self._cost, self._tokens, self._calls = before.cost or 0.0, before.tokens, before.calls

    def add(self, event: Event) -> None:
        """Count the calls that were paid for."""
        for call in event.calls:
            if call.answered and not call.cached:
                self._cost += call.cost or 0.0
                self._tokens += (call.prompt_tokens or 0) + (call.completion_tokens or 0)
                self._calls += 1

    @property
    def reached(self) -> bool:
        """Whether one of the limits has been reached."""
        limits = self._limits
        pairs = ((limits.max_cost, self._cost), (limits.max_tokens, self._tokens), (limits.max_calls, self._calls))
        return any(limit is not None and spent >= limit for limit, spent in pairs)


class Course(Protocol):
    """What a driver plays: a stream of jobs, and the run that they belong to."""

    @property
    def limits(self) -> Limits:
        """When to stop paying."""
        ...

    def providers(self) -> list[Provider]:
        """Every model that may be called."""
        ...

    def start(self, store: Store) -> tuple[str, int]:
        """Note the run, or find it again: its id and how many matches it has. Raises ConfigError."""
        ...

    def jobs(self, store: Store, watch: Watch) -> Iterator[Job]:
        """What is left to do, in order; tells the watch of what is not."""
        ...


class Study:
    """The course of an experiment: all its matches, before all its judges."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self.limits = experiment.limits
        self.providers = experiment.providers

    def start(self, store: Store) -> tuple[str, int]:
        """Reads every question, so that what cannot be played is found before anything is paid."""
        whole = size(self._experiment)
        told = provenance(self._experiment, whole.data)
        return store.start(self._experiment, (whole.matches, whole.rulings), told), whole.matches

    def jobs(self, store: Store, watch: Watch) -> Iterator[Job]:
        """Notes the matches in the store batch by batch."""
        stream = ((i, task, match) for i, (task, match) in enumerate(self._experiment.matches()))
        while batch := list(islice(stream, _BATCH)):
            store.add(self._experiment.id, batch)
            known = read.progress(store.engine, [match.key for _, _, match in batch])
            left = [job for _, _, match in batch if (job := self._job(match, known[match.key]))]
            watch.skip(len(batch) - len(left))
            yield from left

    def _job(self, match: Match, known: read.Progress) -> Job | None:
        asks = missing(match, known, self._experiment.judges, self._experiment.beliefs)
        return Job(match=match, turns=known.turns, asks=asks) if asks and not known.lost else None


def missing(match: Match, known: read.Progress, judges: Sequence[Judge], beliefs: bool) -> tuple[Ask, ...]:
    """The rulings on a match, and the beliefs if they are wanted, that are not there and have not failed for good."""
    after = (match.rounds(known.turns) if known.over else (EVERY,)) if beliefs else ()
    pairs = [(judge, order) for judge in judges for order in match.orders]
    asks = [Ask(judge=judge, order=order, round=number) for number in (*after, 0) for judge, order in pairs]
    return tuple(ask for ask in asks if (ask.key, ask.order, ask.round) not in known.ruled | known.refused)


class Driver:
    """One run of a course."""

    def __init__(self, store: Store, course: Course, crew: Hire, watch: Watch) -> None:
        self._store = store
        self._course = course
        self._crew = crew
        self._watch = watch
        self._stop = asyncio.Event()
        self._fault: Exception | None = None
        self._short = False

    async def run(self) -> Exit:
        """Play what is missing. Raises ConfigError and StoreError; everything finished before is kept."""
        self._run, matches = self._course.start(self._store)
        self._spend = Spend(self._course.limits, read.spent(self._store.engine, self._run))
        self._watch.begin(self._run, matches)
        jobs = self._course.jobs(self._store, self._watch)
        first = next(jobs, None)
        if first is not None:
            await self._check()
            with self._interruptible():
                async with self._crew() as crew:
                    self._listen()  # again: Ray takes SIGTERM for itself
                    await self._feed(crew, chain([first], jobs))
        if self._fault:
            raise self._fault
        return self._exit()

    def _exit(self) -> Exit:
        counts = read.counts(self._store.engine, self._run)
        if self._stop.is_set():
            return Exit.INTERRUPTED
        if self._short:
            return Exit.BUDGET
        return Exit.FAILED if counts.failed else Exit.DONE

    async def _check(self) -> None:
        """Every model, before anything is paid."""
        async with Wire() as wire:
            await asyncio.gather(*(wire.check(provider) for provider in self._course.providers()))

    async def _feed(self, crew: Crew, jobs: Iterator[Job]) -> None:
        """A bounded window over the stream: no job is read before there is room for it."""
        tasks: set[asyncio.Task[None]] = set()
        halt = asyncio.create_task(self._stop.wait())
        for job in jobs:
            while len(tasks) >= crew.width and not self._halted:
                await asyncio.wait({*tasks, halt}, return_when="FIRST_COMPLETED")
            self._short = self._spend.reached
            if self._halted or self._short:
                break
            task = asyncio.create_task(self._follow(crew, job))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        while tasks and not self._halted:
            await asyncio.wait({*tasks, halt}, return_when="FIRST_COMPLETED")
        for left in (*tasks, halt):
            left.cancel()
        await asyncio.gather(*tasks, halt, return_exceptions=True)

    @property
    def _halted(self) -> bool:
        return self._stop.is_set() or self._fault is not None

    async def _follow(self, crew: Crew, job: Job) -> None:
        """Save each event of a match before anyone is told of it."""
        whole = True
        try:
            async with contextlib.aclosing(crew.play(job)) as events:
                async for happened in events:
                    event = self._store.save(self._run, happened)
                    self._spend.add(event)
                    whole = whole and not event.failure
                    if event.stop:
                        self._fault = ConfigError(event.stop)
                    self._watch.note(job, event)
        except Exception as error:
            self._fault = self._fault or error
            return
        self._watch.finish(job, whole)

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
