"""Who plays the matches: this process, or the workers of a cluster; the driver does not care which."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from arena import work
from arena.cache import Cache
from arena.lane import Traffic
from arena.purse import Draft, Money, Purse, Wallet
from arena.wire import Wire
from arena.work import Event, Job


class Crew(Protocol):
    """Opened with `async with`; then plays what it is given, up to `width` jobs at a time."""

    @property
    def width(self) -> int:
        """How many jobs there is room for; grows as workers come up."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def give(self, jobs: Sequence[Job]) -> None:
        """Begin to play."""
        ...

    def events(self) -> AsyncGenerator[Sequence[Event], None]:
        """What happens, in the order of each match, several events at a time; the last of each job says `ended`."""
        ...

    def rest(self) -> Sequence[Event]:
        """What has happened and was not given by `events` yet; waits for nothing."""
        ...

    async def gate(self, is_open: bool) -> None:
        """Let calls begin, or none; those in flight come to their end."""
        ...

    @property
    def traffic(self) -> Traffic:
        """What is going on, as far as it is known here."""
        ...

    @property
    def retries(self) -> int:
        """Attempts after the first, likewise."""
        ...

    def report(self, run: str, figures: dict[str, Any]) -> None:
        """Pass on how the run goes to whoever collects such figures where it is played."""


class Player:
    """Plays jobs as coroutines of one event loop; what happens waits until it is fetched."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._happened: list[Event] = []
        self._some = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def give(self, jobs: Sequence[Job]) -> None:
        """Begin to play."""
        for job in jobs:
            self._wire.remember((reply.key, reply.kept) for reply in job.replies)
            task = asyncio.create_task(self._play(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _play(self, job: Job) -> None:
        self._wire.use()
        await work.play(job, self._tell)

    def _tell(self, event: Event) -> None:
        self._happened.append(event)
        self._some.set()

    async def fetch(self) -> list[Event]:
        """All that has happened since; waits for something to happen."""
        await self._some.wait()
        return self.rest()

    def rest(self) -> list[Event]:
        """All that has happened since, if anything has."""
        self._some.clear()
        happened, self._happened = self._happened, []
        return happened

    async def close(self) -> None:
        """Leave every match where it is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Here:
    """Plays in this process."""

    def __init__(self, width: int, replies: Path, purse: Purse | None = None) -> None:
        self._width = width
        self._cache = Cache(replies)
        self._wire = Wire(self._cache, wallet=Wallet(_drawing(purse)) if purse else None)
        self._player = Player(self._wire)

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._player.close()
        await self._wire.__aexit__(kind, error, trace)
        self._cache.close()

    @property
    def width(self) -> int:
        """As it was set."""
        return self._width

    async def give(self, jobs: Sequence[Job]) -> None:
        """Begin to play."""
        self._player.give(jobs)

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        """What happens."""
        while True:
            yield await self._player.fetch()

    def rest(self) -> Sequence[Event]:
        """What has happened and was not given yet."""
        return self._player.rest()

    async def gate(self, is_open: bool) -> None:
        """Let calls begin, or none."""
        self._wire.gate(is_open)

    @property
    def traffic(self) -> Traffic:
        """What is going on."""
        return self._wire.traffic

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return self._wire.retries

    def report(self, run: str, figures: dict[str, Any]) -> None:
        """Nobody collects figures here."""


def calm() -> None:
    """Look for cyclic garbage less often: matches make many objects that live for seconds, and hardly a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _drawing(purse: Purse) -> Callable[[Money, bool], Awaitable[Draft]]:
    async def draw(back: Money, more: bool) -> Draft:
        return purse.draw("this process", back, more)

    return draw
