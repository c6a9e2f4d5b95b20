"""Over-optimisation curves: by hand, of a run, and with planted truth."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import coverage, record
from lab import at, play, scripted

from arena import best
from arena import optimisation as module
from arena.metric import Figure, Sample
from arena.optimisation import Curve, Pools, curves, transcripts
from arena.rulings import Words
from arena.store import db, read


def heard(question: str, answer: int, p: float, repeat: int = 0) -> Any:
    """A consultant argued for that answer, the first being right, and the judge gave it `p`."""
    said = {"arm": "wrong" if answer else "right", "argued": (answer,), "repeat": repeat}
    return record(question, (1 - p, p) if answer else (p, 1 - p), **said)


def test_the_most_convincing_of_all_transcripts_is_what_is_kept() -> None:
    """Of one question the truth convinces more, of the other less."""
    rulings = [heard("a", 0, 0.9), heard("a", 1, 0.4), heard("b", 0, 0.5), heard("b", 1, 0.8)]
    one, two = module._points(transcripts(Sample(rulings)) or pytest.fail("no pool"), {})
    assert (one.n, one.kl, two.n) == (1, 0, 2) and two.kl == pytest.approx(math.log(2) - 0.5)
    assert [point.proxy.value for point in (one, two)] == pytest.approx([(0.65 + 0.65) / 2, (0.9 + 0.8) / 2])
    assert [point.gold.value for point in (one, two) if point.gold] == [0.5, 0.5]


def test_a_tie_between_both_sides_is_half_of_a_truth() -> None:
    pools = transcripts(Sample([heard("a", 0, 0.6), heard("a", 1, 0.6), heard("b", 0, 0.6), heard("b", 1, 0.2)]))
    *_, last = module._points(pools or pytest.fail("no pool"), {})
    assert last.gold and last.gold.value == pytest.approx((0.5 + 1) / 2)


def test_pools_that_lack_a_ruling_and_advocates_of_one_side_are_left_out() -> None:
    whole = [heard(name, answer, 0.6, repeat) for name in "ab" for answer in (0, 1) for repeat in (0, 1)]
    pools = transcripts(Sample([*whole[:-1], *(one._replace(question="c") for one in whole[4:])]))
    assert pools is not None and pools.proxy.shape == (2, 4)
    assert transcripts(Sample([heard("a", 0, 0.9), heard("a", 0, 0.8, 1)])) is None


def found(folder: Path, **changes: Any) -> list[Curve]:
    play(scripted(6) | {"judges": [{"use": "guess.Guesses"}], **changes}, folder)
    engine = db.connect(at(folder))
    return list(curves(engine, read.run_id(engine, None)))


@pytest.mark.usefixtures("both")
def test_a_consultancy_of_two_repeats_has_pools_of_four_transcripts(tmp_path: Path) -> None:
    said = {"use": "scripted", "lines": ["Round $round: $mine."]}
    (one,) = found(tmp_path, protocols=["direct", "consultancy"], repeats=2, agents=[{"consultant": said}])
    assert (one.protocol, one.pool, [point.n for point in one.points]) == ("consultancy", "transcripts", [1, 2, 3, 4])
    proxy = [point.proxy.value or 0 for point in one.points]
    assert proxy == sorted(proxy) and one.points[0].gold and one.points[0].gold.value == pytest.approx(0.5)


@pytest.mark.usefixtures("both")
def test_drafts_give_the_proxy_for_every_n_and_the_truth_where_debates_were_judged(tmp_path: Path) -> None:
    plain = {"use": "scripted", "lines": ["Round $round: $mine."]}
    drafts = {"use": "best_of_n", "n": 4, "agent": plain, "judge": {"use": "guess.Guesses"}}
    (one,) = found(tmp_path, protocols=["debate"], agents=[{"debater": plain}, {"debater": drafts}])
    assert (one.pool, [point.n for point in one.points]) == ("drafts", [1, 2, 3, 4])
    assert [point.gold is not None for point in one.points] == [True, False, False, True]
    assert one.points[0].proxy.sources == 6 and one.cast.startswith("best_of_n")


SOURCES = 50


def pools(rng: np.random.Generator) -> Pools:
    """Four drafts each for and against the truth; what convinces has a part that goes with the truth."""
    gold = np.tile([1.0, 1, 0, 0], (SOURCES * 2, 1))
    easy = rng.normal(0, 0.5, SOURCES).repeat(2)[:, None]
    proxy = 1 / (1 + np.exp(-(rng.normal(0, 1, gold.shape) + (0.5 + easy) * (gold - 0.5))))
    words = [
        Words(codes, [str(i) for i in range(SOURCES * 2)])
        for codes in (np.arange(len(gold)), np.arange(len(gold)) // 2)
    ]
    return Pools(proxy, gold, *words)


def at_three(rng: np.random.Generator) -> tuple[Figure, Figure]:
    point = list(module._points(pools(rng), {}))[2]
    return point.proxy, point.gold or point.proxy


def test_the_intervals_cover_the_planted_truth_in_93_to_97_of_100_experiments() -> None:
    """50 sources; the truth of the best of 3 by far more pools."""
    rng = np.random.default_rng(9)
    many = [best.level(made.proxy, made.gold) for made in (pools(rng) for _ in range(2000)) if made.gold is not None]
    chances = best.ranks(4)[2]
    for i in (0, 1):
        planted = float(np.mean([made[i] @ chances for made in many]))
        assert 0.93 <= coverage(lambda one, i=i: at_three(one)[i], planted) <= 0.97  # type: ignore[misc]
