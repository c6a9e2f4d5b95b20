"""What a run may still spend: a purse for all its workers, and a wallet in each that calls are paid from.

The purse is plain state, as a governor is. A wallet draws a part of what is left about once a second, so that no call
asks anybody, and a limit is passed by no more than the calls that were in flight when it was reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from arena.errors import LimitError
from arena.experiment import Limits

_PERIOD = 1.0
"""Seconds after which a wallet draws anew, or gives back what it does not need."""
_RETRY = 0.1
"""Seconds after which a wallet that got nothing asks again, as others may have brought something back."""
_LASTS = 15.0
"""Seconds after which a wallet that was not heard of is lost."""


class Money(NamedTuple):
    """An amount; infinite where there is no limit."""

    calls: float = 0.0
    tokens: float = 0.0
    cost: float = 0.0
    """US dollars."""

    def plus(self, other: Money) -> Money:
        """The sum; what has no limit stays without one."""
        return Money(*(a if math.isinf(a) else a + b for a, b in zip(self, other, strict=True)))

    def less(self, other: Money) -> Money:
        """The difference, likewise."""
        return Money(*(a if math.isinf(a) else a - b for a, b in zip(self, other, strict=True)))

    @property
    def gone(self) -> bool:
        """Whether any part of it is used up."""
        return min(self) <= 0


def reached(limits: Limits, spent: Money) -> str:
    """Which limits a run has come to, and how to go on; calls that were in flight may have passed one."""
    named = {
        "max_calls": f"{spent.calls:,.0f} calls",
        "max_tokens": f"{spent.tokens:,.0f} tokens",
        "max_cost": f"${spent.cost:.4f}",
    }
    set_ = {name: limit for name in named if (limit := getattr(limits, name)) is not None}
    full = [name for name, amount in zip(named, spent, strict=True) if name in set_ and amount >= set_[name]]
    told = ", ".join(f"{name} = {set_[name]:g} ({named[name]} are paid)" for name in full or set_)
    return f"limit reached: {told}; all is kept: raise the limit and give the same command again to go on"


class Draft(NamedTuple):
    """What a wallet gets."""

    money: Money
    over: bool = False
    """A limit has been reached: nothing more will come."""


class Purse:
    """The limits of a run less what it has spent. What a lost wallet had drawn counts as spent."""

    def __init__(self, limits: Limits, spent: Money, clock: Callable[[], float] = time.monotonic) -> None:
        most = (limits.max_calls, limits.max_tokens, limits.max_cost)
        self._left = Money(*(math.inf if limit is None else float(limit) for limit in most)).less(spent)
        self._clock = clock
        self._out: dict[str, float] = {}
        """Wallet that holds something -> when it is given up as lost."""

    @property
    def gone(self) -> bool:
        """Whether a limit has been reached."""
        return self._left.gone

    def draw(self, who: str, back: Money, more: bool) -> Draft:
        """Take back what a wallet has left, negative where it took more than it had; and give it a part anew."""
        now = self._clock()
        self._out = {name: until for name, until in self._out.items() if until > now and name != who}
        self._left = self._left.plus(back)
        if self._left.gone or not more:
            return Draft(Money(), over=self._left.gone and not self._out)
        share = 2 * (len(self._out) + 1)
        part = Money(*(left if math.isinf(left) else left / share for left in self._left))
        part = part._replace(calls=float(math.ceil(part.calls)) if math.isfinite(part.calls) else math.inf)
        self._left = self._left.less(part)
        self._out[who] = now + _LASTS
        return Draft(part)


class Wallet:
    """What one process holds of a purse. Calls are paid at their beginning, tokens and dollars at their end."""

    def __init__(self, draw: Callable[[Money, bool], Awaitable[Draft]]) -> None:
        self._draw = draw
        self._money = Money()
        self._users = 0
        self._drawing = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def enter(self) -> AsyncIterator[list[Money]]:
        """Pay for a call; what is appended is what it took besides. Raises LimitError once a limit is reached."""
        self._users += 1
        took: list[Money] = []
        try:
            while self._money.gone:
                await self._fill()
            self._money = self._money.less(Money(calls=1.0))
            yield took
        finally:
            self._users -= 1
            for money in took:
                self._money = self._money.less(money)

    def close(self) -> None:
        """Draw no more."""
        if self._keeper:
            self._keeper.cancel()

    async def _fill(self) -> None:
        async with self._drawing:
            if not self._money.gone:
                return
            if await self._swap(more=True):
                raise LimitError("a limit of the run has been reached")
            if self._money.gone:
                await asyncio.sleep(_RETRY)
            elif self._keeper is None:
                self._keeper = asyncio.create_task(self._keep())

    async def _swap(self, more: bool) -> bool:
        """Give back what is left and draw anew; whether the limit has been reached."""
        back, self._money = self._money, Money()
        draft = await self._draw(back, more)
        self._money = self._money.plus(draft.money)
        return draft.over

    async def _keep(self) -> None:
        """Show that the wallet is not lost, and give back what nobody here needs."""
        while self._keeper:
            await asyncio.sleep(_PERIOD)
            async with self._drawing:
                needed = self._users > 0
                await self._swap(more=needed)
                self._keeper = self._keeper if needed else None
