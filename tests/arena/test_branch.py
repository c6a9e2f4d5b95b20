"""Branching stored transcripts: what is kept, what is sampled anew, which branch is preferred, going on, refusals."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lab import Shell, Silent, Table, at, modelled, play, replies, settle, wait_for
from lab import scripted as unmodelled
from server import Server

from arena.branch import Branches, Branching, Spot, grow
from arena.compare import compare
from arena.crew import Here
from arena.errors import ConfigError
from arena.experiment import Limits
from arena.preferences import pairs
from arena.run import Exit
from arena.store import db, read

pytestmark = pytest.mark.usefixtures("both")


def table(server: Server, **changed: Any) -> Table:
    """A one-round debate and a consultancy before a judge whose preference can be read in the text."""
    short = [{"use": "debate", "rounds": 1, "words": 30}, {"use": "consultancy", "words": 30}]
    return modelled(server.url) | {"protocols": short, "judges": ["loud.Loud"]} | changed


def grown(folder: Path, limits: Limits | None = None, **options: Any) -> tuple[Exit, Branches, Silent]:
    """Branch the run `t` of the folder's store."""
    engine = db.connect(at(folder))
    course = Branches(engine, Branching(run=read.run_id(engine, "t"), **options), limits)
    watch = Silent()
    code = asyncio.run(grow(db.Store(engine), course, lambda purse: Here(2, db.replies(engine), purse), watch))
    return code, course, watch


def kept(folder: Path, key: str) -> read.Kept:
    return read.kept(db.connect(at(folder)), key)


def loudness(text: str) -> int:
    return sum(int(n) % 1000 for n in re.findall(r"number (\d+)", text))


def test_the_judge_prefers_what_is_chosen_whichever_side_it_argues_for(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    code, course, _ = grown(tmp_path)
    engine = db.connect(at(tmp_path))
    found, count = pairs(engine, course)
    assert (code, count.turns, count.unjudged, len(found)) == (Exit.DONE, 8, 0, 8)
    assert all(loudness(pair.chosen) > loudness(pair.rejected) for pair in found)
    sides = {(s.match.key, s.cue.seat): s.mine == s.match.question.correct for s in course.spots()}
    assert [sides[pair.match, pair.seat] for pair in found].count(False) == 4


def test_a_branch_keeps_what_stood_before_and_beside_it_and_changes_its_own_turn(
    server: Server, tmp_path: Path
) -> None:
    play(modelled(server.url, questions=1), tmp_path)
    _, course, _ = grown(tmp_path, seats=("alice",), rounds=(2,))
    (spot,) = course.spots()
    found = [kept(tmp_path, spot.branch(number).key) for number in (0, 1)]
    before = {(t.seat, t.round): t.text for t in kept(tmp_path, spot.match.key).turns}
    samples = {spot.sampled(branch.turns).text for branch in found}
    for branch in found:
        after = {(t.seat, t.round): t.text for t in branch.turns}
        assert {at for at in before if before[at] != after[at]} == {("alice", 2)}
        assert sum(turn.usage.calls for turn in branch.turns) == 1
    assert len(samples) == 2


def test_what_follows_a_branch_is_played_anew(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url, questions=1), tmp_path)
    _, course, _ = grown(tmp_path, seats=("bob",), rounds=(1,))
    (spot,) = course.spots()
    before = {(t.seat, t.round): t.text for t in kept(tmp_path, spot.match.key).turns}
    after = {(t.seat, t.round): t.text for t in kept(tmp_path, spot.branch(0).key).turns}
    assert {at for at in before if before[at] == after[at]} == {("alice", 1)}


def test_further_rollouts_begin_with_the_same_sample_and_their_mean_counts(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url, questions=1) | {"judges": ["loud.Loud"]}, tmp_path)
    code, course, _ = grown(tmp_path, rollouts=3, seats=("alice",), rounds=(1,))
    (spot,) = course.spots()
    found = [[kept(tmp_path, spot.branch(n, r).key) for r in range(3)] for n in range(2)]
    assert code == Exit.DONE
    assert all(len({spot.sampled(one.turns).text for one in branch}) == 1 for branch in found)
    assert all(len({one.turns[-1].text for one in branch}) == 3 for branch in found)
    ((pair,), _) = pairs(db.connect(at(tmp_path)), course)
    means = [sum(r["p"][spot.mine] for one in branch for r in one.rulings) / 6 for branch in found]
    assert [pair.score_chosen, pair.score_rejected] == pytest.approx(sorted(means, reverse=True))


