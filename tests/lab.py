"""Shared by the tests: experiments as tables and files, playing them in this process, the command line in another."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from postgres import Postgres
from server import Server

from arena import work
from arena.course import Study
from arena.crew import Here
from arena.experiment import read as experiment_of
from arena.judge import Judge
from arena.nouns import JUDGE, Verdict, View
from arena.provider import Call
from arena.run import Driver, Exit
from arena.store import db
from arena.store.open import reach
from arena.wire import Wire
from arena.work import Event, Job

ARENA = Path(sys.executable).with_name("arena")
Table = dict[str, Any]
SERVER: Postgres | None = None
"""Of a test that runs on PostgreSQL; the fixture `both` sets it."""


def decided(judge: Judge, answers: int = 2) -> Verdict:
    """What a judge says of a question with so many answers, `answer 0` the first."""
    view = View(seat=JUDGE, question="Who?", answers=tuple(f"answer {i}" for i in range(answers)))

    async def run() -> Verdict:
        async with Wire():
            return await judge.decide(view)

    return asyncio.run(run())


def dumps(table: Table) -> str:
    """A table as TOML, one top-level key a line."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def modelled(url: str, questions: int = 2, **model: Any) -> Table:
    """A two-round debate and a consultancy before a token judge, all by the model server at `url`."""
    named = {"use": "openai", "base_url": url, "model": "tiny", "key_env": "", "retries": 2, "timeout": 20.0, **model}
    return {
        "name": "t",
        "seed": 3,
        "models": {"m": named},
        "tasks": [{"use": "passages", "questions": questions}],
        "protocols": [{"use": "debate", "rounds": 2, "words": 30}],
        "agents": [{"debater": {"use": "debater", "model": "m"}, "consultant": {"use": "consultant", "model": "m"}}],
        "judges": [{"use": "token", "model": "m", "shots": 0}],
        "workers": {"count": 1, "matches": 2},
    }


def scripted(questions: int = 4) -> Table:
    """Four protocols before two judges, none of which needs a model."""
    said = {"use": "scripted", "lines": ["It is $mine, as <quote>the boat</quote> shows.", "Round $round: $mine."]}
    return {
        "name": "s",
        "seed": 5,
        "tasks": [{"use": "passages", "questions": questions}],
        "protocols": ["direct", "expert", {"use": "consultancy", "words": 20}, {"use": "debate", "rounds": 2}],
        "agents": [{"debater": said, "consultant": said}],
        "judges": [{"use": "scripted", "rule": "passage"}, {"use": "scripted", "rule": "first"}],
    }


def at(folder: Path, store: str = "arena.db") -> str:
    """Where the store of that name in a test's folder is, on the database that the test runs on."""
    return SERVER.store(folder / store) if SERVER else str(folder / store)


def replies(folder: Path, store: str = "arena.db") -> Path:
    """The response cache of that store."""
    return db.replies(reach(at(folder, store), create=True))


class Silent:
    """Watches a run and keeps its events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def begin(self, run: str, matches: int) -> None:
        self.run = run

    def skip(self, matches: int) -> None: ...

    def note(self, job: Job, event: Event) -> None:
        self.events.append(event)

    def finish(self, job: Job, whole: bool) -> None: ...

    def beat(self, figures: dict[str, Any]) -> None: ...


def play(table: Table, folder: Path, store: str = "arena.db") -> tuple[Exit, Silent]:
    """Play a table in this process, in a store of that folder or at a URL; the exit code and the events."""
    experiment = experiment_of(table, folder / "e.toml")
    engine = db.connect(store if "://" in store else at(folder, store))
    watch = Silent()
    width = experiment.workers.count * experiment.workers.matches
    driver = Driver(db.Store(engine), Study(experiment), lambda purse: Here(width, db.replies(engine), purse), watch)
    try:
        return asyncio.run(driver.run()), watch
    finally:
        engine.dispose()


async def happened(job: Job) -> list[Event]:
    """What happens in a match that is played here: its turns, rulings and failures, each with the calls before it."""
    told: list[Event] = []
    await work.play(job, told.append)
    calls: dict[str, tuple[Call, ...]] = {}
    for event in told:
        calls[event.seat] = (*calls.get(event.seat, ()), *event.calls)
    return [
        event.model_copy(update={"seat": seat, "calls": calls.pop(seat, ())})
        for event in told
        if not event.calls and not event.ended
        for seat in [_speaker(event)]
    ]


def _speaker(event: Event) -> str:
    if event.turns:
        return event.turns[0].seat
    told = event.ruling or event.failure
    return f"judge {told.judge}" if told and told.judge else event.failure.seat if event.failure else ""


class Shell:
    """The installed command line, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("ARENA_DB", "FORCE_COLOR", "COLUMNS"))}
        self.env |= {"ARENA_DB": at(folder)} if SERVER else {}
        self._started: list[subprocess.Popen[str]] = []

    def write(self, table: Table, name: str = "e.toml") -> str:
        """Write an experiment file; its name."""
        (self.folder / name).write_text(dumps(table), encoding="utf-8")
        return name

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `arena` to its end."""
        command = [str(ARENA), *words]
        return subprocess.run(
            command, cwd=self.folder, env=self.env | env, capture_output=True, text=True, timeout=120, check=False
        )

    def start(self, *words: str, prefix: Sequence[str] = (), **env: str) -> subprocess.Popen[str]:
        """Start `arena` in a process group of its own."""
        log = (self.folder / "stderr.txt").open("w")
        started = subprocess.Popen(
            [*prefix, str(ARENA), *words],
            cwd=self.folder,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        log.close()
        self._started.append(started)
        return started

    def stderr(self) -> str:
        """What the started process complained of so far."""
        return (self.folder / "stderr.txt").read_text()

    def close(self) -> None:
        """Leave no process behind."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def wait_for(true: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait until something is true, and fail if it does not become so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not true after {seconds} s"
        time.sleep(0.02)


def settle(server: Server, replies: Path, least: int = 1) -> None:
    """Wait until every reply that the server gave before it held back is in the client's cache."""

    def kept() -> int:
        if not replies.exists():
            return 0
        with contextlib.closing(sqlite3.connect(replies, timeout=30)) as cache:
            return int(cache.execute("SELECT count(*) FROM replies").fetchone()[0])

    wait_for(lambda: server.waiting >= least and kept() == server.hold_after, 60)


def clean(done: subprocess.CompletedProcess[str]) -> str:
    """What a failing command printed, which must be messages and no traceback."""
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return done.stderr
