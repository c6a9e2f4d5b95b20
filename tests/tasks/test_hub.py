from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from arena.errors import ConfigError
from tasks.hub import Hub


def test_without_the_library_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ConfigError, match="pip install datasets"):
        Hub(path="owner/name").stream(0)


def test_a_local_folder_is_read_with_columns_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    (tmp_path / "set").mkdir()
    rows = [{"q": f"Which is {n}?", "options": ["x", "y", "z"], "label": n % 3} for n in range(4)]
    (tmp_path / "set" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = Hub(path=str(tmp_path / "set"), question="q", answers="options", correct="label", choices=2)
    assert [question.id for question in task.read()] == ["1", "2", "3", "4"]
    assert [q.answers[q.correct] for q in task.read()] == ["x", "y", "z", "x"]


def test_an_unknown_split_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "Q"}\n')
    with pytest.raises(ConfigError, match="split 'tset', cannot be loaded"):
        Hub(path=str(tmp_path), split="tset").stream(0)
