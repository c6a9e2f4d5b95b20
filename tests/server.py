"""A model server on the loopback interface: OpenAI's chat completions, Anthropic's messages; deterministic, faulty.

It runs in a thread of its own, counts what it is asked, and answers the same body with the same reply. Faults are
played in order, one a request; `choose` decides by the body instead, and for every attempt.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import web

MODELS = ("tiny", "small")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    kind: str
    """A status as text, or `hang`, `cut`, `drop`, `reset`, `garbage`, `no usage`, `null`, `no logprobs`, `echo`,
    `too long`, `slow`, `wrong shape`, `gzip`."""
    after: str | float | None = None
    """Retry-After: seconds, or `date` for a date one second ahead; for `slow`, how many seconds."""


_BROKEN = frozenset({"hang", "cut", "drop", "reset", "garbage", "gzip"})
Choice = Callable[[dict[str, Any]], Fault | str | None]


class Server:
    """`with Server() as server:` answers at `server.url`."""

    def __init__(self) -> None:
        self.faults: deque[Fault | str] = deque()
        """For the next requests, first to last."""
        self.choose: Choice | None = None
        """Or by the body, for every request."""
        self.delay = 0.0
        """Seconds that each reply takes."""
        self.hold_after: int | None = None
        """Answer so many requests, and let all others wait until this is None again."""
        self.bodies: list[str] = []
        """Of every request, as it came in."""
        self.headers: list[dict[str, str]] = []
        self.times: list[float] = []
        self.answered: Counter[str] = Counter()
        """Body -> how often it was answered with 200 and JSON to a client that was still there."""
        self.peak = 0
        """Most requests in flight at a time."""
        self.waiting = 0
        """Requests that wait because of `hold_after`."""
        self._flying = 0
        self._last: deque[float] = deque(maxlen=1000)
        """When replies went out."""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def flying(self, seconds: float = 0.1) -> int:
        """Requests that are not answered, or were only so many seconds ago: what a client that ends now may lose."""
        now = time.monotonic()
        return self._flying + sum(now - at < seconds for at in tuple(self._last))

    @property
    def settled(self) -> bool:
        """All that is not answered is held back."""
        return self._flying == self.waiting

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=2**26)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_post("/v1/messages", self._anthropic)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self.url = f"{self.root}/v1"
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.faults and self.faults[0] == "echo":
            return self._status(Fault("echo"), request)
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _completion)

    async def _anthropic(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _message)

    async def _answer(self, request: web.Request, reply: Callable[[dict[str, Any]], Any]) -> web.StreamResponse:
        text = await request.text()
        self.bodies.append(text)
        self.headers.append(dict(request.headers))
        self.times.append(asyncio.get_running_loop().time())
        self._flying += 1
        self.peak = max(self.peak, self._flying)
        try:
            await self._wait(request, len(self.bodies))
            fault = self._fault(json.loads(text))
            response = await self._respond(request, fault, reply(json.loads(text)))
            whole = response.status == 200 and not (fault and fault.kind in _BROKEN)
            if whole and not _left(request):
                self.answered[text] += 1
                self._last.append(time.monotonic())
            return response
        finally:
            self._flying -= 1

    async def _wait(self, request: web.Request, number: int) -> None:
        await asyncio.sleep(self.delay)
        self.waiting += 1
        while self.hold_after is not None and number > self.hold_after and not _left(request):
            await asyncio.sleep(0.01)
        self.waiting -= 1

    def _fault(self, body: dict[str, Any]) -> Fault | None:
        found = self.choose(body) if self.choose else self.faults.popleft() if self.faults else None
        return Fault(found) if isinstance(found, str) else found

    async def _respond(self, request: web.Request, fault: Fault | None, reply: Any) -> web.StreamResponse:
        kind = fault.kind if fault else ""
        if kind == "hang":
            while not _left(request):
                await asyncio.sleep(0.02)
        if kind == "slow" and fault:
            await asyncio.sleep(float(fault.after or 1))
        if kind in {"cut", "drop", "reset"}:
            return await self._cut(request, json.dumps(reply).encode(), kind)
        if kind == "garbage":
            return web.Response(text="<html>\x1b[31mit works\nnot</html>", content_type="text/html")
        if kind == "gzip":
            return web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"}, content_type="application/json")
        if fault and (kind.isdigit() or kind in {"echo", "too long"}):
            return self._status(fault, request)
        return web.json_response(_spoiled(reply, kind))

    async def _cut(self, request: web.Request, body: bytes, kind: str) -> web.StreamResponse:
        """Half a reply, or none, and the connection is gone; by RST for `reset`."""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
        if kind == "cut":
            await response.prepare(request)
            await response.write(body[: len(body) // 2])
        if request.transport is not None:
            if kind == "reset":
                raw = request.transport.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort() if kind == "reset" else request.transport.close()
        return response

    def _status(self, fault: Fault, request: web.Request) -> web.Response:
        if fault.kind == "too long":
            error = {"type": "exceed_context_size_error", "message": "the request exceeds the context", "n_ctx": 64}
            return web.json_response({"error": error}, status=400)
        if fault.kind == "echo":
            key = request.headers.get("x-api-key") or request.headers.get("Authorization", "")
            return web.json_response({"error": {"message": f"Incorrect API key provided: {key}."}}, status=401)
        soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
        after = {} if fault.after is None else {"Retry-After": soon if fault.after == "date" else str(fault.after)}
        return web.json_response({"error": {"message": "not now"}}, status=int(fault.kind), headers=after)


def _left(request: web.Request) -> bool:
    """The client is there no more."""
    return request.transport is None or request.transport.is_closing()


def _spoiled(reply: dict[str, Any], kind: str) -> Any:
    if kind == "no usage":
        del reply["usage"]
    if kind == "null":
        reply["choices"][0]["message"]["content"] = None
    if kind == "no logprobs":
        reply["choices"][0].pop("logprobs", None)
    if kind == "parts":
        reply["choices"][0]["message"]["content"] = [{"type": "text", "text": "in parts"}]
    return ["what", "is", "this"] if kind == "wrong shape" else reply


def _text(body: dict[str, Any]) -> str:
    """What the model writes: a letter where one is asked for, else an argument that its body decides."""
    last = str(body["messages"][-1]["content"])
    seed = int(hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:8], 16)
    letter = "AB"[seed % 2]
    if "letter alone" in last:
        return letter
    if "Verdict:" in last:
        return f"I thought about it.\nVerdict: {letter}\nConfidence: {50 + seed % 50}%"
    if "Reply in JSON alone" in last:
        return json.dumps({"A": 0.75, "B": 0.25} if letter == "A" else {"A": 0.25, "B": 0.75})
    return f"<thinking>case {seed}</thinking>\n<argument>The passage bears me out, number {seed}.</argument>"


def _completion(body: dict[str, Any]) -> dict[str, Any]:
    text = _text(body)
    choice: dict[str, Any] = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    if body.get("logprobs"):
        other = "B" if text == "A" else "A"
        top = [{"token": text, "logprob": -0.25}, {"token": other, "logprob": -1.75}]
        choice["logprobs"] = {"content": [{"token": text, "logprob": -0.25, "top_logprobs": top}]}
    read = sum(len(m["content"].split()) for m in body["messages"])
    usage = {"prompt_tokens": read, "completion_tokens": len(text.split()), "total_tokens": read + len(text.split())}
    model = f"{body['model']}-2026-01-01"
    return {"id": "x", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage}


def _message(body: dict[str, Any]) -> dict[str, Any]:
    text = _text(body)
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    if body.get("tool_choice"):
        content = [{"type": "tool_use", "id": "t", "name": "reply", "input": {"A": 0.75, "B": 0.25}}]
    read = sum(len(m["content"].split()) for m in body["messages"])
    usage = {"input_tokens": read, "cache_read_input_tokens": 3, "output_tokens": len(text.split())}
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-20260101",
        "content": content,
        "stop_reason": "end_turn",
        "usage": usage,
    }
