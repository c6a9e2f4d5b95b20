"""A provider turns messages into a request, and a reply into a completion; both pure, for `arena.wire` to send."""

from __future__ import annotations

import json
import os
import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from pydantic import Field, SerializeAsAny, field_validator, model_validator

from arena.errors import ConfigError
from arena.nouns import Usage
from arena.plugin import OPERATIONAL, Frozen, Plugin


class Message(Frozen):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sampling(Frozen):
    """How a completion is drawn."""

    temperature: float = 0.0
    max_tokens: int = 256
    seed: int | None = None
    top_logprobs: int = 0
    """How many alternatives of each token to return with their log-probabilities; 0 asks for none."""
    json_schema: dict[str, Any] | None = None
    """The reply must be JSON of this schema, where the server can enforce that."""
    stop: tuple[str, ...] = ()


class Completion(Frozen):
    """What a model answered. Servers leave things out: then they are None, and never made up."""

    text: str
    """Empty where the server sent no content."""
    model: str | None = None
    """The model that the server says answered."""
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    top: tuple[dict[str, float], ...] | None = None
    """For each token of the reply: alternative -> natural log-probability."""

    @field_validator("text")
    @classmethod
    def _storable(cls, text: str) -> str:
        """JSON can hold halves of a surrogate pair and NUL, databases and files cannot."""
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")

    @field_validator("prompt_tokens", "completion_tokens")
    @classmethod
    def _counted(cls, tokens: int | None) -> int | None:
        """A negative count is no count."""
        return None if tokens is not None and tokens < 0 else tokens


_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_JSON = {"Content-Type": "application/json"}


