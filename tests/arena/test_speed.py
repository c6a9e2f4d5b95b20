"""A run of 20,000 rulings is compared within two seconds of the processor's time, and takes little memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from agents.scripted import Scripted
from arena.compare import compare
from arena.protocol import Protocol
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct
from arena.protocols.expert import Expert
from arena.store import read
from arena.store import schema as s
from arena.store.db import connect

QUESTIONS, RIGHT = 2000, 0.7
USAGE = {"calls": 1, "prompt": 600, "completion": 5, "cost": 0.001, "seconds": 0.5}
SIDES: dict[str, list[tuple[str, dict[str, int]]]] = {
    "direct": [("", {})],
    "expert": [("", {})],
    "debate": [("", {"alice": 0, "bob": 1})],
    "consultancy": [("right", {"consultant": 0}), ("wrong", {"consultant": 1})],
}


def rows(rng: np.random.Generator) -> dict[str, list[dict[str, Any]]]:
    """2,000 questions under four protocols in both orders: 10,000 matches."""
    made: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("questions", "matches", "played", "turns", "rulings")
    }
    about = {"task": "passages", "text": "Who?", "answers": ["red", "blue"], "correct": 0, "tags": [], "passage": None}
    protocols: list[Protocol] = [Direct(), Expert(), Debate(), Consultancy()]
    for q in range(QUESTIONS):
        made["questions"].append({"key": f"q{q}", "id": str(q), "source": f"s{q}", **about})
        for protocol in protocols:
            for arm, defends in SIDES[protocol.name]:
                match(made, f"q{q}", protocol, arm, defends, rng)
    return made


def match(
    made: dict[str, list[Any]], q: str, protocol: Protocol, arm: str, defends: dict[str, int], rng: np.random.Generator
) -> None:
    key = f"{q} {protocol.name} {arm}"
    spec = {"protocol": protocol.model_dump(mode="json"), "agents": {seat: Scripted().model_dump() for seat in defends}}
    cast = "scripted" if defends else ""
    names = {"key": key, "question": q, "protocol": protocol.name, "label": protocol.label, "cast": cast, "arm": arm}
    made["matches"].append({**names, "repeat": 0, "shown": [0, 1], "defends": defends, "spec": spec, "over": True})
    made["played"].append({"run": "run", "match": key, "position": len(made["played"])})
    for seat in defends:
        body = {"seat": seat, "round": 1, "text": "word " * 100, "cut": False, "forged": 0, "outcomes": []}
        turn = {"seat": seat, "after": 0, "round": 1, "act": "argue", "number": 0, "body": body}
        made["turns"].append({"match": key, **turn})
    for order in (0, 1):
        p = [0.9, 0.1] if rng.random() < RIGHT else [0.1, 0.9]
        ruling = {"judge": "j", "order": order, "state": "read", "p": p, "reason": "", "flags": [], "usage": USAGE}
        made["rulings"].append({"match": key, **ruling})


@pytest.fixture
def store(tmp_path: Path) -> Engine:
    engine = connect(str(tmp_path / "arena.db"))
    run = {"id": "run", "name": "run", "created": 0.0, "planned": 1, "rulings": 1, "config": {}, "provenance": {}}
    with engine.execution_options(writes=True).begin() as db:
        db.execute(s.runs.insert(), run)
        db.execute(s.judges.insert(), {"run": "run", "judge": "j", "position": 0, "label": "token"})
        for name, some in rows(np.random.default_rng(1)).items():
            db.execute(s.metadata.tables[name].insert(), some)
    return engine


def test_twenty_thousand_rulings_are_compared_in_two_seconds_of_the_processor(store: Engine) -> None:
    compare(store, "run")  # once for what is imported
    began = time.process_time()
    made = compare(store, "run")
    took = time.process_time() - began
    assert sum(row.accuracy.rulings for row in made.rows if not row.arm) == 20_000
    assert all(abs((row.accuracy.value or 0) - RIGHT) < 0.03 for row in made.rows)
    assert took < 2, took


def test_a_ruling_takes_a_few_hundred_bytes(store: Engine) -> None:
    rulings = read.records(store, "run")
    arrays = [rulings.p, *(rulings.whole(name) for name in ("repeat", "order", "correct", "rounds", "first", "after"))]
    arrays += [rulings.number(name) for name in ("prompt_tokens", "completion_tokens", "cost", "seconds", "price")]
    words = [
        rulings.words(name) for name in ("run", "match", "task", "question", "source", "protocol", "judge", "state")
    ]
    assert sum(one.nbytes for one in arrays) + sum(one.codes.nbytes for one in words) < 300 * len(rulings)
    assert [len(one.values) for one in words] == [1, 10_000, 1, QUESTIONS, QUESTIONS, 4, 1, 1]
