"""Power: statsmodels on the same numbers, simulation, what `arena plan` prints."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import judged
from lab import Shell, at, clean, play, scripted
from scipy import stats
from statsmodels.stats.power import TTestPower

from arena.compare import compare
from arena.errors import ConfigError
from arena.experiment import read as experiment_of
from arena.forecast import piloted
from arena.metric import Sample
from arena.plan import plan
from arena.power import needed, observed, power, smallest, spread
from arena.store import db


@pytest.mark.parametrize("sources", [5, 20, 500])
def test_the_smallest_difference_is_the_one_that_statsmodels_solves_for(sources: int) -> None:
    wanted = TTestPower().solve_power(nobs=sources, alpha=0.05, power=0.8)
    assert smallest(sources, 0.5) == pytest.approx(0.5 * wanted, rel=1e-4)


def test_the_sources_that_a_difference_needs_show_it_and_one_less_does_not() -> None:
    assert needed(0.1, 0.5) == math.ceil(TTestPower().solve_power(effect_size=0.2, alpha=0.05, power=0.8)) == 199
    for difference in (0.02, 0.1, 0.4):
        count = needed(difference, 0.5)
        assert (smallest(count, 0.5) or 0) <= difference < (smallest(count - 1, 0.5) or 2)


def test_one_source_shows_nothing_and_a_spread_of_zero_is_refused() -> None:
    assert smallest(1, 0.5) is None
    for wrong in ((0.1, 0.0), (0.0, 0.5)):
        with pytest.raises(ConfigError, match="above 0"):
            power(20, wrong[1], wrong[0], basis="")


def test_a_family_needs_more_sources() -> None:
    made = power(100, 0.5, 0.1, family=5, basis="")
    assert made.smallest_holm == pytest.approx(smallest(100, 0.5, 0.01))
    assert made.needed_holm == needed(0.1, 0.5, 0.01) > made.needed


def test_a_stated_spread_is_that_of_two_correlated_verdicts() -> None:
    """Two scores that are right with 0.6 and 0.8, and with covariance 0.3 x the root of their variances."""
    covariance = 0.3 * math.sqrt(0.24 * 0.16)
    both = 0.6 * 0.8 + covariance
    variance = (0.6 - both) + (0.8 - both) - 0.2**2
    assert spread(0.6, 0.8, 0.3) == pytest.approx(math.sqrt(variance))
    with pytest.raises(ConfigError, match="correlation 1"):
        spread(0.6, 0.8, 1.0)


def test_a_pilot_s_spread_is_the_standard_error_times_the_root_of_the_sources() -> None:
    rng = np.random.default_rng(1)
    source = np.arange(30)
    ours, theirs = (Sample(judged(np.where(rng.random(30) < 0.6, 0.9, 0.1), source)) for _ in range(2))
    assert observed(ours, theirs) == (30, pytest.approx(np.std(ours.score - theirs.score, ddof=1)))


def test_the_smallest_difference_is_seen_in_80_of_100_simulated_experiments() -> None:
    """40 sources with one verdict under each protocol, alike by how hard they are."""
    rng = np.random.default_rng(5)
    hard = rng.uniform(0.2, 0.6, (4000, 40))
    effect = 0.3
    for _ in range(20):  # the spread hangs on the difference
        wide = math.sqrt(np.mean((hard + effect) * (1 - hard - effect) + hard * (1 - hard)))
        effect = smallest(40, wide) or 0.0
    ours, theirs = (rng.random(hard.shape) < hard + shift for shift in (effect, 0.0))
    found = stats.ttest_1samp(ours.astype(float) - theirs, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.02)


def guessed(folder: Path, questions: int = 8) -> dict[str, Any]:
    """A run whose judge guesses without the passage."""
    table = scripted(questions) | {"judges": [{"use": "guess.Guesses"}]}
    play(table, folder)
    return table


def test_plan_says_what_can_be_seen_from_stated_figures(shell: Shell) -> None:
    stated = json.loads(shell.run("plan", shell.write(scripted(6)), "--json", "--difference", "0.2").stdout)
    (one,) = stated["power"]
    assert (stated["sources"], one["sources"], one["family"], one["wanted"]) == (6, 6, 6, 0.2)
    printed = shell.run("plan", "e.toml").stdout
    assert "what 6 sources can show in 80 of 100 experiments" in printed and "stated: accuracy 0.7" in printed


def test_a_pilot_gives_the_spread_of_each_pair(tmp_path: Path) -> None:
    made = plan(
        experiment_of(guessed(tmp_path) | {"tasks": [{"use": "passages", "questions": 50}]}, tmp_path / "e.toml")
    )
    engine = db.connect(at(tmp_path))
    seen = piloted(made, engine, "s", 0.1)
    pairs = [pair for pair in compare(engine, "s").pairs if pair.spread]
    assert [(one.protocol, one.spread) for one in seen] == [(pair.protocol, pair.spread) for pair in pairs] != []
    assert {one.sources for one in seen} == {50} and seen[0].basis.startswith("pilot s-")


def test_a_run_without_a_difference_is_no_pilot(tmp_path: Path) -> None:
    play(table := scripted(2), tmp_path)
    with pytest.raises(ConfigError, match="is no pilot"):
        piloted(plan(experiment_of(table, tmp_path / "e.toml")), db.connect(at(tmp_path)), "s", 0.1)


def test_plan_refuses_what_cannot_be(shell: Shell) -> None:
    file = shell.write(scripted(2))
    for option, value, told in (
        ("correlation", "1.5", "correlation 1.5: must be at least -1 and below 1"),
        ("accuracy", "70", "accuracy 70: must be above 0 and below 1"),
        ("difference", "nan", "difference nan: must be above 0 and at most 1"),
    ):
        done = shell.run("plan", file, f"--{option}", value)
        assert done.returncode == 2 and told in clean(done)
    assert "--pilot and --accuracy" in clean(shell.run("plan", file, "--pilot", "s", "--accuracy", "0.8"))


def test_a_comparison_says_what_it_could_have_seen(tmp_path: Path) -> None:
    guessed(tmp_path)
    pairs = compare(db.connect(at(tmp_path)), "s").pairs
    assert {pair.protocol: pair.smallest for pair in pairs}["expert"] is None  # it guesses as it does alone
    assert pairs[-1].smallest == pytest.approx(smallest(8, pairs[-1].spread))
