"""Plays on Ray: a local one of its own, or a running cluster. The only module that imports ray.

Few actors, each playing many matches as coroutines. Actors hold nothing worth keeping: when one is lost, its matches
are played on from what the driver has seen by a new one. Ray itself retries nothing, because a call is paid for. What
happens is fetched many events at a time, and jobs are given many at a time, so that Ray's own cost is that of a few
dozen messages a second, whatever the number of calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from arena.cache import Cache, Kept
from arena.crew import Player, calm
from arena.errors import ConfigError
from arena.governor import Governor, Grant, Report, Terms
from arena.lane import Lease, Traffic
from arena.match import Failure
from arena.parcel import Parcel, Receiver, Sender
from arena.purse import Draft, Money, Purse, Wallet
from arena.wire import Wire
from arena.work import Event, Job, Reply

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
import ray.util.metrics
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

_LOSSES = 3
"""Workers that a match may lose before it counts as failed for this run."""
_PERIOD = 0.025
"""Seconds between two messages of a worker: what happens in between comes together."""
_SPACE = "arena"
"""Ray's namespace of the governors, which the runs of a cluster share."""
_IDLE = 600.0
"""Seconds after which a governor that nobody asks ends."""


class Till:
    """An actor that holds the purse of a run; it ends with its driver."""

    def __init__(self, purse: Purse) -> None:
        self._purse = purse

    async def draw(self, who: str, back: Money, more: bool) -> Draft:
        """A part of what is left."""
        return self._purse.draw(who, back, more)


class Office:
    """An actor that holds the governor of an endpoint, for all runs of a cluster; it ends when nobody asks any more."""

    def __init__(self, terms: Terms) -> None:
        self._governor = Governor(terms)
        self._asked = time.monotonic()
        self._end: asyncio.Task[None] | None = None

    async def lease(self, who: str, report: Report, most: int) -> Grant:
        """What a worker may do."""
        self._end = self._end or asyncio.create_task(self._watch())
        self._asked = time.monotonic()
        return self._governor.lease(who, report, most)

    async def _watch(self) -> None:
        while time.monotonic() < self._asked + _IDLE:
            await asyncio.sleep(_IDLE / 10)
        ray.kill(ray.get_runtime_context().current_actor)


class Sent(NamedTuple):
    """What a worker has to say."""

    events: list[Event]
    traffic: Traffic
    retries: int


class Worker:
    """An actor: one event loop, one wire, many matches."""

    def __init__(self, name: str, replies: str, till: Any) -> None:
        self._name, self._replies, self._till = name, Path(replies), till
        self._jobs = Receiver()
        self._wire: Wire | None = None

    async def _ready(self) -> Player:
        """The player, made in the loop that it lives in by whichever call comes first."""
        if self._wire is None:
            wallet = Wallet(partial(self._till.draw.remote, self._name)) if self._till else None
            self._wire = Wire(Cache(self._replies), self._find, wallet)
            self._player = Player(self._wire)
            await self._wire.__aenter__()
            calm()
        return self._player

    def _find(self, endpoint: str, terms: Terms) -> Lease:
        return Governed(endpoint, terms, self._name).lease

    async def play(self) -> AsyncGenerator[Sent, None]:
        """What happens, streamed to the driver as long as it listens."""
        player = await self._ready()
        assert self._wire is not None
        events: list[Event] = []  # the first message says that it is there
        while True:
            yield Sent(events, self._wire.traffic, self._wire.retries)
            events = await player.fetch()
            await asyncio.sleep(_PERIOD)

    async def give(self, parcel: Parcel) -> None:
        """Begin to play."""
        player = await self._ready()
        player.give(self._jobs.unpack(parcel))

    async def gate(self, is_open: bool) -> None:
        """Let calls begin, or none."""
        await self._ready()
        assert self._wire is not None
        self._wire.gate(is_open)


class Governed:
    """The way to the governor of an endpoint, which any worker founds that finds none."""

    def __init__(self, endpoint: str, terms: Terms, who: str) -> None:
        self._endpoint, self._terms, self._who = endpoint, terms, who
        self._office: Any = None

    async def lease(self, report: Report) -> Grant | None:
        """A lease; None where the governor is lost, for another to be founded by the next."""
        try:
            self._office = self._office or self._found()
            grant: Grant = await self._office.lease.remote(self._who, report, self._terms.most)
        except (ray.exceptions.RayError, ValueError):  # the latter where it is lost just as it is found
            self._office = None
            return None
        return grant

    def _found(self) -> Any:
        named = {"name": f"governor-{self._endpoint}", "namespace": _SPACE, "get_if_exists": True}
        office = ray.remote(Office).options(num_cpus=0, max_restarts=0, lifetime="detached", **named)
        return office.remote(self._terms)


