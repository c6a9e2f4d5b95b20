"""Who plays the matches: this process, or the workers of a cluster; the driver does not care which."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from arena import work
from arena.cache import Cache
from arena.wire import Wire
from arena.work import Event, Job


class Crew(Protocol):
    """Opened with `async with`; then plays jobs, up to `width` of them at a time."""

    width: int

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def play(self, job: Job) -> AsyncGenerator[Event, None]:
        """What happens in the job's match, as it happens."""
        ...


class Here:
    """Plays in this process."""

    def __init__(self, width: int, replies: Path) -> None:
        self.width = width
        self._cache = Cache(replies)
        self._wire = Wire(self._cache)

    async def __aenter__(self) -> Self:
        await self._wire.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wire.__aexit__(kind, error, trace)
        self._cache.close()

    def play(self, job: Job) -> AsyncGenerator[Event, None]:
        """Through the wire of this process."""
        return work.play(job)
