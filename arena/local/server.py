"""Reach the embedded server of a model, starting it when it is first needed: one a model and machine, shared by all."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from arena.errors import CallError
from arena.local import weights

_LOADING = 180.0
_GREETING = 10.0
_held: dict[str, tuple[int, socket.socket, str]] = {}


async def origin(model: str, slots: int, context: int) -> str:
    """The base URL of the server of `model`, loaded if need be; this process counts as a user until it ends.

    `slots` requests are answered at a time, each with a context of `context` tokens. Raises ConfigError for an unknown
    model, CallError where the server does not come up.
    """
    file = await asyncio.to_thread(weights.path, model)
    name = hashlib.sha256(f"{file} {slots} {context}".encode()).hexdigest()[:16]
    held = _held.get(name)
    if held and held[0] == os.getpid() and _alive(held[1]):
        return held[2]
    return await asyncio.to_thread(_reach, name, file, slots, context)


def _reach(name: str, file: Path, slots: int, context: int) -> str:
    room = Path(tempfile.gettempdir()) / f"arena-{os.getuid()}"
    room.mkdir(mode=0o700, exist_ok=True)
    if room.stat().st_uid != os.getuid():
        raise CallError(f"{room} belongs to another user; embedded servers are not shared with strangers", "refused")
    place = room / name
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _knock(place)
        if found is None:
            host = _launch(place, file, slots, context)
            found = _wait(place, file, host)
    door, url = found
    _held[name] = (os.getpid(), door, f"{url}/v1")
    return _held[name][2]


def _launch(place: Path, file: Path, slots: int, context: int) -> subprocess.Popen[bytes]:
    """Start the host in a session of its own, so that a Ctrl-C at the terminal does not end it before its users."""
    log = place.with_suffix(".log").open("wb")
    command = [sys.executable, "-m", "arena.local.host", str(file), str(place), str(slots), str(context)]
    return subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _wait(place: Path, file: Path, host: subprocess.Popen[bytes]) -> tuple[socket.socket, str]:
    until = time.monotonic() + _LOADING
    while time.monotonic() < until and host.poll() is None:
        found = _knock(place)
        if found:
            return found
        time.sleep(0.1)
    host.kill()
    said = place.with_suffix(".log").read_text(errors="replace").strip().splitlines()
    raise CallError(f"the embedded server of {file} did not start: {' '.join(said[-1:])}", "unreachable")


def _knock(place: Path) -> tuple[socket.socket, str] | None:
    """The connection and the URL it brings; None where no host listens, or one that is about to end."""
    door = socket.socket(socket.AF_UNIX)
    door.settimeout(_GREETING)
    try:
        door.connect(str(place))
        with door.makefile() as lines:
            url = lines.readline().strip()
    except OSError:
        url = ""
    if not url:
        door.close()
        return None
    door.settimeout(None)
    return door, url


def _alive(door: socket.socket) -> bool:
    """A host that has ended closes the connection, which then reads as empty."""
    try:
        return door.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
