"""What a run keeps of its surroundings, so that it can be told years later how it came about."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from arena.experiment import Experiment
from arena.plugin import key

_PACKAGES = (
    "debate-arena",
    "ray",
    "pydantic",
    "httpx",
    "httpx-aiohttp",
    "numpy",
    "sqlalchemy",
    "statsmodels",
    "xllamacpp",
)


def provenance(experiment: Experiment, data: str) -> dict[str, Any]:
    """Versions, git state of the working folder, and content hashes of the prompts and of the questions (`data`)."""
    return {
        "experiment": experiment.key,
        "seed": experiment.seed,
        "prompts": _prompts(experiment),
        "data": data,
        **surroundings(),
    }


def surroundings() -> dict[str, Any]:
    """Versions, machine, and git state of the working folder."""
    return {
        "versions": {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "git": _git(),
    }


def _prompts(experiment: Experiment) -> dict[str, str]:
    """Plugin label -> content hash of its prompt."""
    plugins = [*experiment.judges, *(agent for cast in experiment.agents for agent in cast.values())]
    return {plugin.label: key(prompt) for plugin in plugins if (prompt := getattr(plugin, "prompt", None))}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit of the working folder and whether it has changes; None outside a repository."""
    try:
        commit = _say("rev-parse", "HEAD")
        return {"commit": commit, "changed": bool(_say("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _say(*words: str) -> str:
    command = ["git", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - our own words
    return done.stdout.strip()
