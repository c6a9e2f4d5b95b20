"""Looks over this machine and says what will not work, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from arena import plugin
from arena.errors import ArenaError
from arena.local import weights
from arena.plugin import Frozen
from arena.store import db, read


class Finding(Frozen):
    """One thing looked at."""

    what: str
    ok: bool
    found: str
    advice: str = ""


def examine(store: str | None) -> list[Finding]:
    """Everything that an experiment with the default settings needs."""
    checks: list[Callable[[], Finding]] = [
        _python,
        _cores,
        _disk,
        _runtime,
        *(lambda model=model: _weights(model) for model in weights.CATALOGUE),
        lambda: _store(store),
        *(lambda kind=kind: _plugins(kind) for kind in plugin.FOLDERS),
    ]
    return [check() for check in checks]


def _python() -> Finding:
    found = f"{platform.python_version()}, arena {version('debate-arena')}, ray {version('ray')}"
    return Finding(what="versions", ok=sys.version_info >= (3, 11), found=found, advice="Python 3.11 or newer")


def _cores() -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    advice = "the embedded models together with Ray want 4 GiB"
    return Finding(what="machine", ok=memory >= 4, found=f"{os.cpu_count()} cores, {memory:.0f} GiB", advice=advice)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    return Finding(what="disk here", ok=free > 2, found=f"{free:.0f} GiB free", advice="2 GiB for models and results")


def _runtime() -> Finding:
    try:
        import xllamacpp
    except (ImportError, OSError) as error:
        advice = "slim systems need the package libgomp1"
        return Finding(what="model runtime", ok=False, found=str(error), advice=advice)
    return Finding(what="model runtime", ok=True, found=f"xllamacpp {version('xllamacpp')}" if xllamacpp else "")


def _weights(model: str) -> Finding:
    here = (weights.folder() / f"{model}.gguf").exists()
    found = "here" if here else f"not here yet, {weights.CATALOGUE[model].megabytes} MB"
    return Finding(what=f"model {model}", ok=True, found=found, advice="" if here else f"arena fetch {model}")


def _store(place: str | None) -> Finding:
    where = db.url(place)
    try:
        runs = len(read.runs(db.connect(place, create=False)))
    except ArenaError as error:
        missing = str(error).startswith("no store")
        found, advice = ("none yet", "arena run FILE") if missing else (str(error), "")
        return Finding(what="store", ok=missing, found=found, advice=advice)
    return Finding(what="store", ok=True, found=f"{db.shown(where)}, {runs} runs")


def _plugins(kind: str) -> Finding:
    broken = []
    for name in plugin.names(kind):
        try:
            plugin.find(kind, name)
        except Exception as error:
            broken.append(f"{name}: {error}")
    found = "; ".join(broken) or f"{len(plugin.names(kind))} found"
    return Finding(what=f"{kind} plugins", ok=not broken, found=found)
