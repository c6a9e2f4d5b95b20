"""Plays on Ray: a local one of its own, or a running cluster. The only module that imports ray.

Few actors, each playing many matches as coroutines. Actors hold nothing worth keeping: when one is lost, its matches
are played on from their last finished round by a new one. Ray itself retries nothing, because a call is paid for.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from arena import work
from arena.cache import Cache
from arena.errors import ConfigError
from arena.match import Failure
from arena.wire import Wire
from arena.work import Event, Job

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray

_LOSSES = 3
"""Workers that a match may lose before it counts as failed for this run."""


class Worker:
    """An actor: one event loop, one wire, many matches."""

    def __init__(self, replies: str) -> None:
        self._replies = Path(replies)
        self._wire: Wire | None = None

    async def play(self, job: Job) -> AsyncGenerator[Event, None]:
        """The events of one match, streamed to the driver."""
        if self._wire is None:
            self._wire = Wire(Cache(self._replies))
            await self._wire.__aenter__()
        self._wire.use()
        async for event in work.play(job):
            yield event


class Cluster:
    """`count` workers of `matches` matches each; `address` None starts a Ray of its own on this machine."""

    def __init__(self, count: int, matches: int, replies: Path, address: str | None = None) -> None:
        self.width = count * matches
        self._count = count
        self._matches = matches
        self._replies = replies
        self._address = address
        Cache(replies).close()  # a file that is no cache is found here, not in a worker
        self._workers: list[Any] = []
        self._busy: list[int] = []

    async def __aenter__(self) -> Self:
        _start(self._address, self._count)
        self._workers = [self._hire() for _ in range(self._count)]
        self._busy = [0] * self._count
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            with contextlib.suppress(Exception):
                ray.kill(worker)
        ray.shutdown()
        Cache(self._replies).close()  # the last to close it folds its log into the one file

    def _hire(self) -> Any:
        actor = ray.remote(Worker).options(
            num_cpus=1, max_restarts=0, max_task_retries=0, max_concurrency=max(2, self._matches)
        )
        return actor.remote(str(self._replies))

    async def play(self, job: Job) -> AsyncGenerator[Event, None]:
        """Play on the least busy worker; where it is lost, on another from what the driver has seen."""
        for _ in range(_LOSSES):
            at = self._busy.index(min(self._busy))
            worker = self._workers[at]
            self._busy[at] += 1
            try:
                async for event in _stream(worker, job):
                    job = _after(job, event)
                    yield event
                return
            except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError):
                if self._workers[at] is worker:
                    self._workers[at] = self._hire()
            finally:
                self._busy[at] -= 1
        message = f"{_LOSSES} workers were lost while they played this match"
        failure = Failure(match=job.match.key, stage="speak", kind="worker lost", message=message, passing=True)
        yield Event(match=job.match.key, failure=failure)


async def _stream(worker: Any, job: Job) -> AsyncGenerator[Event, None]:
    events = worker.play.options(num_returns="streaming").remote(job)
    try:
        async for ref in events:
            yield await ref
    finally:
        with contextlib.suppress(Exception):
            ray.cancel(events)


def _after(job: Job, event: Event) -> Job:
    """The job with what has just come about taken off."""
    done = event.ruling
    asks = tuple(a for a in job.asks if not (done and (a.key, a.order) == (done.judge, done.order)))
    return job.model_copy(update={"turns": job.turns + event.turns, "asks": asks})


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
            raise ConfigError(f"no Ray cluster at {address!r}: {error}") from None
        return
    os.environ.setdefault("RAY_AUTH_MODE", "disabled")  # a private cluster on the loopback interface
    path = os.pathsep.join(dict.fromkeys([str(Path.cwd()), *filter(None, sys.path)]))
    cores = max(count, os.cpu_count() or 1)
    env = {"env_vars": {"PYTHONPATH": path}}
    ray.init(address="local", num_cpus=cores, include_dashboard=False, runtime_env=env, **quiet)
