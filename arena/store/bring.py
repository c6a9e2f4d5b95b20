"""A run that was played elsewhere comes into the store, in one transaction; the same again changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, select

from arena.enact import UNKNOWN
from arena.errors import StoreError
from arena.importer import Judgement
from arena.judge import Judge
from arena.match import Match
from arena.nouns import Turn
from arena.store import rows, schema
from arena.store.open import guarded, shown
from arena.store.write import insert

_SOME = 400
"""Matches asked for at once: a statement has only so many parameters."""


class Entry(NamedTuple):
    """A match with all that came of it."""

    match: Match
    turns: tuple[Turn, ...]
    over: bool
    judged: tuple[Judgement, ...]


class Whole(NamedTuple):
    """A run as it is to be."""

    id: str
    name: str
    task: str
    """The name of the task that its questions are of."""
    config: dict[str, Any]
    provenance: dict[str, Any]
    entries: Sequence[Entry]

    @property
    def judges(self) -> dict[str, Judge]:
        """Key -> judge, in the order in which they first judged."""
        return {one.name: one.judge for entry in self.entries for one in entry.judged}


def bring(engine: Engine, run: Whole) -> bool:
    """Keep the run; whether it is new. Raises StoreError, and keeps nothing, where the store holds other verdicts."""
    where = shown(engine.url.render_as_string(hide_password=True))
    found = _rows(run)
    with guarded(where), engine.execution_options(writes=True).begin() as db:
        known = db.scalar(select(schema.runs.c.id).where(schema.runs.c.id == run.id))
        for table in (schema.rulings, schema.beliefs):
            _agree(db, table, found[table], where)
        for table, values in found.items():
            insert(db, table, values)
    return known is None


def _rows(run: Whole) -> dict[Table, list[dict[str, Any]]]:
    """Every row, in the order of the references."""
    made = rows.matches(run.id, [(i, run.task, entry.match) for i, entry in enumerate(run.entries)])
    for row, entry in zip(made[schema.matches], run.entries, strict=True):
        row |= {"over": entry.over, "arm": entry.match.arm(entry.turns)}
    judges = run.judges
    seats = [
        {"run": run.id, "judge": name, "position": i, "label": label}
        for i, (name, label) in enumerate(zip(judges, rows.apart(list(judges.values())), strict=True))
    ]
    verdicts = [row for entry in run.entries for row in _judged(entry)]
    rulings = [{k: v for k, v in row.items() if k != "round"} for row in verdicts if row["round"] is None]
    head = {
        "id": run.id,
        "name": run.name,
        "created": time.time(),
        "planned": len(run.entries),
        "rulings": len(rulings),
        "config": {**run.config, "each": sum(len(entry.match.orders) for entry in run.entries if entry.over)},
        "provenance": run.provenance,
    }
    return {
        schema.runs: [head],
        schema.judges: seats,
        **made,
        schema.turns: [row for entry in run.entries for row in _turns(entry)],
        schema.rulings: rulings,
        schema.beliefs: [row for row in verdicts if row["round"] is not None],
    }


def _turns(entry: Entry) -> Iterator[dict[str, Any]]:
    for number, turn in enumerate(entry.turns):
        told = turn.model_dump(include={"seat", "round", "act", "after"})
        yield {**told, "match": entry.match.key, "number": number, "body": turn.model_dump(mode="json")}


def _judged(entry: Entry) -> Iterator[dict[str, Any]]:
    """Rulings, whose round is None, and beliefs."""
    usage = UNKNOWN.model_dump(mode="json")
    for one in entry.judged:
        yield {
            "match": entry.match.key,
            "judge": one.name,
            "order": one.order,
            "round": one.after,
            "state": "read" if one.p else "unreadable",
            "p": list(one.p),
            "reason": one.reason,
            "flags": list(one.flags),
            "usage": usage,
        }


def _agree(db: Connection, table: Table, wanted: Sequence[dict[str, Any]], where: str) -> None:
    """Raise StoreError for a verdict that is there already and is another one."""
    names = [column.name for column in table.primary_key]
    ours = {tuple(row[name] for name in names): row for row in wanted}
    matches = sorted({row["match"] for row in wanted})
    for start in range(0, len(matches), _SOME):
        some = select(table).where(table.c.match.in_(matches[start : start + _SOME]))
        for row in db.execute(some).mappings():
            mine = ours.get(tuple(row[name] for name in names))
            if mine is not None and (mine["state"], mine["p"]) != (row["state"], row["p"]):
                raise StoreError(
                    f"{where} holds another verdict of the judge {row['judge'][:12]} on the match {row['match'][:12]}: "
                    f"{row['p'] or row['reason']!r}, and not {mine['p'] or mine['reason']!r}; import into another store"
                )
