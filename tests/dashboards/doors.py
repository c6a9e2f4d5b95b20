"""Stores that real matches were played into."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lab import at, happened

from arena.experiment import Experiment, read
from arena.store import read as reading
from arena.store.db import Store, connect
from arena.wire import Wire
from arena.work import EVERY, Ask, Job

HOSTILE = (
    "$mine! <script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\"> "
    "![spy](https://example.invalid/spy.png) $x^2$ :red[loud] \u202eesrever " + "w" * 800 + " "
    "<quote>the door is</quote> then <quote>no such words</quote>"
)


def experiment(folder: Path, **changes: Any) -> Experiment:
    """Six questions about doors on three sources; the debaters are hostile to browsers."""
    lines = [
        {"question": f"Door {i}?", "answers": ["red", "blue"], "correct": i % 2, "source": f"{i // 2}", "passage": text}
        for i, text in enumerate(f"Here the door is {('red', 'blue')[i % 2]}." for i in range(6))
    ]
    file = folder / "doors.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    speaker = {"use": "scripted", "lines": [HOSTILE]}
    model = {"use": "scripted", "otherwise": '{"A": 0.75, "B": 0.25}'}
    plan = {
        "name": "doors",
        "tasks": [{"use": "file", "path": str(file)}],
        "protocols": ["direct", "expert", {"use": "debate", "rounds": 2}, "consultancy"],
        "agents": [{"debater": speaker, "consultant": speaker}],
        "judges": [{"use": "scripted", "rule": "passage"}, {"use": "stated", "model": model}],
    }
    return read({**plan, **changes}, file)


async def finish(store: Store, plan: Experiment, first: int | None) -> None:
    matches = [(i, task, match) for i, (task, match) in enumerate(plan.matches())]
    rulings = sum(len(match.orders) for _, _, match in matches) * len(plan.judges)
    store.add(store.start(plan, (len(matches), rulings), {}), matches)
    async with Wire():
        for _, _, match in matches[:first]:
            when = (EVERY, 0) if plan.beliefs else (0,)
            asks = tuple(
                Ask(judge=judge, order=order, round=number)
                for judge in plan.judges
                for order in match.orders
                for number in when
            )
            store.save(plan.id, await happened(Job(match=match, asks=asks)))


def played(folder: Path, first: int | None = None, **changes: Any) -> Path:
    """A store in which the `first` matches of an experiment were played: all of them by default."""
    file = folder / "arena.db"
    made = finish(Store(connect(at(folder))), experiment(folder, **changes), first)
    with ThreadPoolExecutor(1) as thread:  # Playwright has a loop of its own in the main one
        thread.submit(asyncio.run, made).result()
    return file


def keys(store: Path | str, label: str) -> list[str]:
    """The matches of the protocols that are called so, in the order of the plan."""
    engine = connect(str(store), create=False)
    return [row["key"] for row in reading.listing(engine, reading.run_id(engine, None)) if label in row["label"]]
