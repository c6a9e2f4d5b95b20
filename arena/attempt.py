"""One attempt at a call: what comes back is looked at, and what failed says whether another may do better, and when."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from tenacity import RetryCallState, wait_random_exponential

from arena.errors import CallError

PASSING_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 60.0


class Fault(Exception):
    """An attempt that failed: what to tell, whether another may do better, and what came back."""

    def __init__(self, error: CallError, again: bool = True, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again
        self.after = after
        self.seen: dict[str, Any] = {}
        """What the record of the call keeps of it."""


def whole(place: str, status: int, after: str | None, body: str) -> Any:
    """The body's JSON. Raises Fault for anything but a whole one with a 2xx status; `after` is Retry-After."""
    text = f"{place}: HTTP {status}: {' '.join(body.split())[:300]}"
    if status in PASSING_STATUS:
        kind = "overloaded" if status in {429, 503, 529} else "broken"
        raise Fault(CallError(text, kind), after=retry_after(after))
    if not 200 <= status < 300:
        long = "exceed_context_size" in body or "context_length_exceeded" in body or "prompt is too long" in body
        raise Fault(CallError(text, "too long" if long else "refused"), again=False)
    try:
        return json.loads(body)
    except ValueError:
        raise Fault(CallError(f"{place}: half a reply: {body[-80:]!r}", "broken")) from None


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(value))
    with contextlib.suppress(ValueError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def wait(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    jitter = wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT)(state)
    after = fault.after if isinstance(fault, Fault) else None
    return jitter if after is None else after + min(jitter, 1.0)


def out_of_patience(seconds: float) -> Any:
    def stop(state: RetryCallState) -> bool:
        return (state.seconds_since_start or 0.0) + state.upcoming_sleep > seconds

    return stop


def hide(text: str, key: str | None) -> str:
    return text.replace(key, "***") if key else text


def bare(url: str) -> str:
    """A URL without user, password, query: what may be shown and stored."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def listed(body: str) -> list[str]:
    """The models in a server's list; none where it is no list."""
    try:
        return [str(row["id"]) for row in json.loads(body)["data"]]
    except (KeyError, TypeError, ValueError):
        return []