class Gauges:
    """Figures of runs for Prometheus, under `ray_arena_...` with the run as a tag."""

    def __init__(self) -> None:
        self._made: dict[str, ray.util.metrics.Gauge] = {}

    def set(self, run: str, figures: dict[str, Any]) -> None:
        """Every figure that is a number, and the count of each kind of failure."""
        counts = {f"errors_{kind.replace(' ', '_')}": count for kind, count in figures["errors"].items()}
        for name, value in (figures | counts).items():
            if isinstance(value, int | float):
                if name not in self._made:
                    self._made[name] = ray.util.metrics.Gauge(f"arena_{name}", tag_keys=("run",))
                self._made[name].set(float(value), tags={"run": run})


@dataclass(eq=False)
class _Desk:
    """A worker as the driver sees it."""

    worker: Any
    way: Sender = field(default_factory=Sender)
    there: bool = False
    """It has a node and has begun: before, a cluster may have to grow for it."""
    jobs: dict[str, Job] = field(default_factory=dict)
    """What it plays, by the match's key, as far as the driver has seen it happen."""
    questions: Counter[str] = field(default_factory=Counter)
    """Of those jobs."""
    traffic: Traffic = field(default_factory=Traffic)
    retries: int = 0

    def take(self, job: Job) -> None:
        """It is to play this."""
        self.jobs[job.match.key] = job
        self.questions[job.match.question.id] += 1

    def note(self, event: Event) -> None:
        """It has played so far."""
        job = self.jobs.get(event.match)
        if job and event.ended:
            del self.jobs[event.match]
            self.questions[job.match.question.id] -= 1
        elif job:
            self.jobs[event.match] = _after(job, event)


class Cluster:
    """`count` workers of `matches` matches each; `address` None starts a Ray of its own on this machine."""

    def __init__(
        self, count: int, matches: int, replies: Path, purse: Purse | None = None, address: str | None = None
    ) -> None:
        self._count, self._matches, self._replies = count, matches, replies
        self._purse, self._address = purse, address
        Cache(replies).close()  # a file that is no cache is found here, not in a worker
        self._desks: list[_Desk] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._happened: asyncio.Queue[Sequence[Event]] = asyncio.Queue()
        self._waiting: list[Job] = []
        self._losses: dict[str, int] = {}
        self._hired = self._retries = 0
        self._open, self._gauges = True, Gauges()

    async def __aenter__(self) -> Self:
        _start(self._address, self._count)
        calm()
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        till = ray.remote(Till).options(num_cpus=0, max_restarts=0, scheduling_strategy=here)  # lost only with us
        self._till = till.remote(self._purse) if self._purse else None
        for _ in range(self._count):
            self._hire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for desk in self._desks:
            with contextlib.suppress(Exception):
                ray.kill(desk.worker)
        ray.shutdown()
        Cache(self._replies).close()  # the last to close it folds its log into the one file

    @property
    def width(self) -> int:
        """As many as the workers that are there can play."""
        return self._matches * max(1, sum(desk.there for desk in self._desks))

    async def give(self, jobs: Sequence[Job]) -> None:
        """Each to the least busy worker, once one is there; all matches of one question to one, as they share calls."""
        jobs, self._waiting = [*self._waiting, *jobs], []
        if not any(desk.there for desk in self._desks):
            self._waiting = jobs
            return
        given: dict[int, list[Job]] = {}
        for job in jobs:
            self._desks[at := self._place(job)].take(job)
            given.setdefault(at, []).append(job)
        for desk, some in ((self._desks[at], some) for at, some in given.items()):
            self._begin(self._watch(desk.worker.give.remote(desk.way.pack(some))))

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        """What happens, from all workers."""
        while True:
            yield await self._happened.get()

    def rest(self) -> Sequence[Event]:
        """What has come from them and was not given yet."""
        return [event for _ in range(self._happened.qsize()) for event in self._happened.get_nowait()]

    async def gate(self, is_open: bool) -> None:
        """Let calls begin, or none."""
        self._open = is_open
        for desk in self._desks:
            desk.worker.gate.remote(is_open)

    @property
    def traffic(self) -> Traffic:
        """What the workers last said, together."""
        return reduce(Traffic.plus, (desk.traffic for desk in self._desks), Traffic())

    @property
    def retries(self) -> int:
        """Attempts after the first, of lost workers as well."""
        return self._retries + sum(desk.retries for desk in self._desks)

    def report(self, run: str, figures: dict[str, Any]) -> None:
        """To Ray's metrics, which Prometheus collects."""
        self._gauges.set(run, figures)

    def _place(self, job: Job) -> int:
        """Which worker plays it."""
        question = job.match.question.id
        fit = [(not d.there, not d.questions[question], len(d.jobs), i) for i, d in enumerate(self._desks)]
        return min(fit)[-1]

    def _hire(self) -> None:
        self._hired += 1
        actor = ray.remote(Worker).options(num_cpus=1, max_restarts=0, max_task_retries=0, max_concurrency=1000)
        desk = _Desk(
            actor.remote(f"{ray.get_runtime_context().get_job_id()}-{self._hired}", str(self._replies), self._till)
        )
        self._desks.append(desk)
        self._begin(self._listen(desk))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, reply: Any) -> None:
        """A worker that cannot do what it is told (its node lacks a plugin) stops the run; a lost one does not."""
        try:
            await reply
        except ray.exceptions.RayTaskError as error:
            self._happened.put_nowait([Event(match="", stop=f"a worker cannot play: {error.cause}")])
        except ray.exceptions.RayError:
            return

    async def _listen(self, desk: _Desk) -> None:
        """Take in what a worker says until it is lost, and then have another do its work."""
        if not self._open:
            desk.worker.gate.remote(False)
        stream = desk.worker.play.options(num_returns="streaming").remote()
        try:
            async for ref in stream:
                sent: Sent = await ref
                desk.there, desk.traffic, desk.retries = True, sent.traffic, sent.retries
                if self._waiting:
                    await self.give(())
                for event in sent.events:
                    desk.note(event)
                    if event.ended:
                        self._losses.pop(event.match, None)
                self._happened.put_nowait(sent.events)
        except ray.exceptions.RayTaskError as error:
            self._happened.put_nowait([Event(match="", stop=f"a worker cannot play: {error.cause}")])
        except ray.exceptions.RayError:
            await self._replace(desk)

    async def _replace(self, lost: _Desk) -> None:
        self._desks.remove(lost)
        self._retries += lost.retries
        self._hire()
        again = []
        for name, job in lost.jobs.items():
            self._losses[name] = self._losses.get(name, 0) + 1
            if self._losses[name] < _LOSSES:
                again.append(job)
            else:
                self._happened.put_nowait(_given_up(name))
        await self.give(again)


