"""A model server that is never the bottleneck: OpenAI's chat completions on loopback, after a fixed delay.

Replies are made beforehand and chosen by a checksum of the request's body: the same body always gets the same reply.
It runs in a process of its own, which ends with the one that started it, and says what it saw: how many requests and
when, how many at a time, and what CPU time they took. `python bench/server.py --delay 0.1` serves until its standard
input ends. uvloop goes in place of asyncio's own loop where it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from array import array
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, NamedTuple, Self, cast
from zlib import crc32

import httpx

MODEL = "bench"
ARGUMENT = (
    "<thinking>Case {number}: what does the passage say, and what will the other side make of it?</thinking>\n"
    "<argument>The passage bears me out in sentence {number}: it names the settler and states the fact, and nothing "
    "else in it speaks against that. My opponent leans on another settler, of whom nothing was asked.</argument>"
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SAMPLE = 512
"""Bodies that are kept, for who wants to make the same calls."""


def response(body: Any) -> bytes:
    """An HTTP response with a JSON body."""
    text = json.dumps(body).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)


def completion(text: str, logprobs: Any = None) -> bytes:
    """A chat completion; its usage is about what the arena's prompts come to."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": logprobs}
    usage = {"prompt_tokens": 300, "completion_tokens": len(text.split()), "total_tokens": 300 + len(text.split())}
    head = {"id": "bench", "object": "chat.completion", "created": 0, "model": MODEL}
    return response({**head, "choices": [choice], "usage": usage})


def verdict(letter: str, other: str) -> bytes:
    """The letter, with its log-probability and that of the other."""
    top = [{"token": t, "logprob": p, "bytes": None} for t, p in ((letter, -0.25), (other, -1.75))]
    return completion(letter, {"content": [{**top[0], "top_logprobs": top}], "refusal": None})


ARGUMENTS = [completion(ARGUMENT.format(number=number)) for number in range(16)]
VERDICTS = [verdict("A", "B"), verdict("B", "A")]
MODELS = response({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "bench"}]})


class Seen(NamedTuple):
    """What the server saw since it was last reset; times in seconds of the monotonic clock, which processes share."""

    began: float
    """When the first request came in."""
    ended: list[float]
    """When each request was answered."""
    peak: int
    """Most requests in flight at a time."""
    cpu: float
    """Seconds that it took itself."""


class Tally:
    """Counts what the server sees."""

    def __init__(self) -> None:
        self.ended = array("d")
        self.began = 0.0
        self.flying = self.peak = 0
        self.bodies: list[bytes] = []
        """Drawn from all alike (Vitter 1985, algorithm R): the last ones of a run would be its verdicts alone."""
        self._draw, self._seen = Random(0), 0
        self._cpu = time.process_time()

    def begin(self, body: bytes) -> None:
        """A request has come in."""
        self.began = self.began or time.monotonic()
        self.flying += 1
        self.peak = max(self.peak, self.flying)
        self._seen += 1
        if len(self.bodies) < _SAMPLE:
            self.bodies.append(body)
        elif (place := self._draw.randrange(self._seen)) < _SAMPLE:
            self.bodies[place] = body

    def end(self) -> None:
        """A request has been answered, or its client has gone."""
        self.flying -= 1
        self.ended.append(time.monotonic())

    def told(self) -> Seen:
        """All of it."""
        return Seen(self.began, list(self.ended), self.peak, time.process_time() - self._cpu)


class Peer(asyncio.Protocol):
    """One connection."""

    tally = Tally()
    delay = 0.1

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Only the request's first letter and its Content-Length are read, and whether its body asks for logprobs."""
        self._data = self._data + data if self._data else data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._data, 0, end)
            stop = end + 4 + (int(found[1]) if found else 0)
            if len(self._data) < stop:
                return
            head, body, self._data = self._data[:end], self._data[end + 4 : stop], self._data[stop:]
            if head.startswith(b"POST /v1/"):
                self._chat(body)
            else:
                self._transport.write(self._plain(head.split(b" ", 2)[1]))

    def _chat(self, body: bytes) -> None:
        self.tally.begin(body)
        replies = VERDICTS if b'"logprobs":' in body else ARGUMENTS
        reply = replies[crc32(body) % len(replies)]
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self._answer, self.tally, reply)
        else:
            self._answer(self.tally, reply)

    def _answer(self, tally: Tally, reply: bytes) -> None:
        tally.end()
        if not self._transport.is_closing():
            self._transport.write(reply)

    def _plain(self, path: bytes) -> bytes:
        if path == b"/reset":
            Peer.tally = Tally()
        if path == b"/stats":
            return response(self.tally.told()._asdict())
        return response([body.decode() for body in self.tally.bodies]) if path == b"/bodies" else MODELS


async def serve(delay: float) -> None:
    """Print the address, and answer until standard input ends, as it does when its other end's process ends."""
    Peer.delay = delay
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Peer, "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    gone = asyncio.Event()
    loop.add_reader(sys.stdin, gone.set)
    await gone.wait()
    server.close()


class Served:
    """`with Served(delay) as server:` answers at `server.url`, in a process of its own."""

    def __init__(self, delay: float) -> None:
        self._command = [sys.executable, str(Path(__file__).resolve()), "--delay", str(delay)]

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
        assert self._process.stdout is not None
        self.root = self._process.stdout.readline().strip()
        self.url = f"{self.root}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate("")

    def stats(self) -> Seen:
        """What was seen since the last reset."""
        return Seen(**httpx.get(f"{self.root}/stats", timeout=60).json())

    def bodies(self) -> list[str]:
        """Some requests, drawn from all since the last reset."""
        return list(httpx.get(f"{self.root}/bodies", timeout=60).json())

    def reset(self) -> None:
        """Count anew."""
        httpx.post(f"{self.root}/reset", timeout=60)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.1, help="seconds that each reply takes")
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
