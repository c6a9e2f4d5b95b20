"""How fast an endpoint may be asked: finds its limits and shares them among worker processes by leases.

One governor stands for one endpoint and account. It is plain state: it opens no connection and sleeps nowhere, so it
sits in this process or in a Ray actor alike. A worker's lane (`arena.lane`) renews its lease a few times a second,
whatever the number of calls; what a worker that is lost had leased comes back when the lease has expired.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

LASTS = 10.0
"""Seconds that a lease holds when it is not renewed."""
_START = 8.0
"""Calls in flight to begin with."""
_BURST = 1.0
"""Seconds of a rate that may be used at once."""


class Terms(NamedTuple):
    """What is known of an endpoint beforehand."""

    most: int
    """Calls in flight, at most, from all workers together."""
    requests: float | None = None
    """A minute; None: no limit is known."""
    tokens: float | None = None
    """A minute, read and written."""


class Report(NamedTuple):
    """What a worker says of itself since it last did."""

    flying: int = 0
    """Calls in flight now."""
    waiting: int = 0
    """Calls that wait to begin."""
    done: int = 0
    """Calls that ended, but for those that were refused as too many."""
    refused: int = -1
    """The latest episode in which a call began that was refused as one too many; -1: none was."""
    pause: float = 0.0
    """Seconds from now in which the endpoint wants no calls (Retry-After)."""
    starts: float = 0.0
    """Of the starts that it was granted, those that it has not used."""
    tokens: float = 0.0
    """Of the tokens, likewise; negative where calls took more than was thought."""
    over: bool = False
    """It needs no lease any more."""


class Grant(NamedTuple):
    """What a worker may do until it asks again."""

    places: int
    """Calls in flight."""
    starts: float
    """Calls begun."""
    tokens: float
    """Tokens used: a call may begin while any are left."""
    pause: float
    """Seconds in which no call begins."""
    episode: int
    """Counts the cuts: a call that began in an earlier episode says nothing about the limit that there is now."""
    lasts: float = LASTS


@dataclass(slots=True)
class _Lease:
    demand: int = 0
    flying: int = 0
    places: int = 0
    until: float = 0.0
    most: int = 1
    passed_over: int = 0
    """Renewals in a row that gave no place."""


@dataclass(slots=True)
class _Bucket:
    """A token bucket; may be in debt."""

    rate: float
    """A second."""
    level: float
    at: float

    def refill(self, now: float, back: float) -> float:
        """The level with what came in since and what was not used."""
        full = max(1.0, self.rate * _BURST)
        self.level = min(full, self.level + self.rate * (now - self.at) + back)
        self.at = now
        return self.level

    def take(self, wanted: float) -> float:
        taken = max(0.0, min(wanted, self.level))
        self.level -= taken
        return taken


class Governor:
    """Requests and tokens a minute as stated, calls in flight as found.

    They are found by slow start (Jacobson 1988), then additive increase and multiplicative decrease (Chiu & Jain 1989):
    the limit grows by a call for each that ends until the first refusal, and from then on by a call for each time that
    all have ended; it grows only while it is in use. A refusal (HTTP 429 and its kin) halves it, once for all calls
    that began before the cut.
    """

    def __init__(self, terms: Terms, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = terms.most
        self.limit = min(_START, self._most)
        """Calls in flight that are allowed now."""
        self._threshold = math.inf
        self._episode = 0
        self._paused = -math.inf
        self._leases: dict[str, _Lease] = {}
        now = clock()
        self._requests, self._tokens = (
            None if rate is None else _Bucket(rate / 60, max(1.0, rate / 60 * _BURST), now)
            for rate in (terms.requests, terms.tokens)
        )

    def lease(self, who: str, report: Report, most: int) -> Grant:
        """Take a worker's report and renew its lease, or end it; the least `most` of all workers holds."""
        now = self._clock()
        for name in [name for name, lease in self._leases.items() if lease.until < now]:
            del self._leases[name]
        mine = self._leases.setdefault(who, _Lease())
        mine.demand, mine.flying = report.flying + report.waiting, report.flying
        mine.most = most
        self._most = min(lease.most for lease in self._leases.values())
        mine.until = -math.inf if report.over else now + LASTS
        self._paused = max(self._paused, now + report.pause if report.pause else -math.inf)
        self._adapt(report)
        self._share(mine)
        pause = max(0.0, self._paused - now)
        rivals = max(1, sum(lease.demand > 0 for lease in self._leases.values()))
        wanted = 0 if pause else report.waiting
        starts, tokens = math.inf, math.inf
        if self._requests:
            level = self._requests.refill(now, report.starts)
            starts = self._requests.take(min(wanted, max(math.floor(level / rivals), math.floor(min(1.0, level)))))
        if self._tokens:
            tokens = self._tokens.take(self._tokens.refill(now, report.tokens) / rivals if wanted else 0.0)
        return Grant(mine.places, starts, tokens, pause, self._episode)

    def _adapt(self, report: Report) -> None:
        flying = sum(lease.flying for lease in self._leases.values())
        if report.refused >= self._episode:
            self.limit = max(1.0, min(self.limit, flying + 1.0) / 2)
            self._threshold = self.limit
            self._episode += 1
        elif report.done and sum(lease.demand for lease in self._leases.values()) >= self.limit:
            slow = self.limit < self._threshold
            self.limit += report.done if slow else report.done / self.limit
        self.limit = min(self._most, self.limit)

    def _share(self, mine: _Lease) -> None:
        """Max-min fair by demand, what nobody needs evenly; never more than others have not leased.

        With fewer places than workers each thinks that one is its own, and whoever has one leaves it to who was passed
        over longer. Only then: a place that were kept for the next as a rule would in the end be had by nobody.
        """
        left, share = math.floor(self.limit), 0
        leases = sorted(self._leases.values(), key=lambda lease: lease.demand)
        for i, lease in enumerate(leases):
            given = min(lease.demand, left // (len(leases) - i))
            left -= given
            share = given if lease is mine else share
        share = max(share + left // len(leases), min(1, mine.demand))
        others = sum(max(lease.places, lease.flying) for lease in leases if lease is not mine)
        owed = sum(lease.passed_over > max(1, mine.passed_over) for lease in leases)
        mine.places = max(0, min(share, math.floor(self.limit) - others - owed))
        mine.passed_over = mine.passed_over + 1 if mine.demand and not mine.places else 0
