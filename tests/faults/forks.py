"""`arena` as a real process that begins with everything imported: a start costs milliseconds and not seconds.

A server of forks, with one thread and no state but imported modules, makes the processes; what is then run is the
installed command's own function, with its own folder, environment, process group and standard error.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "arena.cli",
        "arena.crew",
        "agents.consultant",
        "agents.debater",
        "agents.models.openai",
        "agents.questioner",
        "judges.token",
        "tasks.passages",
        "psycopg",
        *(f"arena.protocols.{name}" for name in ("consultancy", "debate", "double_consultancy")),
    ]
)


class Fork:
    """One process; used as `subprocess.Popen` is."""

    def __init__(self, words: Sequence[str], folder: Path, env: dict[str, str], most: int | None = None) -> None:
        """`most` limits the bytes of each file that it writes."""
        self._process = FORKS.Process(target=_main, args=(list(words), str(folder), env, most), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int | None:
        self._process.join(timeout)
        return self._process.exitcode


def _main(words: list[str], folder: str, env: dict[str, str], most: int | None) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), number)
    if most:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    sys.argv = ["arena", *words]
    sys.path[:] = [place for place in sys.path if "/tests" not in place]
    from arena.cli import main

    main()
