"""The one module that opens sockets: pool, timeouts, retries, response cache, a record of every call.

When a call may begin is said by the endpoint's lane (`arena.lane`) and the run's wallet (`arena.purse`). Providers make
requests of httpx, which aiohttp sends: httpx's own pool collapses under concurrency, and its client costs as much time
again as aiohttp does (DESIGN.md has the figures). A call that cannot be answered raises CallError, which says whether
another day may help.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import reduce
from types import TracebackType
from typing import Any, Self

import aiohttp
import httpx
from pydantic import ValidationError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from yarl import URL

from arena import plugin
from arena.attempt import Fault, bare, hide, listed, out_of_patience, wait, whole
from arena.cache import Cache, Kept
from arena.errors import CallError, ConfigError, choices
from arena.governor import Terms
from arena.lane import Find, Lane, Traffic, alone
from arena.provider import Call, Completion, Message, Provider, Sampling
from arena.purse import Money, Wallet

_OWN = frozenset({"host", "content-length"})
"""Headers that aiohttp sets itself."""
_TOKEN = 4.0
"""Bytes of a request that are taken for one token until the server has counted them."""
Sink = Callable[[Call], None]
_calls: ContextVar[list[Call] | None] = ContextVar("calls", default=None)
_sink: ContextVar[Sink | None] = ContextVar("sink", default=None)
_sample: ContextVar[int] = ContextVar("sample", default=0)
_wire: ContextVar[Wire | None] = ContextVar("wire", default=None)


@contextlib.contextmanager
def recording(sample: int = 0, sink: Sink | None = None) -> Iterator[list[Call]]:
    """Collect every call made inside, answered or not; `sink` is told of each as soon as it has ended.

    Calls that draw at random draw anew for each `sample`: neither the seed nor the response cache repeats another's.
    """
    calls: list[Call] = []
    tokens = _calls.set(calls), _sample.set(sample), _sink.set(sink)
    try:
        yield calls
    finally:
        _calls.reset(tokens[0])
        _sample.reset(tokens[1])
        _sink.reset(tokens[2])


@contextlib.contextmanager
def drawing(number: int) -> Iterator[None]:
    """Draw `number` of several inside one turn or verdict: 0 is the call as it would be alone, any other draws anew.

    Hashed and not added up: the second draw of one repeat is not the first of the next.
    """
    sample = _sample.get()
    token = _sample.set(int(plugin.key(sample, number)[:7], 16) if number else sample)
    try:
        yield
    finally:
        _sample.reset(token)


async def complete(provider: Provider, messages: Sequence[Message], sampling: Sampling) -> Completion:
    """Ask a model through the open wire. Raises CallError, and ConfigError for a key variable that is unset."""
    wire = _wire.get()
    if wire is None:
        raise RuntimeError("no wire is open: use `async with Wire():` around the call")
    return await wire.complete(provider, messages, sampling)


@dataclass(slots=True)
class _Reply:
    body: str
    data: Any
    """The body's JSON."""
    status: int
    latency: float
    retries: int = 0


