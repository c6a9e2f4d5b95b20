from __future__ import annotations

from pathlib import Path

import pytest
from lab import play

from arena.plugin import find, names
from arena.run import Exit
from arena.store import db, read

MODEL = {"use": "local", "model": "smollm2-135m", "context": 4096, "exact": True, "concurrency": 1}
"""One call at a time repeats its texts: a small model that is batched now and then writes what cannot be read."""
SHORT = {"rounds": 2, "words": 8, "depth": 2, "branching": 2, "block": 5, "order": 2}
"""Small values for the fields that a protocol has of these."""
TASKS = {
    "nway": {"use": "passages", "questions": 1, "people": 3, "facts": 2, "choices": 3},
    "doubly_efficient": {"use": "computation", "questions": 1, "steps": 10},
}
PASSAGE = {"use": "passages", "questions": 1, "people": 2, "facts": 2}


@pytest.mark.xdist_group("embedded")
@pytest.mark.parametrize("name", names("protocol"))
def test_with_an_embedded_model_it_is_played_and_judged_to_the_end(name: str, tmp_path: Path) -> None:
    fields = {field: value for field, value in SHORT.items() if field in find("protocol", name).model_fields}
    speaker = {"model": "m", "quotes": "chosen", "max_tokens": 160}
    table = {
        "name": name.replace("_", "-"),
        "models": {"m": MODEL},
        "tasks": [TASKS.get(name, PASSAGE)],
        "protocols": [{"use": name, **fields}],
        "agents": [{"debater": {"use": "debater", **speaker}, "consultant": {"use": "consultant", **speaker}}],
        "judges": [{"use": "token", "model": "m"}],
        "workers": {"matches": 1},
    }
    code, watch = play(table, tmp_path)
    counts = read.counts(db.connect(str(tmp_path / "arena.db")), watch.run)
    assert code is Exit.DONE, [event.failure for event in watch.events if event.failure]
    assert counts.over == counts.planned > 0 and counts.ruled == counts.rulings > 0
    assert counts.unreadable == counts.failed == 0
