"""What is read of a run beside its comparison: beliefs round by round, disputes, strength, failures."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from drawn import coverage, judged
from lab import at, modelled, play, scripted
from server import Server

from arena import traces as module
from arena.disagreement import disputes
from arena.errors import CallError, Unreadable
from arena.failures import losses
from arena.judge import Judge
from arena.metric import Sample
from arena.nouns import Verdict, View
from arena.samples import Group, samples
from arena.store import db, read
from arena.strength import advantages, models
from arena.traces import traces

pytestmark = pytest.mark.usefixtures("both")


class Falters(Judge):
    """Cannot be read where Alice has the first answer, and does not answer in the other presentation."""

    async def decide(self, view: View) -> Verdict:
        if not view.sides:
            return Verdict(p=(0.6, 0.4))
        if view.sides.get("alice") == 0:
            raise Unreadable("no letter")
        raise CallError("hung", "timeout")


def store(folder: Path, table: dict[str, Any]) -> tuple[Any, str]:
    play(table, folder)
    engine = db.connect(at(folder))
    return engine, read.run_id(engine, None)


def guessing(**changes: Any) -> dict[str, Any]:
    return scripted(6) | {"judges": [{"use": "guess.Guesses"}], **changes}


def test_a_trace_has_a_moment_for_each_round_and_the_verdict(tmp_path: Path) -> None:
    protocols = ["direct", {"use": "debate", "rounds": 3}]
    (trace,) = traces(*store(tmp_path, guessing(beliefs=True, protocols=protocols)))
    assert (trace.protocol, [(m.round, m.final) for m in trace.moments]) == (
        "debate",
        [(1, False), (2, False), (3, True)],
    )
    assert {m.chance.rulings for m in trace.moments} == {12} and trace.moments[0].chance.low is not None


def test_a_run_without_beliefs_has_no_trace(tmp_path: Path) -> None:
    assert traces(*store(tmp_path, guessing())) == ()


def test_the_interval_of_a_moment_covers_a_planted_mean() -> None:
    def draw(rng: np.random.Generator) -> Any:
        source = np.arange(50).repeat(4)
        chance = 0.6 + rng.normal(0, 0.1, 50).repeat(4) + rng.uniform(-0.1, 0.1, 200)
        return module._chance(Sample(judged(chance, source)))

    assert 0.93 <= coverage(draw, 0.6, 3000) <= 0.97


def means(sample: Sample) -> dict[str, float]:
    scores = defaultdict(list)
    for one in sample.records:
        scores[one.question].append(one.score)
    return {question: fmean(of) for question, of in scores.items()}


def test_disputes_are_the_questions_with_other_scores_the_greatest_difference_first(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing())
    known = list(samples(engine, run))
    direct, debate = known[0], known[-1]
    found = disputes(engine, direct, debate)
    scores = [means(samples(engine, run)[group]) for group in (direct, debate)]
    assert found.shared == 6 and found.total == sum(scores[0][q] != scores[1][q] for q in scores[0]) > 0
    one = found.questions[0]
    assert (one.one, one.other) == (scores[0][one.question], scores[1][one.question])
    assert read.kept(engine, one.ours[0]).match.question.text == one.text and len(one.theirs) == 1
    sizes = [abs(q.one - q.other) for q in found.questions]
    assert sizes == sorted(sizes, reverse=True)


def test_disputes_are_read_page_by_page_and_none_where_one_side_is_empty(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing())
    known = list(samples(engine, run))
    whole = disputes(engine, known[0], known[-1])
    pages = [disputes(engine, known[0], known[-1], 1, i).questions for i in range(whole.total)]
    assert sum(pages, ()) == whole.questions
    nobody = Group(run, "nothing", "nobody", "")
    assert disputes(engine, known[0], nobody) == (0, 0, ())


def test_disputes_before_all_judges_together_are_of_the_mean_over_them(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing())
    direct, debate = (
        Group(run, one.protocol, "", one.cast) for one in (list(samples(engine, run))[i] for i in (0, -1))
    )
    found = disputes(engine, direct, debate)
    judges = {group.judge for group in samples(engine, run)}
    apart = [disputes(engine, direct._replace(judge=j), debate._replace(judge=j)) for j in judges]
    assert found.shared == 6 and found.total <= sum(one.total for one in apart)
    assert {one.question for one in found.questions} <= {q.question for one in apart for q in one.questions}


def test_an_advantage_is_the_speakers_strength_less_the_judge_s(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url)
    table["models"]["big"] = {**table["models"]["m"], "model": "small"}
    table["agents"] = [{"debater": {"use": "debater", "model": "big"}}]
    engine, run = store(tmp_path, table)
    assert models(engine, run) == ("small", "tiny")
    (one,) = advantages(engine, run, {"small": 1500.0, "tiny": 900.0})
    assert (one.debaters, one.overseer, one.gap, one.accuracy.rulings) == (1500, 900, 600, 4)
    assert advantages(engine, run, {"small": 1500.0}) == ()


def test_players_without_a_model_go_by_their_labels(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing(protocols=["direct", "debate"]))
    (judge, cast) = sorted(models(engine, run))
    assert judge == "guess.Guesses" and cast.startswith("scripted")
    (one,) = advantages(engine, run, {judge: 1.0, cast: 3.0})
    assert (one.protocol, one.gap) == ("debate", 2.0)


def test_losses_tell_stage_kind_seat_and_whether_the_seat_was_right(tmp_path: Path) -> None:
    mute = {"use": "scripted", "lines": [""]}
    engine, run = store(tmp_path, guessing(protocols=["consultancy"], agents=[{"consultant": mute}]))
    found = {one.arm: one for one in losses(engine, run)}
    assert {arm: (one.right, one.stage, one.kind, one.seat, one.times) for arm, one in found.items()} == {
        "right": (True, "speak", "unreadable", "consultant", 6),
        "wrong": (False, "speak", "unreadable", "consultant", 6),
    }


def test_losses_count_verdicts_that_failed_and_that_could_not_be_read(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing(protocols=["direct", "debate"], judges=[Falters()]))
    found = {(one.stage, one.kind): one for one in losses(engine, run)}
    assert found.keys() == {("decide", "unreadable"), ("decide", "timeout")}
    assert sum(one.times for one in found.values()) == 12
    timeout = found["decide", "timeout"]
    assert (timeout.seat, timeout.judge, timeout.again) == ("judge", Falters().label, timeout.times)


def test_a_lost_ruling_is_of_the_same_source_as_those_that_were_made(tmp_path: Path) -> None:
    engine, run = store(tmp_path, guessing(protocols=["direct", "debate"], judges=[Falters()]))
    direct, debate = samples(engine, run).values()
    assert debate.lost and {one.source for one in debate.lost} <= {one.source for one in direct.records}
