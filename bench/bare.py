"""The least that a client can do: a bare aiohttp loop that makes recorded calls and looks at no reply.

`python bench/bare.py URL BODIES FLIGHT SECONDS`, where BODIES is a file with a JSON list of request bodies.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import aiohttp

HEADERS = {"Content-Type": "application/json"}


async def call(session: aiohttp.ClientSession, url: str, bodies: Iterator[bytes], until: float) -> None:
    """One call after another."""
    while time.monotonic() < until:
        async with session.post(url, data=next(bodies), headers=HEADERS) as response:
            await response.read()


async def load(url: str, bodies: Iterator[bytes], flight: int, seconds: float) -> None:
    """So many calls in flight for so long."""
    until = time.monotonic() + seconds
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(call(session, url, bodies, until) for _ in range(flight)))


if __name__ == "__main__":
    url, place, flight, seconds = sys.argv[1:]
    bodies = [body.encode() for body in json.loads(Path(place).read_text())]
    asyncio.run(load(f"{url}/chat/completions", cycle(bodies), int(flight), float(seconds)))
