"""The process that runs one embedded model: an OpenAI-compatible llama.cpp server that ends with its last user.

Every user process keeps a connection to this process's Unix socket open. The kernel closes a connection when its
process ends, however it ends, so the count of open connections is the count of living users: after Ctrl-C, `kill -9` or
a crash nothing is left behind. Run as `python -m arena.local.host MODEL SOCKET SLOTS CONTEXT`.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from pathlib import Path

GRACE = 5.0
"""Seconds without any user after which the server ends."""
FIRST = 15.0
"""Seconds after loading within which the first user must come: it waits at the door, so a later one was killed."""

_alive: list[object] = []
"""The server, which would stop if nothing referred to it."""


class Users:
    """Counts the open connections."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._left = time.monotonic() + FIRST - GRACE

    def hold(self, connection: socket.socket, url: str) -> None:
        """Tell a user where the server is, then wait until the user is gone."""
        with self._lock:
            self._count += 1
        try:
            connection.sendall(url.encode() + b"\n")
            while connection.recv(64):
                pass
        except OSError:
            pass
        finally:
            connection.close()
            with self._lock:
                self._count -= 1
                self._left = time.monotonic()

    def gone(self) -> bool:
        """True when nobody has been there for the time of grace."""
        with self._lock:
            return self._count == 0 and time.monotonic() - self._left > GRACE


def serve(model: str, place: str, slots: int, context: int) -> None:
    """Load the model, listen, and end with the last user; never returns."""
    url = _start(model, slots, context)
    users = Users()
    door = socket.socket(socket.AF_UNIX)
    Path(place).unlink(missing_ok=True)
    door.bind(place)
    door.listen(64)
    threading.Thread(target=_greet, args=(door, users, url), daemon=True).start()
    while not users.gone():
        time.sleep(0.2)
    Path(place).unlink(missing_ok=True)
    os._exit(0)  # deleting the server object hangs while a request is in flight


def _greet(door: socket.socket, users: Users, url: str) -> None:
    while True:
        connection, _ = door.accept()
        threading.Thread(target=users.hold, args=(connection, url), daemon=True).start()


def _start(model: str, slots: int, context: int) -> str:
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import xllamacpp

    cores = os.cpu_count() or 2
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {Path(model).stem}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.cpuparams.n_threads = max(1, cores // 2)  # with all cores generating, any other process stalls them
    params.cpuparams_batch.n_threads = cores
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    _alive.append(server)
    return str(server.listening_address)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
