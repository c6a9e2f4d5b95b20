"""Ratings: scikit-learn on the same games, planted skills, connectivity, who sits where."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from lab import at, play, scripted
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from arena import bootstrap, logistic
from arena.logistic import Games, fit
from arena.ratings import ELO, Bouts, Ratings, bouts, rated, ratings, sides, speakers
from arena.store import db, read

SKILLS = {"strong": 0.6, "middle": 0.0, "weak": -0.6}
JUDGES = {"keen": 0.5, "dull": -0.5}


def tournament(rng: np.random.Generator, sources: int = 60, each: int = 8) -> Bouts:
    """Debates between drawn debaters before drawn judges; the right side is better off by 0.4, the first by 0.3."""
    n = sources * each
    names, judges = list(SKILLS), list(JUDGES)
    right, wrong = rng.integers(0, 3, n), rng.integers(0, 2, n)
    wrong = (right + 1 + wrong) % 3
    judge, first = rng.integers(0, 2, n), rng.choice([-0.5, 0.5], n)
    skill, sight = np.array([*SKILLS.values()]), np.array([*JUDGES.values()])
    effect = rng.normal(0, 0.2, sources).repeat(each)
    won = rng.random(n) < expit(0.4 + skill[right] - skill[wrong] + sight[judge] + 0.3 * first + effect)
    told = ([names[i] for i in right], [names[i] for i in wrong], [judges[i] for i in judge], ["debate"] * n)
    return Bouts(*told, won.astype(float), first, np.arange(n) // each)


def games(rng: np.random.Generator, n: int = 300) -> Games:
    x = np.column_stack([rng.choice([-1.0, 0, 1], (n, 3)), rng.choice([-0.5, 0.5], n)])
    won = (rng.random(n) < expit(x @ [1, 0.3, -0.5, 0.4])).astype(float)
    won[:10] = 0.5
    return Games(x, won, np.arange(n) // 6)


def test_a_fit_is_scikit_learn_s_with_a_tie_as_half_a_win_and_half_a_loss() -> None:
    one = games(np.random.default_rng(1))
    twice = np.concatenate([one.x, one.x]), np.concatenate([one.won >= 0.5, one.won == 1])
    wanted = LogisticRegression(C=5, tol=1e-10).fit(*twice, sample_weight=np.full(600, 0.5)).coef_[0]
    assert fit(one, 0.2).value == pytest.approx(wanted, abs=1e-4)


def test_a_resample_s_coefficients_are_those_of_a_fit_to_it() -> None:
    one = games(np.random.default_rng(2))
    drawn = fit(one, 0.2).drawn
    counts = np.concatenate(list(bootstrap.counts(50, logistic.RESAMPLES)))
    for i in range(0, logistic.RESAMPLES, 100):
        rows = np.repeat(np.arange(len(one.won)), counts[i, one.sources].astype(int))
        again = fit(Games(one.x[rows], one.won[rows], np.zeros(len(rows), dtype=np.int64)), 0.2).value
        assert drawn[i] == pytest.approx(again, abs=0.02)


def test_the_strongest_comes_first_and_ratings_are_about_their_mean() -> None:
    made = rated(tournament(np.random.default_rng(3)))
    assert [one.name for one in made.debaters] == ["strong", "middle", "weak"]
    for part in (made.debaters, made.right, made.wrong, made.judges):
        assert sum(one.value for one in part) == pytest.approx(0, abs=1e-6)
        assert all(one.low < one.value < one.high for one in part)  # type: ignore[operator]
    assert [one.name for one in made.judges] == ["keen", "dull"] and made.connected and made.unbeaten == ()
    assert sum(one.games for one in made.debaters) == 2 * 480


def test_elo_gives_four_hundred_points_for_odds_ten_times_as_good() -> None:
    assert math.isclose(ELO * math.log(10), 400)


def bout(
    right: str, wrong: str, won: float, judge: str = "j", protocol: str = "debate"
) -> tuple[str, str, str, str, float]:
    return right, wrong, judge, protocol, won


def of(*rows: tuple[str, str, str, str, float]) -> Ratings:
    right, wrong, judge, protocol, won = (list(column) for column in zip(*rows, strict=True))
    return rated(Bouts(right, wrong, judge, protocol, np.array(won), np.zeros(len(won)), np.arange(len(won))))


def test_debaters_that_never_met_are_told_apart() -> None:
    made = of(*[bout(a, b, won) for a, b in ("ab", "cd") for won in (0, 1, 1)])
    assert not made.connected and made.components == (("a", "b"), ("c", "d"))


def test_who_debates_itself_is_linked_to_nobody_and_a_consultant_to_those_before_the_same_judge() -> None:
    alone = [bout("a", "a", 1), bout("b", "b", 0)]
    assert of(*alone).components == (("a",), ("b",))
    advised = [bout("a", "", 1, protocol="consultancy"), bout("", "b", 0, protocol="consultancy")]
    assert of(*alone, *advised).connected


def test_one_who_always_wins_is_named_and_has_a_finite_rating() -> None:
    made = of(*[bout("a", "b", 1)] * 6, *[bout("b", "c", won) for won in (0, 1, 0, 1)], *[bout("c", "b", 0)] * 2)
    assert made.unbeaten == ("a",)
    assert all(math.isfinite(one.value) for one in made.debaters) and made.debaters[0].name == "a"


def test_where_every_verdict_is_right_nobody_is_rated_above_another() -> None:
    made = of(*[bout("a", "b", 1), bout("b", "a", 1)] * 5)
    assert {(one.value, one.low) for one in made.debaters} == {(0.0, None)}


def test_a_cast_says_who_sits_where() -> None:
    assert speakers("debater(m)", ["alice", "bob"]) == {"alice": "debater(m)", "bob": "debater(m)"}
    told = "alice: debater(m, a: b), bob: best_of_n(debater(x), n=4)"
    assert speakers(told, ["alice", "bob"]) == {"alice": "debater(m, a: b)", "bob": "best_of_n(debater(x), n=4)"}


@pytest.mark.usefixtures("both")
def test_the_bouts_of_a_run_are_its_readable_rulings_on_given_sides(tmp_path: Path) -> None:
    said = [{"use": "scripted", "lines": [f"{word} $mine"]} for word in ("ay", "bo")]
    agents = [{"alice": said[0], "bob": said[1], "consultant": said[0]}]
    judges = [{"use": "guess.Guesses", "salt": salt} for salt in "ab"]
    play(scripted(8) | {"agents": agents, "judges": judges}, tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, None)
    made = bouts(read.records(engine, run), sides(engine, run))
    consultancies = [one for one in zip(made.right, made.wrong, strict=True) if not all(one)]
    assert len(made.won) == 2 * 8 * (2 + 4) and len(consultancies) == 2 * 8 * 4
    found = ratings(engine, run)
    assert len(found.debaters) == 2 == len(found.judges) and found.connected
    assert {one.games for one in found.debaters} == {2 * 8 * 2, 2 * 8 * 6}
    assert (found.sources, found.rulings, found.unreadable, found.failed) == (8, len(made.won), 0, 0)


def test_a_run_without_speakers_has_no_ratings(tmp_path: Path) -> None:
    play(scripted(2) | {"protocols": ["direct"]}, tmp_path)
    engine = db.connect(at(tmp_path))
    assert ratings(engine, read.run_id(engine, None)) == ((), (), (), (), True, (), (), 0, 0, 0, 0)


def test_the_intervals_cover_planted_skills_in_93_to_97_of_100_experiments(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 sources of 6 debates. What is measured of a skill is a little less, as a source's own effect flattens odds."""
    monkeypatch.setattr(logistic, "RESAMPLES", 200)
    rng = np.random.default_rng(2024)
    planted = {name: ELO / math.sqrt(1 + 0.35 * 0.2**2) * skill for name, skill in (SKILLS | JUDGES).items()}
    held = defaultdict(list)
    for _ in range(1000):
        made = rated(tournament(rng, 30, 6))
        for part in ("debaters", "right", "wrong", "judges"):
            held[part] += [one.low <= planted[one.name] <= one.high for one in getattr(made, part)]
    assert all(0.93 <= np.mean(of) <= 0.97 for of in held.values()), {part: np.mean(of) for part, of in held.items()}
