"""The way of one process to an endpoint: calls begin in turn, as the lease from the endpoint's governor allows."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from arena.governor import Governor, Grant, Report, Terms

Lease = Callable[[Report], Awaitable[Grant | None]]
"""Asks the governor, wherever it sits; None where it could not be reached just now."""

Find = Callable[[str, Terms], Lease]
"""The way to the governor of an endpoint, by the endpoint's name."""

_PERIOD = 0.25
"""Seconds between two renewals while there is something to do."""
_LINGER = 2.0
"""Seconds without a call after which the lease is given back."""


class Traffic(NamedTuple):
    """What a lane is doing."""

    flying: int = 0
    waiting: int = 0
    oldest: float = 0.0
    """Age in seconds of the oldest call in flight; 0 where there is none."""
    places: int = 0
    """Calls in flight that the lease allows."""

    def plus(self, other: Traffic) -> Traffic:
        """Both together."""
        oldest = max(self.oldest, other.oldest)
        return Traffic(self.flying + other.flying, self.waiting + other.waiting, oldest, self.places + other.places)


@dataclass(slots=True, eq=False)
class Pass:
    """A call's permission to begin, and what its end tells the governor."""

    episode: int
    weight: float
    """Tokens that it is thought to take."""
    began: float = field(default_factory=time.monotonic)
    used: float | None = None
    """Set to the tokens that it took, where that is known."""
    refused: bool = False
    """Set where the endpoint refused it as one too many."""
    pause: float = 0.0
    """Set to the seconds for which the endpoint wants no call."""


class Lane:
    """First come, first served. Holds a lease only while there is something to do."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._grant = Grant(0, 0.0, 0.0, 0.0, 0)
        self._room = 0
        self._until = self._resume = -math.inf
        self._starts = self._tokens = 0.0
        self._queue: deque[tuple[asyncio.Future[None], float]] = deque()
        self._busy = 0
        self._flying: set[Pass] = set()
        self._done, self._refused, self._pause = 0, -1, 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()

    @property
    def traffic(self) -> Traffic:
        """What is going on now."""
        began = min((one.began for one in self._flying), default=math.inf)
        age = max(0.0, time.monotonic() - began)
        return Traffic(len(self._flying), len(self._queue), age, self._grant.places)

    @contextlib.asynccontextmanager
    async def enter(self, weight: float = 1.0) -> AsyncIterator[Pass]:
        """Wait for a place, and hold it until the call has ended."""
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())
        if self._queue or not self._free:
            await self._wait(weight)
        else:
            self._begin(weight)
        one = Pass(self._grant.episode, weight)
        self._flying.add(one)
        try:
            yield one
        finally:
            self._flying.discard(one)
            self._end(one)

    def close(self) -> None:
        """Renew the lease no more; it expires."""
        if self._keeper:
            self._keeper.cancel()

    @property
    def _free(self) -> bool:
        now = time.monotonic()
        leased = self._resume <= now < self._until and self._busy < self._room
        return leased and self._starts >= 1 and self._tokens > 0

    def _begin(self, weight: float) -> None:
        self._busy += 1
        self._starts -= 1
        self._tokens -= weight

    async def _wait(self, weight: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((turn, weight))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came together with the cancellation
                self._busy -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        while self._queue and (self._queue[0][0].done() or self._free):
            turn, weight = self._queue.popleft()
            if not turn.done():
                self._begin(weight)
                turn.set_result(None)

    def _end(self, one: Pass) -> None:
        self._busy -= 1
        if one.used is not None:
            self._tokens += one.weight - one.used
        if one.refused:
            self._refused = max(self._refused, one.episode)
            self._pause = max(self._pause, one.pause)
            self._nudge.set()
        else:
            self._done += 1
        self._admit()

    async def _keep(self) -> None:
        """Hold a lease, and another where calls came while it was given back."""
        await self._hold()
        while self._queue:
            await self._hold()

    async def _hold(self) -> None:
        """Renew the lease as long as there are calls, and a little longer, for the next to find it; give it back."""
        last = time.monotonic()
        while time.monotonic() < last + _LINGER:
            await self._renew()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PERIOD):
                    await self._nudge.wait()
            self._nudge.clear()
            self._admit()
            last = time.monotonic() if self._busy or self._queue else last
        self._until = -math.inf
        await self._lease(self._report()._replace(over=True))

    async def _renew(self) -> None:
        self._room = min(self._grant.places, self._busy)  # what the governor counts on until it has answered
        grant = await self._lease(self._report())
        self._room = grant.places if grant else self._grant.places
        if grant is None:
            return
        now = time.monotonic()
        self._grant, self._until = grant, now + grant.lasts
        self._resume = now + grant.pause
        self._starts += grant.starts
        self._tokens += grant.tokens
        self._admit()

    def _report(self) -> Report:
        """What has happened since the last report; what was granted and not used goes back with it."""
        waiting = sum(not turn.done() for turn, _ in self._queue)
        starts, tokens = (left if math.isfinite(left) else 0.0 for left in (self._starts, self._tokens))
        told = Report(self._busy, waiting, self._done, self._refused, self._pause, starts, tokens)
        self._done, self._refused, self._pause = 0, -1, 0.0
        self._starts -= told.starts
        self._tokens -= told.tokens
        return told


def alone() -> Find:
    """Governors of this process alone."""
    governors: dict[str, Governor] = {}

    def find(name: str, terms: Terms) -> Lease:
        governor = governors.setdefault(name, Governor(terms))

        async def lease(report: Report) -> Grant:
            return governor.lease("this process", report, terms.most)

        return lease

    return find
