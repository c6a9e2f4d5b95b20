"""How much of what a prefix cache could spare the embedded server does: reused / reusable prompt tokens, and time.

A three-round debate is played twice with the same model and the same questions, with reuse of prompts on and off. The
yardstick is a perfect prefix cache: it holds every prompt and reply of the run that was complete before a call began,
and spares the longest beginning that the call's prompt shares with any of them. Run by `make bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from arena.course import Study
from arena.crew import Here
from arena.experiment import Experiment, read
from arena.provider import Call
from arena.run import Driver
from arena.store import db
from arena.work import Event, Job


class Spent(NamedTuple):
    """What one run took."""

    calls: list[Call]
    seconds: float


class Reuse(NamedTuple):
    """Prompt tokens of a run."""

    prompt: int
    reusable: int
    """By a perfect prefix cache."""
    reused: int
    """By the server."""


class Notes:
    """Watches a run and keeps its calls."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def begin(self, run: str, matches: int) -> None: ...

    def skip(self, matches: int) -> None: ...

    def note(self, job: Job, event: Event) -> None:
        self.calls += event.calls

    def finish(self, job: Job, whole: bool) -> None: ...

    def beat(self, figures: dict[str, Any]) -> None: ...


def experiment(model: str, questions: int, exact: bool, place: Path) -> Experiment:
    """A debate of three rounds before a judge who is asked in both orders, all by one model."""
    named = {"use": "local", "model": model, "context": 4096, "exact": exact}
    speaker = {"use": "debater", "model": "m", "quotes": "chosen", "max_tokens": 120}
    table = {
        "name": "prefix",
        "models": {"m": named},
        "tasks": [{"use": "passages", "questions": questions, "people": 6, "facts": 4}],
        "protocols": [{"use": "debate", "rounds": 3, "words": 40}],
        "agents": [{"debater": speaker}],
        "judges": [{"use": "token", "model": "m"}],
        "workers": {"count": 1, "matches": 2},
    }
    return read(table, place / "prefix.toml")


def play(one: Experiment) -> tuple[Spent, str]:
    """Play in this process, in a store of its own; what it took, and where the server is."""
    notes = Notes()
    with tempfile.TemporaryDirectory() as folder:
        engine = db.connect(str(Path(folder) / "arena.db"))
        width = one.workers.count * one.workers.matches
        driver = Driver(db.Store(engine), Study(one), lambda purse: Here(width, db.replies(engine), purse), notes)
        origin = asyncio.run(one.providers()[0].origin())  # loading the model is not what is measured
        started = time.perf_counter()
        asyncio.run(driver.run())
        seconds = time.perf_counter() - started
        engine.dispose()
    return Spent(notes.calls, seconds), origin.removesuffix("/v1")


def tokens(server: httpx.Client, messages: list[dict[str, str]], reply: str) -> tuple[list[int], list[int]]:
    """The tokens of a prompt, and those of prompt and reply together."""
    text = server.post("/apply-template", json={"messages": messages}).json()["prompt"]
    asked, whole = (
        server.post("/tokenize", json={"content": t, "add_special": True, "parse_special": True}).json()["tokens"]
        for t in (text, text + reply)
    )
    return asked, whole


def measure(spent: Spent, origin: str) -> Reuse:
    """Compare what was reused with what could have been."""
    done: list[tuple[float, list[int]]] = []
    prompt = reusable = reused = 0
    with httpx.Client(base_url=origin, timeout=60) as server:
        for call in sorted(spent.calls, key=lambda call: call.started):
            sent, got = json.loads(call.request), json.loads(call.reply)
            asked, whole = tokens(server, sent["messages"], got["choices"][0]["message"]["content"] or "")
            before = [other for ended, other in done if ended <= call.started]
            prompt += len(asked)
            reusable += max((shared(asked, other) for other in before), default=0)
            reused += _cached(got)
            done.append((call.started + call.latency, whole))
    return Reuse(prompt, reusable, reused)


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _cached(reply: dict[str, Any]) -> int:
    return int(reply["usage"].get("prompt_tokens_details", {}).get("cached_tokens", 0))


def main() -> None:
    """Print both runs side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--questions", type=int, default=6)
    asked = parser.parse_args()
    found = {}
    for exact in (False, True):
        spent, origin = play(experiment(asked.model, asked.questions, exact, Path()))
        found[exact] = spent, measure(spent, origin)
    (on, reuse), (off, none) = found[False], found[True]
    print(f"three-round debates with {asked.model}: {asked.questions} questions, {len(on.calls)} calls, both orders")
    print(f"prompt tokens {reuse.prompt:,}; a perfect prefix cache could reuse {reuse.reusable:,}")
    print(f"reused {reuse.reused:,} of them: {reuse.reused / reuse.reusable:.1%} (with reuse off: {none.reused:,})")
    times = off.seconds / on.seconds
    print(f"seconds {on.seconds:.1f} with reuse, {off.seconds:.1f} without: {times:.2f} times as long")


if __name__ == "__main__":
    main()
