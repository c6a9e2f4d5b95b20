"""Rulings for the tests of statistics: some by hand, many drawn with a planted truth, and how often it is covered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena.metric import Figure, Lost, Sample
from arena.rulings import WHOLE, WORDS, Record, Rulings, Words

RIGHT, WRONG, TIE, UNREADABLE = (0.9, 0.1), (0.1, 0.9), (0.5, 0.5), ()
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def record(source: str, p: tuple[float, ...], question: str = "", order: int = 0, **fields: object) -> Record:
    """A ruling on a question whose first answer is right; a source's only question unless named."""
    known: dict[str, Any] = {
        "run": "run", "match": f"{source} {question} {fields}", "task": "passages", "question": question or source,
        "source": source, "tags": (), "protocol": "debate", "cast": "", "arm": "", "repeat": 0, "judge": "judge",
        "order": order, "state": "read" if p else "unreadable", "p": p, "correct": 0, "prompt_tokens": 0,
        "completion_tokens": 0, "cost": 0.0, "seconds": 0.0, "rounds": 1, "price": 0.0,
    }  # fmt: skip
    return Record(**(known | fields))


def sample(*verdicts: tuple[str, tuple[float, ...]], lost: tuple[str, ...] = ()) -> Sample:
    return Sample([record(*one) for one in verdicts], [Lost(source, source, "", 0) for source in lost])


def judged(chance: Floats, source: Ints, **columns: Any) -> Rulings:
    """A ruling with each probability of the right answer, of two answers, on the source of that number.

    `correct` (default 0) is the right answer's index; other columns are (n,) numbers, and of words (codes, values).
    """
    n = len(chance)
    correct = np.broadcast_to(columns.get("correct", 0), n)
    names = [f"s{i}" for i in range(int(source.max()) + 1)]
    made: dict[str, Any] = {name: Words(np.zeros(n, dtype=np.int64), [""]) for name in WORDS}
    made |= {"state": Words(np.zeros(n, dtype=np.int64), ["read"])}
    made |= {name: Words(np.zeros(n, dtype=np.int64), [()]) for name in ("tags", "argued")}
    made |= {"source": Words(source, names), "question": Words(source, names)}
    made |= {"match": Words(np.arange(n), [f"m{i}" for i in range(n)])}
    made |= {name: np.zeros(n, dtype=np.int64) for name in WHOLE}
    made |= {name: np.zeros(n) for name in ("prompt_tokens", "completion_tokens", "cost", "seconds", "price")}
    for name, value in columns.items():
        made[name] = Words(np.asarray(value[0]), value[1]) if name in WORDS else np.broadcast_to(value, n)
    p = np.stack([np.where(correct == i, chance, 1 - chance) for i in (0, 1)], axis=1)
    return Rulings({**made, "p": p})


def coverage(draw: Callable[[np.random.Generator], Figure], planted: float, experiments: int = 1000) -> float:
    """The share of simulated experiments whose interval holds the planted value; all must have one."""
    rng = np.random.default_rng(2024)
    figures = [draw(rng) for _ in range(experiments)]
    assert all(f.low is not None and f.high is not None for f in figures), figures[0].method
    return float(np.mean([f.low <= planted <= f.high for f in figures]))  # type: ignore[operator]


def interval(figure: Figure) -> tuple[float | None, float | None]:
    return figure.low, figure.high
