"""Biases of judges: what a blind judge shows, planted effects, and what is counted of speeches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from drawn import coverage, judged
from lab import at, play, scripted

from arena import bias as module
from arena.bias import Bias, Speech, biases, measured, speeches
from arena.metric import Figure, Sample
from arena.store import db, read

FIRST = {"use": "scripted", "rule": "first"}
DEBATES = ["direct", "debate", {"use": "debate", "turns": "sequential", "rounds": 2}]


def found(folder: Path, **changes: Any) -> dict[tuple[str, str], Bias]:
    play(scripted(8) | {"protocols": DEBATES, "judges": [FIRST], **changes}, folder)
    engine = db.connect(at(folder))
    return {(one.protocol, one.cause): one for one in biases(engine, read.run_id(engine, None))}


@pytest.mark.usefixtures("both")
def test_a_judge_that_takes_the_answer_shown_first_follows_position_and_nothing_else(tmp_path: Path) -> None:
    by = found(tmp_path)
    for protocol in ("direct", "debate"):
        assert by[protocol, "position"].figure.value == pytest.approx(1)
        assert by[protocol, "flips"].figure.value == 1
    assert by["debate", "label"].figure.value == pytest.approx(0, abs=0.6)
    assert ("direct", "label") not in by and by["debate", "position"].figure.low < 1


def test_who_is_called_alice_speaks_first_and_bob_last(tmp_path: Path) -> None:
    by = found(tmp_path, judges=[{"use": "guess.Guesses"}])
    label, first, last = (by["debate", cause].figure for cause in ("label", "first speaker", "last speaker"))
    assert label.value == first.value == pytest.approx(-(last.value or 0))


def test_speeches_are_counted_by_the_answer_they_argue_for(tmp_path: Path) -> None:
    said = {"use": "scripted", "lines": ["$mine is clearly right.", "It may perhaps be so, I think, and $mine it is."]}
    play(scripted(1) | {"protocols": [{"use": "debate", "rounds": 2}], "agents": [{"debater": said}]}, tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, None)
    ((match, speech),) = speeches(engine, run).items()
    kept = read.kept(engine, match)
    assert speech.first == kept.match.defends["alice"] and speech.last == kept.match.defends["bob"]
    texts = [turn.text for turn in kept.turns if turn.seat == "alice"]
    counts = [module._counted(text) for text in texts]
    assert [sure for _, sure in counts] == [1, -3]
    assert speech.words[speech.first] == sum(words for words, _ in counts)
    assert speech.tone[speech.first] == pytest.approx(100 * -2 / speech.words[speech.first])


def test_a_slope_is_statsmodels_own_with_clustered_errors() -> None:
    rng = np.random.default_rng(3)
    sample, said = debated(rng, 0.1, 30)
    figure = dict(measured(sample, said))["length"]
    excess = np.array([one.words[0] - one.words[1] for one in said.values()], dtype=float)
    x = sm.add_constant(np.column_stack([sample.records.whole("correct") == 0, excess / excess.std()]).astype(float))
    y = (sample.records.p[:, 0] > 0.5).astype(float)
    groups = sample.records.words("source").codes
    fit = sm.OLS(y, x).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    assert (figure.value, figure.low, figure.p) == pytest.approx((fit.params[2], fit.conf_int()[2][0], fit.pvalues[2]))


def test_length_that_only_goes_with_the_truth_is_no_bias() -> None:
    """The right side speaks longer, and the judge is right for other reasons."""
    figure = dict(measured(*debated(np.random.default_rng(4), 0.0, 400, with_truth=True)))["length"]
    assert figure.low is not None and figure.high is not None and figure.low < 0 < figure.high


def debated(
    rng: np.random.Generator, slope: float, sources: int = 40, with_truth: bool = False, alice_by: float = 0.0
) -> tuple[Sample, dict[str, Speech]]:
    """Four debates a source; a standard deviation more of words, and as much of tone, for an answer makes it `slope`
    more probable, and Alice's name `alice_by`."""
    n = 4 * sources
    correct, first, alice = (rng.integers(0, 2, n) for _ in range(3))
    words = rng.normal(0, 20, n).round() + (15 * (1 - 2 * correct) if with_truth else 0)
    source = np.arange(n) // 4
    effect = rng.normal(0, 0.05, sources)[source]
    chance = 0.5 + 0.2 * (1 - 2 * correct) + slope * words / words.std() + effect + 0.05 * (1 - 2 * first)
    chance += alice_by * (1 - 2 * alice)
    zero = rng.random(n) < np.clip(chance, 0, 1)
    right = np.where(zero == (correct == 0), 0.9, 0.1)
    argued = (alice, [(0, 1), (1, 0)])
    rulings = judged(right, source, correct=correct, first=first, argued=argued)
    said = {
        f"m{i}": Speech(int(alice[i]), 1 - int(alice[i]), {0: 100 + words[i], 1: 100}, {0: words[i] / 9, 1: 0.0})
        for i in range(n)
    }
    return Sample(rulings), said


def length(rng: np.random.Generator) -> Figure:
    return dict(measured(*debated(rng, 0.08)))["length"]


def tone(rng: np.random.Generator) -> Figure:
    return dict(measured(*debated(rng, 0.08)))["tone"]


def label(rng: np.random.Generator) -> Figure:
    return dict(measured(*debated(rng, 0.0, alice_by=0.06)))["label"]


def last(rng: np.random.Generator) -> Figure:
    """Bob, who is not called Alice, speaks last."""
    return dict(measured(*debated(rng, 0.0, alice_by=0.06)))["last speaker"]


def position(rng: np.random.Generator) -> Figure:
    """Planted: 0.55 for the answer shown first and 0.45 for the other, on average over what is right."""
    return dict(measured(*debated(rng, 0.0)))["position"]


@pytest.mark.parametrize(
    ("draw", "planted"), [(length, 0.08), (tone, 0.08), (position, 0.1), (label, 0.12), (last, -0.12)]
)
def test_the_interval_covers_a_planted_bias_in_93_to_97_of_100_experiments(
    draw: Callable[[np.random.Generator], Figure], planted: float
) -> None:
    """40 sources."""
    assert 0.93 <= coverage(draw, planted) <= 0.97
