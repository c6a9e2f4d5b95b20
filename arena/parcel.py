"""Jobs on their way to a worker: plugins, which many jobs share and which hold whole prompts, go once.

So a job takes a worker a few kilobytes of memory and not a copy of every prompt, and less time on both sides.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

from arena.plugin import Plugin, key
from arena.work import Job

_KNOWN = 256
"""Plugins of which the key is remembered; the same experiment has the very same ones in every job."""


class Parcel(NamedTuple):
    """Pickled jobs, and the plugins that they are the first to bring."""

    number: int
    new: dict[str, Plugin]
    jobs: bytes


class Sender:
    """The driver's end of the way to one worker."""

    def __init__(self) -> None:
        self._sent: set[str] = set()
        self._count = 0
        self._keys: dict[int, tuple[Plugin, str]] = {}

    def pack(self, jobs: Sequence[Job]) -> Parcel:
        """What goes to the worker."""
        file = io.BytesIO()
        pickler = _Pickler(file, self._key)
        pickler.dump(list(jobs))
        new = {name: plugin for name, plugin in pickler.found.items() if name not in self._sent}
        self._sent |= new.keys()
        self._count += 1
        return Parcel(self._count - 1, new, file.getvalue())

    def _key(self, plugin: Plugin) -> str:
        """Operational fields too: they may differ between two plugins of one content key."""
        known = self._keys.get(id(plugin))
        if known is None or known[0] is not plugin:
            if len(self._keys) >= _KNOWN:
                self._keys.clear()
            known = self._keys[id(plugin)] = plugin, key(plugin.model_dump(mode="json"))
        return known[1]


class Receiver:
    """The worker's end."""

    def __init__(self) -> None:
        self._plugins: dict[str, Plugin] = {}
        self._early: dict[int, Parcel] = {}
        self._next = 0

    def unpack(self, parcel: Parcel) -> list[Job]:
        """The jobs, with the very same plugins in all that share them; none while an earlier parcel is on its way."""
        self._early[parcel.number] = parcel
        jobs: list[Job] = []
        while (one := self._early.pop(self._next, None)) is not None:
            self._next += 1
            self._plugins |= one.new
            jobs += _Unpickler(io.BytesIO(one.jobs), self._plugins).load()
        return jobs


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, name: Any) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._name = name
        self.found: dict[str, Plugin] = {}

    def persistent_id(self, value: Any) -> str | None:
        if not isinstance(value, Plugin):
            return None
        name: str = self._name(value)
        self.found[name] = value
        return name


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, plugins: dict[str, Plugin]) -> None:
        super().__init__(file)
        self._plugins = plugins

    def persistent_load(self, name: str) -> Plugin:
        return self._plugins[name]