class Wire:
    """The connections of one event loop. `async with Wire(cache) as wire:` makes it the one that `complete` uses."""

    def __init__(self, cache: Cache | None = None, find: Find | None = None, wallet: Wallet | None = None) -> None:
        """`find` leads to an endpoint's governor; without it the governors are this process's own."""
        self._cache = cache
        self._find = find or alone()
        self._wallet = wallet
        self._lanes: dict[str, Lane] = {}
        self._providers: dict[int, tuple[Provider, str]] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._flying: dict[str, asyncio.Future[Kept | CallError | None]] = {}
        self.retries = 0
        """Attempts after the first, of all calls so far."""

    @property
    def traffic(self) -> Traffic:
        """What is going on, over all endpoints."""
        return reduce(Traffic.plus, (lane.traffic for lane in self._lanes.values()), Traffic())

    def remember(self, replies: Iterable[tuple[str, Kept]]) -> None:
        """Replies that were paid for elsewhere, by the calls' keys."""
        for name, kept in replies:
            if self._cache:
                self._cache.put(name, kept)

    def gate(self, is_open: bool) -> None:
        """Let calls begin, or let none begin; those in flight come to their end."""
        (self._open.set if is_open else self._open.clear)()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        self._token = _wire.set(self)
        return self

    def use(self) -> None:
        """Make this wire the one of the running task, in a process whose tasks were not started by the opener."""
        _wire.set(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _wire.reset(self._token)
        for lane in self._lanes.values():
            lane.close()
        if self._wallet:
            self._wallet.close()
        await self._http.close()

    async def complete(self, provider: Provider, messages: Sequence[Message], sampling: Sampling) -> Completion:
        """Answer from the script, the cache, a twin in flight, or the server; the call is recorded in any case."""
        sampling = _fresh(sampling)
        name, now = self._named(provider, messages, sampling), time.time()
        call = Call(key=name, provider=provider.name, model=provider.model, started=now, paid=now)
        scripted = provider.answer(messages, sampling)
        if scripted is not None:
            asked = json.dumps([m.model_dump() for m in messages], ensure_ascii=False)
            return _record(provider, call.model_copy(update={"request": asked, "reply": scripted.text}), scripted)
        kept = await self._kept(name)
        if isinstance(kept, CallError):
            _note(call.model_copy(update={"cached": True, "error": str(kept)}))
            raise CallError(str(kept), kept.kind)
        if kept is not None:
            call = call.model_copy(update={"cached": True, "reply": kept.body, "paid": kept.paid})
            return self._read(provider, call, json.loads(kept.body))
        return await self._fetch(provider, call, messages, sampling)

    def _named(self, provider: Provider, messages: Sequence[Message], sampling: Sampling) -> str:
        """The call's content key. A provider is the same for many calls."""
        known = self._providers.get(id(provider))
        if known is None or known[0] is not provider:
            if len(self._providers) >= 64:  # as many are remembered
                self._providers.clear()
            known = self._providers[id(provider)] = provider, plugin.packed(provider)
        return plugin.hashed(known[1], plugin.packed(list(messages)), plugin.packed(sampling))

    async def _kept(self, name: str) -> Kept | CallError | None:
        """What a twin in flight gets, or the cache holds; a twin that is cancelled leaves the call to the next."""
        while twin := self._flying.get(name):
            found = await asyncio.shield(twin)
            if found is not None:
                return found
        return self._cache.get(name) if self._cache else None

    async def _fetch(
        self, provider: Provider, call: Call, messages: Sequence[Message], sampling: Sampling
    ) -> Completion:
        flight = self._flying[call.key] = asyncio.get_running_loop().create_future()

        async def build() -> httpx.Request:
            return provider.request(await provider.origin(), messages, sampling)

        try:
            request = await build()
            call = call.model_copy(update={"url": bare(str(request.url)), "request": request.content.decode()})
            async with self._paid() as took:
                reply = await self._send(provider, request, sampling.max_tokens, build)
                took.append(_price(provider, reply.data))
            told = {"reply": reply.body, "status": reply.status, "latency": reply.latency, "retries": reply.retries}
            call = call.model_copy(update=told)
            completion = self._read(provider, call, reply.data)
            kept = Kept(reply.body, call.paid)
            if self._cache:
                self._cache.put(call.key, kept)
            flight.set_result(kept)
            return completion
        except Fault as fault:
            flight.set_result(fault.error)
            _note(call.model_copy(update={**fault.seen, "error": str(fault.error)}))
            raise fault.error from None
        except CallError as error:
            flight.set_result(error)
            _note(_priced(provider, call).model_copy(update={"error": str(error)}))
            raise
        finally:
            if not flight.done():
                flight.set_result(None)
            del self._flying[call.key]

    @contextlib.asynccontextmanager
    async def _paid(self) -> AsyncIterator[list[Money]]:
        """Pay for a call from the wallet, if there is one; one that is not answered costs nothing."""
        if self._wallet is None:
            yield []
            return
        async with self._wallet.enter() as took:
            try:
                yield took
            except Fault:
                took.append(Money(calls=-1.0))
                raise

    def _read(self, provider: Provider, call: Call, data: Any) -> Completion:
        """Read a good reply. One that has not the expected shape was paid for, and would come again: it is refused."""
        try:
            completion = provider.parse(data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else repr(error)
            text = f"{provider.model}: the reply is not what {provider.name} servers send ({why}): {call.reply[:200]}"
            raise CallError(text, "broken") from None
        return _record(provider, call, completion)

    def _lane(self, provider: Provider, url: httpx.URL, key: str | None) -> Lane:
        """The way to an endpoint and account; models for which limits a minute are stated have lanes of their own."""
        terms = Terms(provider.concurrency, provider.requests_per_minute, provider.tokens_per_minute)
        place = f"{url.host}:{url.port or url.scheme}"
        name = plugin.key(place, key, *terms[1:])[:16]
        if name not in self._lanes:
            self._lanes[name] = Lane(self._find(name, terms))
        return self._lanes[name]

    async def _send(
        self, provider: Provider, request: httpx.Request, most: int, build: Callable[[], Awaitable[httpx.Request]]
    ) -> _Reply:
        """Try until it works or the budget is spent; `build` makes the request anew, as the server may have moved."""
        key = provider.key()
        attempts = AsyncRetrying(
            stop=stop_after_attempt(provider.retries + 1) | out_of_patience(provider.patience),
            wait=wait,
            retry=retry_if_exception(lambda error: isinstance(error, Fault) and error.again),
            reraise=True,
        )
        tried = -1
        try:
            async for attempt in attempts:
                with attempt:
                    tried += 1
                    self.retries += tried > 0
                    request = await build() if tried else request
                    reply = await self._attempt(provider, request, most, key)
                    reply.retries = tried
                    return reply
        except Fault as fault:
            fault.seen["retries"] = tried
            raise
        raise AssertionError("tenacity returns or raises")

    async def _attempt(self, provider: Provider, request: httpx.Request, most: int, key: str | None) -> _Reply:
        """One attempt in its turn. Raises Fault."""
        await self._open.wait()
        lane = self._lane(provider, request.url, key)
        async with lane.enter(len(request.content) / _TOKEN + most) as place:
            try:
                reply = await self._once(provider, request, key)
            except Fault as fault:
                place.refused, place.pause = fault.error.kind == "overloaded", fault.after or 0.0
                raise
            place.used = _price(provider, reply.data).tokens or None
            return reply

    async def _once(self, provider: Provider, request: httpx.Request, key: str | None) -> _Reply:
        """One attempt. Raises Fault."""
        headers = {name: value for name, value in request.headers.items() if name not in _OWN}
        headers |= provider.sign(key) if key else {}
        patience = min(30.0, provider.timeout)
        timeout = aiohttp.ClientTimeout(sock_connect=patience, connect=patience, sock_read=provider.timeout)
        sent: dict[str, Any] = {
            "data": request.content,
            "headers": headers,
            "timeout": timeout,
            "allow_redirects": False,
        }
        started = time.perf_counter()
        place = f"{provider.model} at {bare(str(request.url))}"
        seen: dict[str, Any] = {}
        try:
            async with self._http.request(request.method, URL(str(request.url), encoded=True), **sent) as response:
                body = hide(await response.text(errors="replace"), key)
                seen = {"reply": body, "status": response.status}
                data = whole(place, response.status, response.headers.get("retry-after"), body)
        except TimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            kind, what = ("unreachable", "no connection") if connecting else ("timeout", "no answer")
            why = hide(str(error), key) or f"after {provider.timeout} s"
            fault = Fault(CallError(f"{place}: {what} ({why})", kind))
        except (aiohttp.ClientError, OSError) as error:
            kind = "broken" if isinstance(error, aiohttp.ClientPayloadError) else "unreachable"
            fault = Fault(CallError(f"{place}: {hide(str(error), key) or type(error).__name__}", kind))
        except Fault as found:
            fault = found
        else:
            return _Reply(body, data, response.status, time.perf_counter() - started)
        fault.seen = {**seen, "latency": time.perf_counter() - started}
        raise fault from None

    async def check(self, provider: Provider) -> None:
        """Before anything is paid: is the key set, does the server answer, has it the model?

        Raises ConfigError with the server's models as choices. A server that lists no models is taken at its word.
        """
        key = provider.key()
        request = await provider.listing()
        if request is None:
            return
        patient = provider.model_copy(update={"timeout": min(10.0, provider.timeout)})
        try:
            reply = await self._once(patient, request, key)
        except Fault as fault:
            if fault.error.kind in {"unreachable", "timeout"}:
                raise ConfigError(f"the server does not answer: {fault.error}") from None
            if fault.seen.get("status") in {401, 403}:
                whose = f"the key in {provider.secret}" if provider.secret else "a call without a key"
                raise ConfigError(f"the server rejects {whose}: {fault.error}") from None
            return
        known = listed(reply.body)
        aliased = any(name.startswith(f"{provider.model}-") for name in known)  # an undated name of a dated model
        if known and provider.model not in known and not aliased:
            place = bare(str(request.url))
            raise ConfigError(f"{place} has no model {provider.model!r}; {choices(provider.model, known)}")


def _record(provider: Provider, call: Call, completion: Completion) -> Completion:
    _note(
        call.model_copy(
            update={
                "resolved": completion.model,
                "finish": completion.finish,
                "prompt_tokens": completion.prompt_tokens,
                "completion_tokens": completion.completion_tokens,
                "cost": provider.cost(completion.prompt_tokens, completion.completion_tokens),
            }
        )
    )
    return completion


def _priced(provider: Provider, call: Call) -> Call:
    """A call whose reply cannot be read, with what the reply says of its price."""
    prompt, completion = _usage(provider, json.loads(call.reply)) if call.reply else (None, None)
    cost = provider.cost(prompt, completion)
    return call.model_copy(update={"prompt_tokens": prompt, "completion_tokens": completion, "cost": cost})


def _usage(provider: Provider, data: Any) -> tuple[int | None, int | None]:
    """Tokens of prompt and completion; None where a reply does not say, or says what is no count."""
    try:
        prompt, completion = provider.usage(data)
        found = Completion(text="", prompt_tokens=prompt, completion_tokens=completion)
    except (LookupError, TypeError, ValueError, AttributeError):
        return None, None
    return found.prompt_tokens, found.completion_tokens


def _price(provider: Provider, data: Any) -> Money:
    """What a reply took, as far as it is known."""
    prompt, completion = _usage(provider, data)
    return Money(tokens=(prompt or 0) + (completion or 0), cost=provider.cost(prompt, completion) or 0.0)


def _note(call: Call) -> None:
    calls, sink = _calls.get(), _sink.get()
    if calls is not None:
        calls.append(call)
    if sink is not None:
        sink(call)


def _fresh(sampling: Sampling) -> Sampling:
    """Another draw for another sample; what is not drawn at random stays the same call."""
    sample = _sample.get()
    if not sample or not sampling.temperature:
        return sampling
    return sampling.model_copy(update={"seed": (sampling.seed or 0) + sample})
