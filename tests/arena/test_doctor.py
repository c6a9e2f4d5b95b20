"""The look over the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import Shell, clean, play, scripted

from arena import plugin
from arena.doctor import examine


def test_every_kind_of_plugin_and_every_model_is_looked_at(tmp_path: Path) -> None:
    found = {finding.what: finding for finding in examine(str(tmp_path / "none.db"))}
    assert {f"{kind} plugins" for kind in plugin.FOLDERS} <= set(found)
    assert {"versions", "machine", "disk here", "model runtime", "model smollm2-135m", "store"} <= set(found)
    assert found["store"].ok and found["store"].found == "none yet"
    assert not (tmp_path / "none.db").exists()


def test_weights_that_are_not_here_are_advice_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_CACHE", str(tmp_path))
    found = {finding.what: finding for finding in examine(str(tmp_path / "none.db"))}
    assert found["model smollm2-135m"].ok
    assert found["model smollm2-135m"].advice == "arena fetch smollm2-135m"


def test_a_store_is_counted_and_its_password_is_not_shown(tmp_path: Path) -> None:
    play(scripted(1), tmp_path)
    store = next(f for f in examine(str(tmp_path / "arena.db")) if f.what == "store")
    assert store.ok and store.found.endswith("arena.db, 1 runs")
    store = next(f for f in examine("nothing://me:secret@host/db") if f.what == "store")
    assert not store.ok and "secret" not in store.found


def test_a_fault_exits_with_2_and_says_what_it_is(shell: Shell) -> None:
    (shell.folder / "arena.db").write_text("this is no database " * 100)
    done = shell.run("doctor", "--json")
    assert done.returncode == 2
    assert clean(done) == ""
    [wrong] = [finding for finding in json.loads(done.stdout) if not finding["ok"]]
    assert wrong["what"] == "store" and "not a database" in wrong["found"]
