"""Plugins: a class in a file of its own, found by the file's name.

A plugin's fields are its configuration, so there is no second class for it; its method is its behaviour. `"debate"`,
`{use = "debate", rounds = 3}` and `{use = "mypackage.mydebate"}` all name one. Nothing registers itself: the folder of
a kind is the list of what there is.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module, util
from typing import Annotated, Any, ClassVar, Self, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializationInfo,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from arena.errors import ConfigError, choices
from arena.shipped import called

FOLDERS = {
    "protocol": "arena.protocols",
    "metric": "arena.metrics",
    "agent": "agents",
    "judge": "judges",
    "task": "tasks",
    "provider": "agents.models",
    "importer": "arena.importers",
    "reproduction": "arena.reproductions",
}
"""The package that holds each kind, one plugin a module."""

OPERATIONAL = "operational"
"""Annotate a field with this where it changes how a result is reached and not the result: it stays out of the content
hash, so that changing it plays nothing again."""


class Frozen(BaseModel):
    """Equal by value, JSON both ways, picklable; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        """Name the nearest field for an unknown one, which pydantic does not."""
        if isinstance(value, dict) and not value.keys() <= _fields(cls):
            unknown = [k for k in value if k not in _fields(cls)]
            raise ConfigError(f"unknown key {unknown[0]!r}; {choices(str(unknown[0]), cls.model_fields)}")
        return value


@cache
def _fields(cls: type[BaseModel]) -> frozenset[str]:
    return frozenset({*cls.model_fields, "use"})


def key(*parts: Any) -> str:
    """Content hash (32 hexadecimal digits of SHA-256) of models and JSON values; operational fields do not count."""
    return hashed(*map(packed, parts))


def hashed(*texts: str) -> str:
    """The content hash of parts that `packed` has made texts of."""
    return hashlib.sha256(f"[{','.join(texts)}]".encode()).hexdigest()[:32]


def packed(part: Any) -> str:
    """JSON in which equal values are equal texts."""
    return json.dumps(_plain(part), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", context={"identity": True})
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


class Plugin(Frozen):
    """The root of every kind: validates from a name, a table with `use`, or an instance; serialises with `use`."""

    kind: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """The file's name for a shipped plugin, the dotted path for one of the user's own."""
        return use(type(self))

    @property
    def label(self) -> str:
        """The name and what differs from the defaults: how tables speak of it."""
        changed = [
            (n, getattr(self, n), f) for n, f in type(self).model_fields.items() if OPERATIONAL not in f.metadata
        ]
        parts = [_short(n, v) for n, v, f in changed if v != f.get_default(call_default_factory=True)]
        return f"{self.name}({', '.join(parts)})" if parts else self.name

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(value, cls):
            return value
        named: dict[str, Any] = (info.context or {}).get(cls.kind, {})
        if isinstance(value, str):
            value = named.get(value, value)
        if isinstance(value, str):
            value = {"use": value}
        if not isinstance(value, dict):
            return handler(value)
        fields = dict(value)
        wanted = fields.pop("use", None)
        if wanted is None and inspect.isabstract(cls):
            raise ConfigError(f"a {cls.kind} needs 'use'; {choices('', [*names(cls.kind), *named])}")
        concrete = cls if wanted is None else find(cls.kind, wanted, tuple(named))
        if concrete is cls:
            return handler(fields)
        return cast("Self", concrete.model_validate(fields, context=info.context))

    @model_serializer(mode="wrap")
    def _dump(self, handler: Callable[[Any], dict[str, Any]], info: SerializationInfo) -> dict[str, Any]:
        fields = handler(self)
        if (info.context or {}).get("identity"):
            hidden = {n for n, f in type(self).model_fields.items() if OPERATIONAL in f.metadata}
            fields = {n: v for n, v in fields.items() if n not in hidden}
        return {"use": self.name, **fields}


def _short(name: str, value: Any) -> str:
    if isinstance(value, Plugin):
        model = getattr(value, "model", None)
        return model if model and isinstance(model, str) else value.label
    if isinstance(value, tuple) and value and all(isinstance(one, Plugin) for one in value):
        return " + ".join(one.label for one in value)
    if isinstance(value, str) and "\n" in value:
        return f"{name}={called(value) or key(value)[:6]}"
    return str(value) if isinstance(value, str) else f"{name}={value}"


def use(cls: type[Plugin]) -> str:
    """The name by which a configuration reaches `cls`."""
    folder, _, last = cls.__module__.rpartition(".")
    return last if folder == FOLDERS[cls.kind] else f"{cls.__module__}.{cls.__name__}"


def names(kind: str) -> list[str]:
    """The shipped plugins of a kind, by name."""
    package = import_module(FOLDERS[kind])
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not (m.ispkg or m.name.startswith("_")))


@cache
def find(kind: str, name: str, also: tuple[str, ...] = ()) -> type[Plugin]:
    """The plugin class called `name`; a dotted name reaches into the user's own package (module, or module and class).

    Raises ConfigError where there is none, with the nearest name; `also` are names that the configuration defines.
    """
    if "." in name:
        return _dotted(kind, name)
    if name not in names(kind):
        known = choices(name, [*names(kind), *also])
        raise ConfigError(f"no {kind} is called {name!r}; {known}, or a class of your own as module.Class")
    return _only(kind, f"{FOLDERS[kind]}.{name}")


def _dotted(kind: str, name: str) -> type[Plugin]:
    module, _, last = name.rpartition(".")
    try:
        if _module(name):
            return _only(kind, name)
        found = getattr(import_module(module), last, None)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{kind} {name!r} cannot be imported: {type(error).__name__}: {error}") from None
    if not (inspect.isclass(found) and issubclass(found, Plugin) and found.kind == kind):
        raise ConfigError(f"{name!r} is not a {kind}: it must be a class below arena.{kind}.{kind.title()}")
    return _whole(found)


def _module(name: str) -> bool:
    try:
        return util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _whole(cls: type[Plugin]) -> type[Plugin]:
    if inspect.isabstract(cls):
        raise ConfigError(f"{cls.__module__}.{cls.__name__} lacks {', '.join(sorted(cls.__abstractmethods__))}")
    return cls


def _only(kind: str, module: str) -> type[Plugin]:
    found = [
        c
        for c in vars(import_module(module)).values()
        if inspect.isclass(c) and issubclass(c, Plugin) and c.__module__ == module and c.kind == kind
    ]
    if len(found) != 1:
        raise ConfigError(f"{module} must define exactly one {kind}, it defines {len(found)}")
    return _whole(found[0])


def first_line(kind: str, name: str) -> str:
    """The first sentence of a plugin's module docstring: what `arena list` prints."""
    module = import_module(find(kind, name).__module__)
    return (module.__doc__ or "").strip().partition("\n")[0]


def operational(annotation: Any) -> bool:
    """True where a type is annotated as operational (used by the contract tests)."""
    return get_origin(annotation) is Annotated and OPERATIONAL in get_args(annotation)
