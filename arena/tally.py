"""What a driver counts of its run: how far it is, how fast it goes, what it took, what went wrong."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from arena.lane import Traffic
from arena.work import Event

_WINDOW = 60.0
"""Seconds over which a pace is taken."""


class Tally:
    """Of one driver, since it began; what the response cache served counts as nothing."""

    def __init__(self, matches: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = matches
        self.before = 0
        """Matches that were complete, or had failed for good, or were played elsewhere."""
        self._done = self._failed = self._calls = self._tokens = 0
        self._cost: float | None = 0.0
        self._errors: Counter[str] = Counter()
        self._paces: deque[tuple[float, int, int, int]] = deque([(clock(), 0, 0, 0)])

    def note(self, event: Event) -> None:
        """Something happened and has been saved."""
        for call in event.calls:
            if call.answered and not call.cached:
                self._calls += 1
                self._tokens += (call.prompt_tokens or 0) + (call.completion_tokens or 0)
                self._cost = None if self._cost is None or call.cost is None else self._cost + call.cost
        if event.failure:
            self._errors[event.failure.kind] += 1

    def finish(self, whole: bool) -> None:
        """A match ended."""
        self._done += 1
        self._failed += not whole

    def figures(self, traffic: Traffic | None = None, retries: int = 0) -> dict[str, Any]:
        """How the run goes now; seconds, and rates a second. `eta` is None where no pace is known."""
        now = self._clock()
        self._paces.append((now, self._done, self._calls, self._tokens))
        while len(self._paces) > 2 and self._paces[1][0] < now - _WINDOW:
            self._paces.popleft()
        past, *then = self._paces[0]
        passed = max(1e-3, now - past)
        done, calls, tokens = (
            new - old for new, old in zip((self._done, self._calls, self._tokens), then, strict=True)
        )
        left = self._total - self.before - self._done
        return {
            "matches": self._total,
            "before": self.before,
            "done": self._done,
            "failed": self._failed,
            "calls": self._calls,
            "tokens": self._tokens,
            "cost": self._cost,
            "calls_per_second": calls / passed,
            "tokens_per_second": tokens / passed,
            "eta": left * passed / done if done else None,
            "retries": retries,
            "errors": dict(self._errors),
            **(traffic or Traffic())._asdict(),
        }
