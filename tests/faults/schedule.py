"""What goes wrong in one run: drawn from a seed, printed in a line, drawn again by the same seed.

Faults of the model server are drawn for each request by what is asked and how often it was asked before, so that they
hang on no clock. Blows (a process killed, a database restarted) fall when the server has got so many requests.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lab import Table, modelled
from server import Fault

LAYOUTS = {"nodes": 1, "local": 1, "postgres": 4, "postgres twins": 2, "twins": 4, "full": 3, "here": 35}
"""Where a run is played, and how many of fifty seeds play there: on a Ray cluster of two nodes, on a Ray of its own, in
one process with its results in PostgreSQL, in two that share them, the same in SQLite, on a disk that fills, in one."""
BLOWS = {
    "nodes": ("node", "worker", "node", "kill"),
    "local": ("worker", "kill"),
    "postgres": ("restart", "restart", "kill"),
    "postgres twins": ("kill", "kill", "restart"),
    "twins": ("kill", "kill", "term"),
    "full": ("full",),
    "here": ("kill", "kill", "kill", "term", "int"),
}
PROTOCOLS: tuple[Table, ...] = (
    {"use": "debate", "rounds": 2, "words": 30},
    {"use": "debate", "rounds": 2, "words": 30, "turns": "sequential"},
    {"use": "consultancy", "words": 20},
    {"use": "consultancy", "rounds": 2, "words": 20},
    {"use": "double_consultancy", "words": 20},
)
RAY = {"nodes", "local"}
"""Where each start takes seconds, so that calls are tried until they work rather than in another start."""
KINDS = ("500", "429", "hang", "cut", "garbage", "drop", "reset")
HANG = 1.0
"""Seconds after which a call that hangs is given up."""


@dataclass(frozen=True)
class Blow:
    """One fault of a process, a database or a disk."""

    what: str
    """`kill`, `term`, `int` of a driver; `worker`, `node`, `restart` of the database, `full` disk."""
    after: int
    """So many requests of the whole schedule."""
    held: bool
    """The server answers nothing beyond them until the blow has fallen, and what it has answered has been kept."""
    which: int
    """Of those that it may hit; for a disk, the KiB that are free."""

    def __str__(self) -> str:
        return f"{self.what} {self.which} after {self.after}{' held' if self.held else ''}"


@dataclass(frozen=True)
class Schedule:
    """`Schedule.drawn(seed)` is always the same."""

    seed: int
    layout: str
    blows: tuple[Blow, ...]
    faults: dict[str, float]
    """Kind -> share of requests."""
    storm: float
    """Share of what is asked that is refused with 429 a few times in a row."""
    experiment: dict[str, Any]
    """What differs between the experiments of schedules."""
    model: dict[str, Any]
    limit: int | None
    """Calls that a start may pay for, until it is reached; on Ray one that never is."""
    asked: Counter[str] = field(default_factory=Counter, compare=False, repr=False)

    @classmethod
    def drawn(cls, seed: int) -> Schedule:
        """The schedule of a seed."""
        draw = Random(seed)
        layout = _layout(seed)
        count = draw.choice((1, 1, 2)) if layout in {"local", "nodes", "full"} else draw.choice((0, 1, 1, 2, 3))
        blows = [_blow(draw, layout, seed // 50 + i) for i in range(count)]
        faults = {kind: draw.choice((0.01, 0.03, 0.06)) for kind in KINDS if draw.random() < 0.3}
        return cls(
            seed=seed,
            layout=layout,
            blows=tuple(sorted(blows, key=lambda blow: blow.after)),
            faults=faults | ({"hang": 0.01} if "hang" in faults else {}),
            storm=draw.choice((0.0, 0.0, 0.05, 0.15)),
            experiment={
                "questions": draw.randint(2, 4),
                "protocols": tuple(draw.sample(PROTOCOLS, 2)),
                "workers": {"count": 2, "matches": draw.randint(1, 4)},
                "beliefs": draw.random() < 0.2,
            },
            model={
                "concurrency": draw.choice((2, 4, 8, 64)),
                "retries": max(draw.choice((1, 3, 3)), 4 if layout in RAY else 0),
            },
            limit=_limit(draw, layout),
        )

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {share:.0%}" for kind, share in self.faults.items())
        told = [f"schedule {self.seed}: {self.layout}", "; ".join(map(str, self.blows)) or "no blow"]
        told += [faults or "no fault", f"storm {self.storm:.0%}", f"limit {self.limit}", str(self.experiment)]
        return " | ".join([*told, str(self.model)])

    @property
    def width(self) -> int:
        """Calls that matches in play can have in flight: two speakers or two presentations each, and their beliefs."""
        workers = self.experiment["workers"]
        return int(workers["count"] * workers["matches"]) * (6 if self.experiment["beliefs"] else 2)

    def table(self, url: str) -> Table:
        """The experiment, with its models at `url`."""
        how = dict(self.experiment)
        table = modelled(url, how.pop("questions"), timeout=HANG, **self.model)
        asker = {"use": "questioner", "model": "m"}
        return table | how | {"agents": [table["agents"][0] | {"questioner": asker}]}

    def choose(self, body: dict[str, Any]) -> Fault | None:
        """What goes wrong with a request, for `Server.choose`."""
        text = json.dumps(body, sort_keys=True)
        attempt = self.asked[text]
        self.asked[text] += 1
        storm = Random(f"{self.seed} storm {text}")
        if storm.random() < self.storm and attempt < storm.randint(1, 2):
            return Fault("429", storm.choice((None, 0, 0.2)))
        draw = Random(f"{self.seed} {attempt} {text}")
        return next((Fault(kind) for kind, share in self.faults.items() if draw.random() < share), None)


def _layout(seed: int) -> str:
    """Each block of fifty seeds has every layout as often as LAYOUTS says."""
    names = [name for name, count in LAYOUTS.items() for _ in range(count)]
    return names[seed * 7 % len(names)]  # 7 and 50 have no common factor: all places come, well mixed


def _limit(draw: Random, layout: str) -> int | None:
    if layout in RAY:
        return draw.choice((None, 1_000_000))
    return draw.randint(5, 25) if layout == "here" and draw.random() < 0.1 else None


def _blow(draw: Random, layout: str, number: int) -> Blow:
    """Where few schedules are played, each kind of blow comes in its turn."""
    kinds = BLOWS[layout]
    return Blow(
        what=kinds[number % len(kinds)] if layout in RAY else draw.choice(kinds),
        after=draw.randint(1, 40),
        held=draw.random() < 0.4,
        which=draw.randint(150, 900) if layout == "full" else draw.randint(0, 1),
    )
