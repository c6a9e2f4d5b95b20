"""The benchmarks run: short, their figures of no meaning here, but all there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def run(name: str, *words: str) -> Any:
    """What a benchmark prints for scripts."""
    command = [sys.executable, str(BENCH / name), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.xdist_group("ray")
def test_throughput_is_measured_on_ray_and_of_a_bare_loop() -> None:
    (level,) = run("throughput.py", "--quick")["levels"]
    assert level["arena"]["calls"] % 5 == 0
    assert set(level["arena"]["cpu"]) == {"driver", "workers", "other"}
    assert level["arena"]["steady"] > 0 < level["bare"]["steady"]


def test_growth_is_measured() -> None:
    few, more = run("growth.py", "--quick")
    assert more["matches"] == 2 * few["matches"]
    assert more["store"] > few["store"] > 0 < few["mib"]


def test_statistics_are_timed_against_their_goals() -> None:
    found = run("estimates.py", "--quick")
    resampled, compared, commanded = found["times"]
    assert resampled["what"] == "bootstrap, 500 resamples of 100 sources" and resampled["goal"] == 1
    assert compared["goal"] == 2 and compared["seconds"] > 0 < commanded["seconds"] and found["bytes"] > 0


@pytest.mark.skipif(os.environ.get("ARENA_NO_BROWSER") == "1", reason="ARENA_NO_BROWSER=1")
def test_every_page_is_opened_on_a_store_that_was_made_for_it(tmp_path: Path) -> None:
    seen = run("pages.py", "--json", "--store", str(tmp_path / "some.db"), "--runs", "2", "--rulings", "800")
    assert [one["name"] for one in seen] == ["run list", "comparison", "first transcript"]
    assert all(one["cold"] > 0 < one["warm"] and one["memory"] > 0 for one in seen)
