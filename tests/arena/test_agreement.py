"""Agreement between judges: by hand, against the libraries, and by simulation."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from drawn import RIGHT, TIE, UNREADABLE, WRONG, coverage, judged, record
from lab import at, play, scripted
from sklearn.metrics import cohen_kappa_score

from arena import agreement as module
from arena.agreement import agreement
from arena.metric import Figure, Lost, Sample
from arena.rulings import Record, Rulings
from arena.samples import Group
from arena.store import db, read


def votes(table: dict[str, list[tuple[float, ...]]]) -> list[Record]:
    """Judge -> its verdicts on transcript 0, 1, ..., each of its own source."""
    return [record(f"s{i}", p, match=f"m{i}", judge=judge) for judge, ps in table.items() for i, p in enumerate(ps)]


def cast(records: list[Record] | Rulings) -> module._Votes:
    return module._votes({Group("", "", "", ""): Sample(records)})


def alpha(records: list[Record] | Rulings) -> Figure:
    return module._alpha(cast(records))


def kappas(records: list[Record] | Rulings) -> list[module.Kappa]:
    return list(module._kappas(cast(records)))


def test_kappa_is_scikit_learn_s_and_alpha_krippendorff_s() -> None:
    rng = np.random.default_rng(1)
    table = {name: [RIGHT if x else WRONG for x in rng.random(60) < 0.7] for name in "abc"}
    coded = [[int(p == WRONG) for p in ps] for ps in table.values()]
    assert alpha(votes(table)).value == pytest.approx(krippendorff.alpha(coded, level_of_measurement="nominal"))
    (ab, _, _) = kappas(votes(table))
    assert ab.kappa.value == pytest.approx(cohen_kappa_score(coded[0], coded[1]))
    assert ab.same == np.mean(np.equal(coded[0], coded[1]))


def test_the_formulas_of_the_resamples_are_those_of_the_libraries() -> None:
    rng = np.random.default_rng(2)
    counts = rng.multinomial(4, [0.5, 0.3, 0.2], 50)
    alike = (counts * (counts - 1)).sum(axis=1) / (counts.sum(axis=1) - 1)
    sums = np.column_stack([alike, counts]).sum(axis=0)
    assert module._nominal(sums) == pytest.approx(module._krippendorff(counts))
    pair = rng.integers(0, 3, (80, 2))
    cells = np.eye(9)[pair[:, 0] * 3 + pair[:, 1]].sum(axis=0)
    assert module._chosen(cells) == pytest.approx(module._cohen(pair))


def test_an_unreadable_verdict_and_a_tie_are_no_vote() -> None:
    table = {"a": [RIGHT, WRONG, RIGHT, RIGHT], "b": [RIGHT, WRONG, TIE, UNREADABLE]}
    (pair,) = kappas(votes(table))
    assert (pair.kappa.rulings, pair.kappa.value, pair.same) == (2, 1, 1)
    assert (alpha(votes(table)).rulings, pair.kappa.unreadable, alpha(votes(table)).unreadable) == (2, 1, 1)


def test_verdicts_that_failed_are_counted_of_either_judge() -> None:
    lost = {"a": 2, "b": 1, "c": 4}
    known = {
        Group("", "debate", judge, ""): Sample(votes({judge: [RIGHT, WRONG]}), [Lost("q", "s", "", 0)] * n)
        for judge, n in lost.items()
    }
    made = module._votes(known)
    assert [pair.kappa.failed for pair in module._kappas(made)] == [3, 6, 5]
    assert module._alpha(made).failed == 7


def test_where_all_choose_the_same_there_is_no_coefficient_but_a_share() -> None:
    table = {"a": [RIGHT] * 3, "b": [RIGHT] * 3}
    (pair,) = kappas(votes(table))
    assert (pair.kappa.value, pair.same, alpha(votes(table)).value) == (None, 1, None)


def test_answers_are_counted_from_the_one_shown_first() -> None:
    """Both always find the right answer, shown first on every other transcript: that is full agreement by letters."""
    rows = [record(f"s{i}", RIGHT, match=f"m{i}", judge=judge, first=i % 2) for judge, i in product("ab", range(8))]
    (pair,) = kappas(rows)
    assert (pair.kappa.value, alpha(rows).value) == (1, 1)


def test_judges_are_people_where_their_label_says_so() -> None:
    table = {name: [RIGHT, WRONG] for name in ("human p01", "recorded(human p02, live)", "token(m)")}
    kinds = {(one.one, one.other): one.kinds for one in kappas(votes(table))}
    assert (
        kinds["human p01", "recorded(human p02, live)"] == "human-human"
        and kinds["human p01", "token(m)"] == "human-model"
    )


def test_a_run_has_one_for_all_protocols_and_one_for_each(tmp_path: Path) -> None:
    judges = [{"use": "guess.Guesses", "salt": salt} for salt in "abc"]
    play(scripted(8) | {"judges": judges}, tmp_path)
    engine = db.connect(at(tmp_path))
    found = agreement(engine, run := read.run_id(engine, None))
    assert [one.protocol for one in found] == ["", *dict.fromkeys(r.protocol for r in read.records(engine, run))]
    assert found[0].alpha.sources == 8 and len(found[0].pairs) == 3
    play(scripted(8) | {"judges": judges[:1], "name": "alone"}, tmp_path)
    assert agreement(engine, read.run_id(engine, "alone")) == ()


SOURCES = 50


def drawn(rng: np.random.Generator) -> Rulings:
    """Two judges that agree with 0.8, on a letter that is drawn evenly: kappa 0.6. Four transcripts a source."""
    n = SOURCES * 4
    one = rng.random(n) < 0.5
    other = one ^ (rng.random(n) < 0.2)
    chance = np.where(np.concatenate([one, other]), 0.9, 0.1)
    twice = np.tile(np.arange(n), 2)
    match = (twice, [f"m{i}" for i in range(n)])
    return judged(chance, twice // 4, match=match, judge=(np.repeat([0, 1], n), ["a", "b"]), first=0)


def test_the_intervals_cover_a_planted_agreement_in_93_to_97_of_100_experiments() -> None:
    """For two judges alpha is kappa but for a term in 1/n."""
    assert 0.93 <= coverage(lambda rng: kappas(drawn(rng))[0].kappa, 0.6) <= 0.97
    assert 0.93 <= coverage(lambda rng: alpha(drawn(rng)), 0.6) <= 0.97
