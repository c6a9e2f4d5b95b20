"""Writes a run out for other tools: rulings, beliefs, transcripts, calls or questions as CSV, JSON Lines or Parquet.

Rows come in the order of the experiment and hold no clock time, so that an experiment whose models are deterministic
exports the same bytes on every machine. Calls are the exception: they record when and how long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Engine

from arena.errors import ConfigError, choices
from arena.match import ordered
from arena.store import read

What = Literal["rulings", "beliefs", "transcripts", "calls"]
FORMATS = ("csv", "jsonl", "parquet")


def export(engine: Engine, run: str, what: What, target: Path) -> int:
    """Write `what` of a run in the format of the file's ending; the number of rows. Raises ConfigError for others."""
    ending = target.suffix.removeprefix(".")
    if ending not in FORMATS:
        raise ConfigError(f"{target}: unknown ending {ending!r}; {choices(ending, FORMATS)}")
    rows = list(_rows(engine, run, what))
    part = target.with_name(f".{target.name}.part")
    try:
        _write(rows, part, ending)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ConfigError(f"{target}: {error.strerror or error}") from None
    return len(rows)


def _rows(engine: Engine, run: str, what: What) -> Iterator[dict[str, Any]]:
    if what in {"rulings", "beliefs"}:
        hidden = {"seconds"} if what == "beliefs" else {"seconds", "after"}
        for record in read.records(engine, run) if what == "rulings" else read.beliefs(engine, run):
            row = record._asdict() | {"score": record.score}
            yield {name: value for name, value in row.items() if name not in hidden}
    elif what == "calls":
        yield from read.calls(engine, run, bodies=True)
    else:
        for line in read.listing(engine, run):
            yield _transcript(read.kept(engine, line["key"]))


def _transcript(kept: read.Kept) -> dict[str, Any]:
    match = kept.match
    turns = [t.model_dump(mode="json", exclude={"usage"}) for t in ordered(match.protocol, kept.turns)]
    return {
        "match": match.key,
        "protocol": match.protocol.label,
        "arm": match.arm(kept.turns),
        "repeat": match.repeat,
        "question": match.question.model_dump(mode="json"),
        "shown": list(match.shown),
        "defends": match.defends,
        "over": kept.over,
        "turns": turns,
    }


def _write(rows: list[dict[str, Any]], target: Path, ending: str) -> None:
    if ending == "jsonl":
        lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
        target.write_text("".join(lines), encoding="utf-8")
        return
    flat = pd.DataFrame([{name: _cell(value) for name, value in row.items()} for row in rows])
    if ending == "csv":
        flat.to_csv(target, index=False)
    else:
        flat.to_parquet(target, index=False)


def _cell(value: Any) -> Any:
    """Tables have no nested values: those become JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if isinstance(value, list | dict | tuple) else value