def _given_up(match: str) -> list[Event]:
    why = f"{_LOSSES} workers were lost while they played this match"
    failure = Failure(match=match, stage="speak", kind="worker lost", message=why, passing=True)
    return [Event(match=match, failure=failure), Event(match=match, ended=True)]


def _after(job: Job, event: Event) -> Job:
    """The job with what has just come about taken off, and replies that have not led to anything yet kept in it."""
    done, replies = event.ruling, job.replies
    new = (call for call in event.calls if call.answered and not call.error)
    replies += tuple(Reply(event.seat, call.key, Kept(call.reply, call.paid)) for call in new)
    over = {turn.seat for turn in event.turns} | ({f"judge {done.judge}"} if done else set())
    asks = tuple(
        a for a in job.asks if not (done and (a.key, a.order, a.round) == (done.judge, done.order, done.round))
    )
    left = tuple(reply for reply in replies if reply.seat not in over)
    return job.model_copy(update={"turns": job.turns + event.turns, "asks": asks, "replies": left})


def _knock(address: str) -> None:
    """Raises OSError where nobody listens: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()


def _start(address: str | None, count: int) -> None:
    """Connect, quietly. Raises ConfigError where the address does not answer."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address is not None:
        try:
            _knock(address)
            ray.init(address=address, **quiet)
        except Exception as error:
            versions = re.findall(r"(Ray|Python): (\S+)", str(error)) if "Version mismatch" in str(error) else ()
            if versions:
                there, here = (", ".join(" ".join(pair) for pair in some) for some in (versions[:2], versions[2:]))
                raise ConfigError(f"the cluster at {address} has {there}, this machine {here}: make them one") from None
            raise ConfigError(f"no Ray cluster at {address!r}: {error}") from None
        return
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # a private cluster on the loopback interface
    path = os.pathsep.join(dict.fromkeys([str(Path.cwd()), *filter(None, sys.path)]))
    cores = max(count, os.cpu_count() or 1)
    env = {"env_vars": {"PYTHONPATH": path}}
    ray.init(address="local", num_cpus=cores, include_dashboard=False, runtime_env=env, **quiet)
