"""Makes a large store without playing it: by default 1,000,000 rulings in 50 runs, for the times of the dashboard.

Every run has its own questions, each under four protocols (a consultancy in both arms), before two judges in both
orders: twenty rulings a question. The rows are as the arena writes them, with the specifications of real matches; what
was said is short. Judges are right more often with more help, by a skill drawn for each question, so that the
statistics have something to find. Only SQLite, since rows go in by its own driver.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from arena.experiment import Experiment, read
from arena.match import Match
from arena.nouns import Quote, Turn, Usage
from arena.plugin import key
from arena.store import schema
from arena.store.db import Store, connect

SKILL = {"direct": 0.5, "expert": 0.9, "consultancy": 0.6, "debate": 0.72}
"""How often a judge is right under each protocol, on average."""
EACH = 20
"""Rulings a question."""
QUOTE = Quote(text="the boat lay in the harbour", verified=False)
USAGE = Usage(calls=1, prompt=900, completion=60, cost=0.0002, seconds=0.8)
READ = Usage(calls=1, prompt=700, completion=1, cost=0.0001, seconds=0.3).model_dump_json()
WORDS = "It is so, since the passage says it: <quote>the boat lay in the harbour</quote>. " * 4

Row = tuple[Any, ...]


def experiment(number: int, questions: int) -> Experiment:
    """The run of that number."""
    table = {
        "name": f"study-{number}",
        "seed": number,
        "tasks": [{"use": "passages", "questions": questions}],
        "protocols": ["direct", "expert", "consultancy", {"use": "debate", "rounds": 2}],
        "agents": [{name: {"use": name, "model": "scripted"} for name in ("debater", "consultant")}],
        "judges": [{"use": "scripted", "rule": "passage"}, {"use": "scripted", "rule": "first"}],
    }
    return read(table, Path("million.toml"))


def make(path: Path, runs: int, rulings: int) -> None:
    """Write the store."""
    store = Store(connect(str(path)))
    questions = max(1, rulings // runs // EACH)
    plans = [experiment(number, questions) for number in range(runs)]
    for plan in plans:
        store.start(plan, (5 * questions, EACH * questions), {})
    store.engine.dispose()
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("PRAGMA foreign_keys=OFF")
    db.execute("PRAGMA cache_size=-1000000")  # KiB: keys are scattered over their indexes
    for number, plan in enumerate(plans):
        _fill(db, number, plan, questions)
        db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _fill(db: sqlite3.Connection, number: int, plan: Experiment, questions: int) -> None:
    """One run."""
    first = next(iter(plan.tasks[0].stream(plan.seed)))
    passage = key(first.passage)
    db.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (passage, first.passage))
    parts = [_part(match) for match in _samples(experiment(number, 1))]
    run, judges = plan.id, [key(judge) for judge in plan.judges]
    draw = Random(number)
    rows: dict[str, list[Row]] = {t: [] for t in ("questions", "matches", "played", "turns", "rulings", "calls")}
    for i in range(questions):
        question, correct, skill = _key("question", number, i), draw.randrange(2), draw.gauss(0, 0.12)
        text, answers = f"{first.text} ({i})", json.dumps(first.answers[:2])
        rows["questions"].append(
            (question, f"q{i}", "passages", f"source {i // 2}", text, answers, correct, "[]", passage)
        )
        for j, part in enumerate(parts):
            name = _key("match", number, i, j)
            rows["matches"].append((name, question, *part.facts, json.dumps(part.sides(correct)), part.spec, 1))
            rows["played"].append((run, name, 5 * i + j))
            rows["turns"] += [(name, *turn) for turn in part.turns]
            rows["calls"] += [_call(run, name, turn[0], turn[4]) for turn in part.turns]
            for judge, order in product(judges, (0, 1)):
                rows["rulings"].append(_ruling(draw, name, judge, order, (part.skill + skill, correct)))
                rows["calls"].append(_call(run, name, f"judge {judge}", order))
    for table, values in rows.items():
        _insert(db, table, values)


class Part(NamedTuple):
    """What all matches of one protocol and arm have in common."""

    facts: Row
    """From `protocol` to `shown`."""
    seats: tuple[str, ...]
    arm: str
    spec: str
    turns: tuple[Row, ...]
    """Without the match."""
    skill: float
    """How often a judge is right."""

    def sides(self, correct: int) -> dict[str, int]:
        """Seat -> the answer that it defends."""
        if self.arm:
            return {self.seats[0]: correct if self.arm == "right" else 1 - correct}
        return {seat: i for i, seat in enumerate(self.seats)}


def _part(match: Match) -> Part:
    seats, protocol = tuple(match.defends), match.protocol
    cast = next((agent.label for agent in match.agents.values()), "")
    facts = (protocol.name, protocol.label, cast, match.arm(), 0, "[0, 1]")
    spec = match.model_dump_json(include={"protocol", "agents", "branch"})
    return Part(facts, seats, match.arm(), spec, tuple(_turns(match)), SKILL[protocol.name])


def _samples(plan: Experiment) -> list[Match]:
    """A match of each protocol and arm."""
    found: dict[tuple[str, str], Match] = {}
    for _, match in plan.matches():
        found.setdefault((match.protocol.name, match.arm()), match)
        if len(found) == 5:
            break
    return list(found.values())


def _insert(db: sqlite3.Connection, table: str, values: list[Row]) -> None:
    """By the names of the columns, without those that the database fills."""
    names = [c.name for c in schema.metadata.tables[table].columns if not (table == "calls" and c.name == "id")]
    columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608 - our own names


def _turns(match: Match) -> Iterator[Row]:
    seats = list(match.defends)
    for number in range(getattr(match.protocol, "rounds", 1) * len(seats)):
        seat, at = seats[number % len(seats)], number // len(seats)
        told = Turn(seat=seat, round=at + 1, text=WORDS, quotes=4 * (QUOTE,), after=at * len(seats), usage=USAGE)
        yield seat, told.after, told.round, told.act, number, told.model_dump_json()


def _ruling(draw: Random, match: str, judge: str, order: int, odds: tuple[float, int]) -> Row:
    skill, correct = odds
    if draw.random() < 0.01:
        return match, judge, order, "unreadable", "[]", "neither letter was said", "[]", READ
    sure = 0.5 + draw.random() / 2
    said = sure if draw.random() < skill else 1 - sure
    p = [said, 1 - said] if correct == 0 else [1 - said, said]
    return match, judge, order, "read", json.dumps(p), "", "[]", READ


def _call(run: str, match: str, seat: str, number: int) -> Row:
    uid = _key(run, match, seat, number)
    sent = ("scripted", "scripted", "scripted-1", "http://127.0.0.1/v1", 200, "stop", 700, 1, 0.0001, 0.3)
    return (uid, run, match, seat, uid, *sent, 0, 0, 1.7e9, "", 1.7e9)


def _key(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:32]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--rulings", type=int, default=1_000_000)
    asked = parser.parse_args()
    began = time.monotonic()
    make(asked.path, asked.runs, asked.rulings)
    print(f"{asked.path}: {asked.path.stat().st_size / 2**30:.1f} GiB in {time.monotonic() - began:.0f} s")