def test_the_same_branching_again_plays_nothing_and_more_turns_extend_it(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    grown(tmp_path, sample=2, rollouts=2)
    sent = len(server.bodies)
    code, _, watch = grown(tmp_path, sample=2, rollouts=2)
    assert (code, len(server.bodies), watch.events) == (Exit.DONE, sent, [])
    _, more, watch = grown(tmp_path, sample=3, rollouts=2)
    new = {event.match for event in watch.events}
    assert len(list(more.spots())) == 3
    assert len(new) == 4


def test_a_limit_stops_the_branches_and_a_higher_one_goes_on(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    code, course, _ = grown(tmp_path, Limits(max_calls=3))
    _, count = pairs(db.connect(at(tmp_path)), course)
    assert (code, count.unjudged > 0) == (Exit.BUDGET, True)
    code, course, _ = grown(tmp_path)
    assert (code, pairs(db.connect(at(tmp_path)), course)[1].unjudged) == (Exit.DONE, 0)
    assert set(server.answered.values()) == {1}


def test_a_run_of_branches_is_a_run_like_any_other(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    _, course, _ = grown(tmp_path)
    engine = db.connect(at(tmp_path))
    counts = read.counts(engine, course.experiment.id)
    assert (counts.planned, counts.over, counts.ruled) == (16, 16, counts.rulings)
    assert {row.protocol for row in compare(engine, "t-branches").rows} == {
        row.protocol for row in compare(engine, "t").rows
    }
    again = Branches(engine, Branching(run=course.experiment.id, seats=("consultant",), sample=1))
    assert len(list(again.spots())) == 1


def test_what_no_turn_of_the_run_is_of_is_refused_with_the_choices(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, "t")
    with pytest.raises(ConfigError, match="seat 'carol'; choices: alice, bob, consultant"):
        Branches(engine, Branching(run=run, seats=("carol",)))
    with pytest.raises(ConfigError, match="protocol 'debat'; did you mean 'debate'"):
        Branches(engine, Branching(run=run, protocols=("debat",)))


def test_a_run_in_which_nobody_speaks_has_no_turn_to_branch(tmp_path: Path) -> None:
    play(unmodelled() | {"name": "t", "protocols": ["direct"]}, tmp_path)
    with pytest.raises(ConfigError, match="no complete transcript with a turn to branch"):
        grown(tmp_path)


def test_a_script_says_the_same_again_which_makes_no_pair(tmp_path: Path) -> None:
    play(unmodelled() | {"name": "t", "protocols": ["consultancy"]}, tmp_path)
    _, course, _ = grown(tmp_path)
    found, count = pairs(db.connect(at(tmp_path)), course)
    assert (found, count.same, count.ties) == ([], 8, 0)


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_killed_half_way_it_goes_on_and_pays_nothing_twice(server: Server, shell: Shell) -> None:
    file = shell.write(modelled(server.url, questions=1))
    shell.run("run", file, "--here")
    server.hold_after = len(server.bodies) + 5
    killed = shell.start("branch", "t", "--here", "--rollouts", "2")
    settle(server, replies(shell.folder))
    killed.kill()
    wait_for(lambda: server.waiting == 0)
    server.hold_after = None
    done = shell.run("branch", "t", "--here", "--rollouts", "2", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["over"], told["ruled"]) == (0, 16, told["rulings"])
    assert set(server.answered.values()) == {1}


def test_the_speaker_is_shown_as_it_was_asked(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url, questions=1), tmp_path)
    _, course, _ = grown(tmp_path)
    found, _ = pairs(db.connect(at(tmp_path)), course)
    sent = [json.loads(body)["messages"] for body in server.bodies]
    assert found
    assert all([message.model_dump() for message in pair.prompt] in sent for pair in found)
    assert all(pair.chosen.startswith("<thinking>") for pair in found)


def names(spots: list[Spot]) -> set[str]:
    return {spot.name for spot in spots}


def test_more_turns_of_the_same_seed_hold_the_fewer(server: Server, tmp_path: Path) -> None:
    play(table(server), tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, "t")
    few, more, other = (
        names(list(Branches(engine, Branching(run=run, sample=n, seed=seed)).spots()))
        for n, seed in ((3, 0), (5, 0), (3, 1))
    )
    assert (len(few), len(more)) == (3, 5)
    assert few < more
    assert few != other