def post(url: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Request:
    """A request with a JSON body; httpx's own `json=` takes four times as long."""
    return httpx.Request("POST", url, content=_ENCODE(body).encode(), headers=_JSON | (headers or {}))


class Provider(Plugin):
    """Where a model answers from."""

    kind: ClassVar[str] = "provider"

    model: str = ""
    timeout: Annotated[float, OPERATIONAL] = Field(default=120.0, gt=0)
    """Seconds without a byte before a call counts as hung."""
    retries: Annotated[int, OPERATIONAL] = Field(default=5, ge=0)
    """Further attempts after a passing fault (429, 5xx, no connection, half a reply)."""
    patience: Annotated[float, OPERATIONAL] = Field(default=300.0, gt=0)
    """Seconds after which a call that keeps failing is given up; a Retry-After beyond it gives up at once."""
    concurrency: Annotated[int, OPERATIONAL] = Field(default=256, ge=1)
    """Calls in flight to this endpoint, at most, from all workers together; within that the arena finds the limit."""
    requests_per_minute: Annotated[float | None, OPERATIONAL] = Field(default=None, gt=0)
    """What the account allows, where it is known."""
    tokens_per_minute: Annotated[float | None, OPERATIONAL] = Field(default=None, gt=0)
    """Read and written together, likewise."""
    price_in: Annotated[float | None, OPERATIONAL] = Field(default=None, ge=0)
    """US dollars a million prompt tokens; None is unknown, and stays unknown in every total."""
    price_out: Annotated[float | None, OPERATIONAL] = Field(default=None, ge=0)
    """US dollars a million completion tokens."""

    @model_validator(mode="after")
    def _open(self) -> Self:
        """What is configured is stored, shown and exported: a key in it would be, too."""
        if self.secret is not None and not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", self.secret):
            raise ConfigError("key_env is the name of an environment variable; the key itself has no place in a file")
        base = str(getattr(self, "base_url", "") or "http://none")
        url = urlsplit(base)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ConfigError(f"base_url {base!r} is no address: it begins with http:// or https:// and names a host")
        if url.username or url.password or url.query:
            raise ConfigError("base_url has a user, password or query in it; keys go through the variable of key_env")
        return self

    @property
    def secret(self) -> str | None:
        """The environment variable that holds the key; None where there is none."""
        return None

    async def origin(self) -> str:
        """The base URL of the server; a provider that runs its own server starts it here."""
        return ""

    @abstractmethod
    def request(self, origin: str, messages: Sequence[Message], sampling: Sampling) -> httpx.Request:
        """The call as it goes out, without the key. Pure."""

    def ready(self) -> None:
        """Raise ConfigError for what must be mended before a call and shows without the network: the key variable."""
        self.key()

    @abstractmethod
    def parse(self, reply: dict[str, Any]) -> Completion:
        """Read the reply's JSON. Pure. Raises KeyError, TypeError or ValueError where it is not the expected shape."""

    def usage(self, reply: dict[str, Any]) -> tuple[int | None, int | None]:
        """Tokens of prompt and of completion; None where the server does not say. Pure. Raises as `parse` does."""
        return None, None

    def sign(self, key: str) -> dict[str, str]:
        """The headers that carry the key."""
        return {"Authorization": f"Bearer {key}"}

    async def listing(self) -> httpx.Request | None:
        """A free request that lists the models the server has; None where there is no such thing.

        A provider that brings its own model makes sure here that it is at hand. Raises ConfigError where it is not.
        """
        return httpx.Request("GET", f"{await self.origin()}/models")

    def answer(self, messages: Sequence[Message], sampling: Sampling) -> Completion | None:
        """The completion of a provider that needs no server (scripted ones); None everywhere else."""
        return None

    def key(self) -> str | None:
        """The key from the environment. Raises ConfigError where the variable that the configuration names is unset."""
        if self.secret is None:
            return None
        value = os.environ.get(self.secret, "").strip()
        if not value:
            raise ConfigError(f"{self.name} model {self.model!r}: the environment variable {self.secret} is not set")
        if not (value.isascii() and value.isprintable()):
            raise ConfigError(f"the environment variable {self.secret} holds characters that no key has")
        return value

    def cost(self, prompt: int | None, completion: int | None) -> float | None:
        """US dollars for a call; None where a price or a count is unknown."""
        if self.price_in == self.price_out == 0:
            return 0.0
        if self.price_in is None or self.price_out is None or prompt is None or completion is None:
            return None
        return (self.price_in * prompt + self.price_out * completion) / 1e6


Model = SerializeAsAny[Provider]
"""The type of a plugin's field that names a model."""


def scripted() -> Provider:
    """The default of every `model` field: it needs nothing, so that each plugin can be tried unseen."""
    return Provider.model_validate("scripted")


class Call(Frozen):
    """One call as it is kept: everything that was sent and came back, but for the key."""

    uid: str = Field(default_factory=lambda: uuid4().hex)
    """Of this call alone: keeping it twice keeps it once."""
    key: str
    """Content hash of provider, messages and sampling: the name in the response cache."""
    provider: str
    model: str
    """As asked for."""
    resolved: str | None = None
    """As the server names what answered."""
    url: str = ""
    request: str = ""
    """The body sent."""
    reply: str = ""
    """The body received, of the last attempt."""
    status: int | None = None
    finish: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost: float | None = None
    """US dollars that the reply costs, whether this call paid them or not."""
    latency: float = 0.0
    """Seconds from the last attempt's first byte out to its last byte in."""
    retries: int = 0
    cached: bool = False
    """Served from the response cache or shared with a call in flight: not paid again."""
    paid: float = 0.0
    """Unix time in seconds of the call that paid for the reply; all that share the reply share it."""
    error: str = ""
    started: float = 0.0
    """Unix time in seconds."""

    @property
    def answered(self) -> bool:
        """Whether a reply came, which costs whether it can be read or not."""
        return not self.error or 200 <= (self.status or 0) < 300

    @property
    def usage(self) -> Usage:
        """The call's part in a sum."""
        return Usage(
            calls=1, prompt=self.prompt_tokens, completion=self.completion_tokens, cost=self.cost, seconds=self.latency
        )


def total(calls: Sequence[Call]) -> Usage:
    """The usage of calls that got an answer."""
    return sum((call.usage for call in calls if call.answered), Usage())
