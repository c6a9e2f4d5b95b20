from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, clean, play, scripted

from arena.errors import ConfigError, Unreadable
from arena.export import export
from arena.nouns import JUDGE, View
from arena.store import db, read
from judges.recorded import Recorded


def exported(folder: Path) -> str:
    engine = db.connect(str(folder / "arena.db"), create=False)
    export(engine, read.run_id(engine, None), "transcripts", folder / "said.jsonl")
    return str(folder / "said.jsonl")


def rulings(folder: Path, store: str) -> list[tuple[str, str, int, str, tuple[float, ...]]]:
    engine = db.connect(str(folder / store), create=False)
    return [(r.question, r.protocol, r.order, r.arm, r.p) for r in read.records(engine, read.run_id(engine, None))]


def test_verdicts_of_an_export_are_given_again(tmp_path: Path) -> None:
    table = {**scripted(2), "judges": [{"use": "scripted", "rule": "first", "confidence": 0.8}]}
    play(table, tmp_path)
    judge = {"use": "recorded", "judge": "scripted(first, confidence=0.8)", "path": exported(tmp_path)}
    play({**table, "name": "again", "judges": [judge]}, tmp_path, "two.db")
    assert rulings(tmp_path, "two.db") == rulings(tmp_path, "arena.db") != []


def test_two_verdicts_that_differ_are_told_apart_by_the_protocol(tmp_path: Path) -> None:
    play({**scripted(1), "judges": [{"use": "scripted", "rule": "first"}]}, tmp_path)
    path = Path(exported(tmp_path))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    direct, expert = (next(line for line in lines if line["protocol"] == name) for name in ("direct", "expert"))
    expert["rulings"][0]["p"] = [0.25, 0.75]
    path.write_text("".join(json.dumps(line) + "\n" for line in (direct, expert)))
    answers = tuple(direct["question"]["answers"][i] for i in direct["shown"])
    view = View(seat=JUDGE, question=direct["question"]["text"], answers=answers)
    said = {"judge": "scripted(first)", "path": str(path)}
    with pytest.raises(Unreadable, match="2 verdicts of"):
        asyncio.run(Recorded(**said).decide(view))
    p = asyncio.run(Recorded(**said, protocol="expert").decide(view)).p
    assert p == tuple([0.25, 0.75][i] for i in direct["shown"])


@pytest.mark.parametrize("change", [{"judge": "nobody"}, {"judge": "scripted(passage)", "turns": True}])
def test_what_was_never_judged_has_no_verdict(change: dict[str, Any], tmp_path: Path) -> None:
    play({**scripted(1), "protocols": [scripted()["protocols"][3]], "judges": [scripted()["judges"][0]]}, tmp_path)
    row = json.loads(Path(path := exported(tmp_path)).read_text().splitlines()[-1])
    answers = tuple(row["question"]["answers"][i] for i in row["shown"])
    told = [] if "turns" in change else row["turns"]
    turns = tuple({k: turn[k] for k in ("seat", "round", "act", "text")} for turn in told)
    view = View.model_validate({"seat": JUDGE, "question": row["question"]["text"], "answers": answers, "turns": turns})
    with pytest.raises(Unreadable, match="no verdicts of"):
        asyncio.run(Recorded(judge=change["judge"], path=path).decide(view))


def test_without_a_file_it_says_so_and_an_experiment_stops(shell: Shell) -> None:
    with pytest.raises(ConfigError, match="no path"):
        asyncio.run(Recorded().decide(View(seat=JUDGE, question="?", answers=("a", "b"))))
    file = shell.write({**scripted(1), "judges": ["recorded"]})
    done = shell.run("run", file, "--here")
    assert done.returncode == 2 and "recorded: no path" in clean(done)
