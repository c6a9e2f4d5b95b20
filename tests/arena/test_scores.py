"""Scores of the judges' probabilities: closed forms, scikit-learn on the same data, published figures, coverage."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from drawn import RIGHT, TIE, UNREADABLE, WRONG, Floats, coverage, interval, judged, record, sample
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from arena.calibration import binned, reliability
from arena.metric import Figure, Sample
from arena.metrics.asd import Asd
from arena.metrics.bits import Bits
from arena.metrics.brier import Brier
from arena.metrics.ece import Ece
from arena.metrics.log_score import LogScore
from arena.metrics.pgr import Pgr, undefined
from arena.metrics.reward import Reward

Draw = Callable[[np.random.Generator], Figure]
RNG = np.random.default_rng(7)


def many(n: int = 300, sources: int = 60) -> Sample:
    return Sample(judged(RNG.beta(3, 2, n), RNG.integers(0, sources, n), correct=RNG.integers(0, 2, n)))


def test_brier_and_log_score_are_scikit_learn_s() -> None:
    ours = many()
    first, correct = ours.records.p[:, 0], ours.records.whole("correct")
    assert Brier().measure(ours).value == pytest.approx(brier_score_loss(correct == 0, first))
    assert LogScore().measure(ours).value == pytest.approx(-log_loss(correct == 0, first) / math.log(2))


def test_scores_leave_out_what_cannot_be_read_and_count_it() -> None:
    ours = sample(("a", (0.5, 0.5)), ("b", UNREADABLE), ("c", (0.8, 0.2)), lost=("d",))
    figure = Brier().measure(ours)
    assert figure.value == pytest.approx((0.25 + 0.04) / 2)
    assert (figure.sources, figure.rulings, figure.unreadable, figure.failed) == (2, 2, 1, 1)
    assert LogScore().measure(ours).value == pytest.approx((-1 + math.log2(0.8)) / 2)


def test_a_log_score_is_clipped() -> None:
    assert LogScore(least=0.25).measure(sample(("a", (0.0, 1.0)))).value == -2


def test_where_all_sources_score_alike_the_interval_has_a_width() -> None:
    figure = Brier().measure(sample(*((f"s{i}", RIGHT) for i in range(20))))
    assert figure.low is not None and figure.high is not None
    assert figure.low < 0.01 < figure.high and figure.method.startswith("no variance")


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    """Sure by 0.9 and right in 1 of 2; sure by 0.6 and right in 2 of 2."""
    ours = sample(("a", RIGHT), ("b", WRONG), ("c", (0.6, 0.4)), ("d", (0.6, 0.4)))
    figure = Ece(bins=2).measure(ours)
    assert figure.value == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)
    assert "2 bins of equal mass" in figure.method


def test_bins_are_scikit_learn_s_and_hold_as_many_rulings_each() -> None:
    ours = many(2000)
    found = reliability(ours)
    share, said = calibration_curve(ours.score, ours.top, n_bins=10, strategy="quantile")
    assert [one.mean_p for one in found] == pytest.approx(said.tolist())
    assert [one.share_right for one in found] == pytest.approx(share.tolist())
    assert max(one.rulings for one in found) < 1.15 * min(one.rulings for one in found)
    assert all(one.high <= other.low for one, other in pairwise(found))


def test_equal_probabilities_share_a_bin_and_an_edge_belongs_to_the_bin_above() -> None:
    assert len(set(binned(np.array([0.9] * 50 + [0.6] * 50), 10, "equal").tolist())) == 2
    assert binned(np.array([0.5, 0.59, 0.6, 0.7, 1.0]), 10, "width").tolist() == [5, 5, 6, 7, 9]


def test_a_tie_is_sure_by_one_half_and_right_by_one_half() -> None:
    assert Ece().measure(sample(("a", TIE), ("b", TIE), ("c", TIE))).value == 0


def test_nothing_to_measure_has_no_value() -> None:
    empty = sample(("a", UNREADABLE), lost=("b",))
    for metric in (Brier(), LogScore(), Ece(), Asd(), Bits()):
        figure = metric.measure(empty)
        assert (figure.value, figure.low, figure.rulings, figure.failed) == (None, None, 0, 1)
    assert reliability(empty) == ()


def test_one_source_has_a_value_and_no_interval() -> None:
    for metric in (Brier(), LogScore(), Ece(), Asd()):
        figure = metric.measure(sample(("a", RIGHT), ("a", (0.7, 0.3))))
        assert figure.value is not None and interval(figure) == (None, None)


@pytest.mark.parametrize(
    ("score", "wanted"),
    [("log", math.log(0.8) - math.log(0.3)), ("brier", (2 * 0.8 - 0.68) - (2 * 0.3 - 0.58)), ("zero_one", 1 - 0)],
)
def test_the_agent_score_difference_is_the_truth_s_advocate_s_score_less_the_other_s(score: str, wanted: float) -> None:
    """A consultant for the right answer leaves it at 0.8; one for the wrong answer brings that to 0.3."""
    arms = [record("a", (0.8, 0.2), arm="right", argued=(0,)), record("a", (0.7, 0.3), arm="wrong", argued=(1,))]
    assert Asd.model_validate({"score": score}).measure(Sample(arms)).value == pytest.approx(wanted)


def test_where_both_answers_are_argued_for_both_scores_come_from_one_ruling() -> None:
    debate = [record("a", (0.8, 0.2), argued=(0, 1)), record("b", (0.6, 0.4), argued=(0, 1))]
    naive = [one._replace(argued=()) for one in debate]
    wanted = (2 * (0.8 - 0.2) + 2 * (0.6 - 0.4)) / 2
    for rulings in (debate, naive):
        assert Asd(score="brier").measure(Sample(rulings)).value == pytest.approx(wanted)


def test_of_several_wrong_answers_the_argued_ones_count() -> None:
    told = record("a", (0.5, 0.3, 0.2), argued=(0, 2))
    assert Asd().measure(Sample([told])).value == pytest.approx(math.log(0.5) - math.log(0.2))
    every = told._replace(argued=())
    assert Asd().measure(Sample([every])).value == pytest.approx(math.log(0.5) - (math.log(0.3) + math.log(0.2)) / 2)


def test_log_scores_of_speakers_are_clipped_at_one_in_ten_thousand() -> None:
    assert Asd().measure(Sample([record("a", (1.0, 0.0))])).value == pytest.approx(-math.log(1e-4))


def test_speakers_that_choose_and_an_arm_alone_have_no_difference() -> None:
    chose = [record("a", RIGHT, arm="right"), record("b", RIGHT, arm="wrong")]
    alone = [record("a", RIGHT, arm="right", argued=(0,))]
    assert [Asd().measure(Sample(one)).value for one in (chose, alone)] == [None, None]


def gap(rights: dict[str, int], n: int = 40) -> dict[str, Sample]:
    return {
        name: sample(*((f"s{i}", RIGHT if (i * 7) % n < count else WRONG) for i in range(n)))
        for name, count in rights.items()
    }


def test_the_gap_recovered_is_the_share_of_the_way_from_direct_to_expert() -> None:
    ours = gap({"sample": 30, "direct": 20, "expert": 40})
    figure = Pgr().gap(**ours)
    assert figure.value == pytest.approx(0.5)
    assert figure.low is not None and figure.high is not None and figure.low < 0.5 < figure.high
    assert (figure.sources, figure.questions, figure.rulings) == (40, 40, 120)


def test_a_gap_is_never_clipped() -> None:
    assert Pgr().gap(**gap({"sample": 10, "direct": 20, "expert": 36})).value == pytest.approx(-10 / 16)


@pytest.mark.parametrize(("expert", "why"), [(20, "holds 0"), (21, "holds 0"), (5, "is below 0")])
def test_without_a_gap_nothing_is_recovered_and_the_reason_is_told(expert: int, why: str) -> None:
    figure = Pgr().gap(**gap({"sample": 30, "direct": 20, "expert": expert}))
    assert (figure.value, figure.low, undefined(figure)) == (None, None, True)
    assert figure.method.startswith("undefined: expert minus direct") and figure.method.endswith(why)


def test_a_gap_is_measured_on_the_questions_that_all_three_have() -> None:
    ours = gap({"sample": 30, "direct": 20, "expert": 40})
    more = Sample([*ours["sample"].records, *(record(f"x{i}", WRONG) for i in range(50))])
    assert Pgr().gap(more, ours["direct"], ours["expert"]) == Pgr().gap(**ours)


def test_bits_are_gained_from_the_first_belief_to_the_verdict_a_round() -> None:
    final = [record("a", (0.8, 0.2), match="m", rounds=3), record("b", (0.5, 0.5), match="n", rounds=1)]
    before = [record("a", (0.2, 0.8), match="m", after=1), record("a", (0.9, 0.1), match="m", after=2)]
    assert Bits().measure(Sample(final, (), before)).value == pytest.approx(2 / 2)
    prior = record("b", (0.25, 0.75), match="n", after=0)
    figure = Bits().measure(Sample(final, (), [*before, prior]))
    assert (figure.value, figure.rulings) == (pytest.approx((2 + 1) / (2 + 1)), 2)


def test_without_beliefs_there_are_no_bits_and_the_reason_is_told() -> None:
    figure = Bits().measure(sample(("a", RIGHT), ("b", RIGHT)))
    assert figure.value is None and "beliefs = true" in figure.method


@pytest.mark.parametrize("setting", ["Human Debate", "Human Consultancy", "AI Debate", "AI Consultancy"])
def test_the_published_figures_of_michael_2023_come_out(data: Callable[[str], str], setting: str) -> None:
    published = Path(data("nyu_debates/expected.dev.json")).read_text()
    wanted = json.loads(published)["recomputed_dev_half"][setting]
    ours = michael(gzip.decompress(Path(data("nyu_debates/judgments.dev.csv.gz")).read_bytes()).decode(), setting)
    found = {
        "n": len(ours.records),
        "mean_judge_reward": Reward(least=1e-9, free=0).measure(ours).value,
        "ece_final_10bins": Ece(mass="width").measure(ours).value,
        "bits_per_round": Bits(least=1e-9).measure(ours).value,
    }
    assert found == {name: pytest.approx(wanted[name], abs=6e-5) for name in found}


def michael(table: str, setting: str) -> Sample:
    rows = [row for row in csv.DictReader(io.StringIO(table)) if row["setting"] == setting]
    live = [row for row in rows if row["judge_kind"] == "live" and row["included_in_paper"] == "1"]
    made = {"final": [], "prior": []}
    for i, row in enumerate(live):
        held = [float(p) for p in row["p_correct_by_turn"].split(";")]
        known = {"match": str(i), "rounds": int(row["n_debate_rounds"]), "price": 0.05}
        for name, p in (("final", held[-1]), ("prior", held[0])):
            after = 0 if name == "prior" else -1
            made[name].append(record(row["article_id"], (p, 1 - p), row["question_id"], after=after, **known))
    return Sample(made["final"], (), made["prior"])


def test_of_a_calibrated_judge_the_interval_of_the_calibration_error_holds_0_in_93_to_97_of_100_experiments() -> None:
    assert 0.93 <= coverage(calibration(0.0), 0.0) <= 0.97


SOURCES = 60


def clustered(rng: np.random.Generator, each: int, spread: float) -> tuple[np.ndarray, Floats]:
    source = np.arange(SOURCES).repeat(each)
    return source, rng.normal(0, spread, SOURCES).repeat(each)


def calibration(over: float) -> Draw:
    def draw(rng: np.random.Generator) -> Figure:
        source, effect = clustered(rng, 8, 0.05)
        sure = rng.uniform(0.55, 0.95, len(source))
        right = rng.random(len(source)) < sure - over + effect
        return Ece().measure(Sample(judged(np.where(right, sure, 1 - sure), source)))

    return draw


def share(rng: np.random.Generator) -> Figure:
    """Planted: of the rulings that are sure by 0.9, 0.75 are right."""
    source, effect = clustered(rng, 8, 0.08)
    sure = rng.choice([0.6, 0.9], len(source))
    right = rng.random(len(source)) < np.where(sure == 0.6, 0.55, 0.75) + effect
    *_, last = reliability(Sample(judged(np.where(right, sure, 1 - sure), source)))
    return Figure(metric="share", value=last.share_right, low=last.share_low, high=last.share_high)


def brier(rng: np.random.Generator) -> Figure:
    source, effect = clustered(rng, 4, 0.1)
    return Brier().measure(Sample(judged(np.clip(0.6 + effect + rng.uniform(-0.2, 0.2, len(source)), 0, 1), source)))


def log_score(rng: np.random.Generator) -> Figure:
    source, effect = clustered(rng, 4, 0.5)
    return LogScore().measure(Sample(judged(2.0 ** np.minimum(-0.01, -1 + 0.4 * effect), source)))


def advised(argued: Floats, source: np.ndarray) -> Sample:
    """A consultant for the right answer and one for the wrong one by turns, who leave the judge with these chances of
    the answer they argue for."""
    wrong = np.arange(len(source)) % 2
    words = {"arm": (wrong, ["right", "wrong"]), "argued": (wrong, [(0,), (1,)])}
    return Sample(judged(np.clip(np.where(wrong, 1 - argued, argued), 0, 1), source, **words))


def asd(rng: np.random.Generator) -> Figure:
    """Planted 0.6: the right answer keeps e^-0.4 under its advocate, and the wrong one e^-1 under its own."""
    source, effect = clustered(rng, 4, 0.1)
    level = np.tile([-0.4, -1.0], len(source) // 2)
    return Asd().measure(advised(np.exp(level + effect + rng.normal(0, 0.1, len(source))), source))


def asd_brier(rng: np.random.Generator) -> Figure:
    """Planted: 1 - 2 (1 - p)^2 with p = 0.7 under the right advocate and 0.4 under the wrong one, as spread alike."""
    source, effect = clustered(rng, 4, 0.05)
    level = np.tile([0.7, 0.4], len(source) // 2)
    return Asd(score="brier").measure(advised(level + effect + rng.uniform(-0.1, 0.1, len(source)), source))


def asd_zero_one(rng: np.random.Generator) -> Figure:
    """Planted 0.4: the right advocate wins 0.8, the wrong one 0.4."""
    source, effect = clustered(rng, 4, 0.05)
    won = rng.random(len(source)) < np.tile([0.8, 0.4], len(source) // 2) + effect
    return Asd(score="zero_one").measure(advised(np.where(won, 0.9, 0.1), source))


def pgr(rng: np.random.Generator) -> Figure:
    """Planted 0.5: direct 0.5, protocol 0.7, expert 0.9, hard and easy sources the same for all."""
    source, effect = clustered(rng, 8, 0.08)

    def at(level: float) -> Sample:
        return Sample(judged(np.where(rng.random(len(source)) < level + effect, 0.9, 0.1), source))

    return Pgr().gap(at(0.7), at(0.5), at(0.9))


def bits(rng: np.random.Generator) -> Figure:
    """Planted 0.2 bits a round, over 1 to 5 rounds."""
    source, effect = clustered(rng, 4, 0.05)
    rounds = rng.integers(1, 6, len(source))
    gain = rounds * (0.2 + effect) + rng.normal(0, 0.1, len(source))
    final = judged(0.25 * 2.0**gain / 2, source, rounds=rounds)
    return Bits().measure(Sample(final, (), judged(np.full(len(source), 0.125), source, after=0)))


def log_mean() -> float:
    draws = np.random.default_rng(0).normal(0, 0.5, 2_000_000)
    return float(np.minimum(-0.01, -1 + 0.4 * draws).mean())


@pytest.mark.parametrize(
    ("draw", "planted"),
    [
        (share, 0.75),
        (brier, 0.4**2 + 0.1**2 + 0.2**2 / 3),
        (log_score, log_mean()),
        (calibration(0.15), 0.15),
        (asd, 0.6),
        (asd_brier, 2 * (0.6**2 - 0.3**2)),
        (asd_zero_one, 0.4),
        (pgr, 0.5),
        (bits, 0.2),
    ],
)
def test_the_interval_covers_a_planted_value_in_93_to_97_of_100_experiments(draw: Draw, planted: float) -> None:
    """60 sources."""
    assert 0.93 <= coverage(draw, planted) <= 0.97
