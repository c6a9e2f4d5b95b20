"""Comparing the protocols of a run, on stores that real matches were played into."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from lab import at, happened
from rich.console import Console
from sqlalchemy import Engine

from agents.scripted import Scripted
from arena.compare import Comparison, Pair, Row, compare, full, table
from arena.errors import CallError, ConfigError, StoreError, Unreadable
from arena.experiment import Experiment, read
from arena.judge import Judge
from arena.match import Failure, Match
from arena.nouns import Verdict, View
from arena.plugin import key
from arena.protocols.debate import Debate
from arena.store.db import Store, connect
from arena.tables import comparison
from arena.wire import Wire
from arena.work import Ask, Event, Job

pytestmark = pytest.mark.usefixtures("both")

MUTE = {"use": "scripted", "lines": [""]}
SPEAKS = {"use": "scripted"}
READER = {"use": "scripted", "rule": "passage"}


class Fails(Judge):
    """Fails on every debate in the second presentation, and cannot be read in the first."""

    async def decide(self, view: View) -> Verdict:
        if not view.turns:
            return Verdict(p=(1.0, 0.0))
        if view.turns[0].text.endswith(view.answers[0]):
            raise Unreadable("no answer letter")
        raise CallError("hung", "timeout")


def experiment(folder: Path, **changes: Any) -> Experiment:
    """Six questions on three doors: what a reader of the passage knows, and nobody can guess."""
    lines = [
        {"question": f"Door {i}?", "answers": ["red", "blue"], "correct": i % 2, "source": f"{i // 2}", "passage": text}
        for i, text in enumerate(f"The door is {('red', 'blue')[i % 2]}." for i in range(6))
    ]
    file = folder / "doors.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    plan = {
        "name": "small",
        "tasks": [{"use": "file", "path": str(file)}],
        "protocols": ["direct", "expert"],
        "agents": [{"debater": SPEAKS, "consultant": SPEAKS}],
        "judges": [READER],
    }
    return read({**plan, **changes}, file)


def note(store: Store, plan: Experiment) -> list[Match]:
    matches = [(i, task, match) for i, (task, match) in enumerate(plan.matches())]
    store.add(store.start(plan, (len(matches), 0), {}), matches)
    return [match for _, _, match in matches]


async def finish(store: Store, plan: Experiment) -> None:
    async with Wire():
        for match in note(store, plan):
            asks = tuple(Ask(judge=judge, order=order) for judge in plan.judges for order in match.orders)
            store.save(plan.id, await happened(Job(match=match, asks=asks)))


def played(folder: Path, **changes: Any) -> tuple[Engine, str]:
    """A store with a run, and the run's id."""
    plan = experiment(folder, **changes)
    engine = connect(at(folder))
    asyncio.run(finish(Store(engine), plan))
    return engine, plan.id


def compared(folder: Path, baseline: str | None = None, **changes: Any) -> Comparison:
    return compare(*played(folder, **changes), baseline=baseline)


def names(rows: tuple[Row, ...] | tuple[Pair, ...]) -> list[str]:
    return [one.protocol for one in rows]


def test_a_row_for_each_protocol_and_judge_in_the_order_played(tmp_path: Path) -> None:
    first = {"use": "scripted", "rule": "first"}
    rows = compared(tmp_path, protocols=["expert", "direct"], judges=[READER, first]).rows
    assert [(r.protocol, r.judge) for r in rows] == [
        ("expert", "scripted(passage)"), ("expert", "scripted(first)"),
        ("direct", "scripted(passage)"), ("direct", "scripted(first)"),
    ]  # fmt: skip


def test_a_row_holds_accuracy_flips_and_what_they_rest_on(tmp_path: Path) -> None:
    direct, expert = compared(tmp_path).rows
    assert (direct.accuracy.value, expert.accuracy.value) == (0.5, 1)
    assert (direct.flips.value, expert.flips.value) == (0, 0)
    assert (expert.accuracy.sources, expert.accuracy.questions, expert.accuracy.rulings) == (3, 6, 12)


def test_a_judge_that_takes_the_first_answer_flips_every_time(tmp_path: Path) -> None:
    sequential = {"use": "debate", "turns": "sequential", "rounds": 2}
    plan: dict[str, Any] = {
        "protocols": ["direct", "debate", sequential],
        "judges": [{"use": "scripted", "rule": "first"}],
    }
    assert [r.flips.value for r in compared(tmp_path, **plan).rows] == [1, 1, 1]


def test_the_first_direct_protocol_is_the_baseline_wherever_it_stands(tmp_path: Path) -> None:
    comparison = compared(tmp_path, protocols=["expert", "direct", "debate"])
    assert comparison.baseline == "direct"
    assert names(comparison.pairs) == ["expert", "debate"]


def test_without_a_direct_protocol_the_first_is_the_baseline(tmp_path: Path) -> None:
    comparison = compared(tmp_path, protocols=["expert", "debate"])
    assert (comparison.baseline, names(comparison.pairs)) == ("expert", ["debate"])


def test_a_baseline_can_be_named_and_a_wrong_name_lists_the_protocols(tmp_path: Path) -> None:
    engine, run = played(tmp_path, protocols=["direct", {"use": "debate", "rounds": 2}])
    assert compare(engine, run, "debate").baseline == "debate(rounds=2)"
    with pytest.raises(ConfigError, match=r"'dirct'; did you mean 'direct'\? choices: debate\(rounds=2\), direct"):
        compare(engine, run, "dirct")


def test_an_unknown_run_is_an_error(tmp_path: Path) -> None:
    engine, _ = played(tmp_path)
    with pytest.raises(StoreError, match="choices"):
        compare(engine, "smal")


def test_a_pair_is_the_paired_difference_from_the_baseline(tmp_path: Path) -> None:
    (pair,) = compared(tmp_path).pairs
    assert (pair.baseline, pair.difference.value, pair.difference.questions) == ("direct", 0.5, 6)
    assert pair.difference.p == pytest.approx(2 / 8)


def test_holm_multiplies_the_smallest_p_by_the_number_of_pairs(tmp_path: Path) -> None:
    """p = 1/4 (three sources better) and 1 (no difference): by Holm (1979) 2/4 and 1."""
    pairs = compared(tmp_path, protocols=["direct", "debate", "expert"]).pairs
    assert [p.difference.p for p in pairs] == pytest.approx([1, 1 / 4])
    assert [p.p_holm for p in pairs] == pytest.approx([1, 1 / 2])


def test_a_pair_without_a_test_has_no_holm_p_and_does_not_count(tmp_path: Path) -> None:
    plan: dict[str, Any] = {"protocols": ["direct", "debate", "expert"], "agents": [{"debater": MUTE}]}
    debate, expert = compared(tmp_path, **plan).pairs
    assert (debate.difference.value, debate.p_holm) == (None, None)
    assert expert.p_holm == expert.difference.p


def test_arms_have_rows_of_their_own_below_the_row_about_both(tmp_path: Path) -> None:
    """A judge that believes whoever has the most quotes believes every consultant."""
    quoting = {"use": "scripted", "lines": ["<quote>the door</quote> $mine"]}
    plan: dict[str, Any] = {"protocols": ["consultancy"], "agents": [{"consultant": quoting}], "judges": ["scripted"]}
    rows = compared(tmp_path, **plan).rows
    assert [(r.arm, r.accuracy.value) for r in rows] == [("", 0.5), ("right", 1), ("wrong", 0)]
    assert [r.accuracy.rulings for r in rows] == [24, 12, 12]


def test_a_failed_match_loses_every_ruling_of_every_judge(tmp_path: Path) -> None:
    plan: dict[str, Any] = {
        "protocols": ["direct", "debate"],
        "agents": [{"debater": MUTE}],
        "judges": [READER, "scripted"],
    }
    debate = [r for r in compared(tmp_path, **plan).rows if r.protocol == "debate"]
    assert [r.judge for r in debate] == ["scripted(passage)", "scripted"]
    assert [(r.accuracy.value, r.accuracy.rulings, r.accuracy.failed) for r in debate] == [(None, 0, 12)] * 2
    assert [r.strict.value for r in debate] == [0, 0]


def test_a_match_of_one_order_loses_one_ruling(tmp_path: Path) -> None:
    sequential = {"use": "debate", "turns": "sequential", "rounds": 2}
    (row,) = compared(tmp_path, protocols=[sequential], agents=[{"debater": MUTE}]).rows
    assert row.accuracy.failed == 6 * 2


def test_a_failed_and_an_unreadable_ruling_are_counted_apart_and_strictly_wrong(tmp_path: Path) -> None:
    _, debate = compared(tmp_path, protocols=["direct", "debate"], judges=[Fails()]).rows
    assert (debate.accuracy.rulings, debate.accuracy.unreadable, debate.accuracy.failed) == (0, 6, 6)
    assert (debate.accuracy.value, debate.strict.value) == (None, 0)


def test_a_failure_counts_until_it_is_mended(tmp_path: Path) -> None:
    plan, store = experiment(tmp_path, protocols=["expert"]), Store(connect(at(tmp_path)))
    for match in note(store, plan):
        failure = Failure(match=match.key, judge=key(plan.judges[0]), stage="decide", kind="timeout", message="hung")
        store.save(plan.id, [Event(match=match.key, failure=failure)])
    assert [r.accuracy.failed for r in compare(store.engine, plan.id).rows] == [6]
    asyncio.run(finish(store, plan))
    (row,) = compare(store.engine, plan.id).rows
    assert (row.accuracy.failed, row.accuracy.value) == (0, 1)


def test_a_cast_is_compared_with_the_baseline_s_own_or_with_nobody_s(tmp_path: Path) -> None:
    casts = [{"debater": SPEAKS, "consultant": SPEAKS}, {"debater": MUTE, "consultant": MUTE}]
    plan: dict[str, Any] = {"protocols": ["direct", "debate", "consultancy"], "agents": casts}
    engine, run = played(tmp_path, **plan)
    assert [p.difference.questions for p in compare(engine, run).pairs] == [6, 0, 6, 0]
    assert [p.cast for p in compare(engine, run, "consultancy").pairs if p.protocol == "debate"] == [
        Scripted().label, Scripted(lines=("",)).label,
    ]  # fmt: skip


def test_a_table_is_flat_and_fits_json_and_csv(tmp_path: Path) -> None:
    comparison = compared(tmp_path, protocols=["direct", "consultancy"])
    lines = table(comparison)
    assert [(line["protocol"], line["arm"], line["difference"]) for line in lines] == [
        ("direct", "", None), ("consultancy", "", 0.0), ("consultancy", "right", None), ("consultancy", "wrong", None),
    ]  # fmt: skip
    assert json.loads(json.dumps(lines)) == lines
    csv.DictWriter(io.StringIO(), list(lines[0])).writerows(lines)


def test_a_comparison_survives_json(tmp_path: Path) -> None:
    comparison = compared(tmp_path)
    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


def test_tokens_are_the_protocol_s_and_judge_tokens_the_judge_s_own(tmp_path: Path) -> None:
    """The consultant, a script without a model, takes none: two judges with a model and one without share the calls."""
    model = {"use": "scripted", "otherwise": '{"A": 0.9, "B": 0.1}'}
    judges = [{"use": "stated", "model": model}, {"use": "stated", "model": model, "max_tokens": 50}, READER]
    rows = compared(tmp_path, protocols=["consultancy"], judges=judges).rows
    one, two, three = (r for r in rows if not r.arm)
    assert one.judge_tokens == two.judge_tokens
    assert (one.tokens, three.judge_tokens, one.cost) == (2 * (one.judge_tokens or 0), 0, 0.0)
    assert one.judge_tokens == sum(r.judge_tokens or 0 for r in rows if r.arm and r.judge == one.judge) > 0


def printed(made: Comparison) -> str:
    console = Console(width=160, file=io.StringIO(), markup=False)
    console.print(comparison(made))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_each_role_and_each_judge_has_its_own_calls_tokens_and_cost(tmp_path: Path) -> None:
    model = {"use": "scripted", "otherwise": "A"}
    cast = {"debater": {"use": "debater", "model": model}, "questioner": {"use": "questioner", "model": model}}
    judges = [{"use": "token", "model": model, "shots": shots} for shots in (0, 1)]
    stops = {"use": "debate", "rounds": 2, "stop": "sure", "sure": 1.0, "turns": "sequential"}
    made = compared(tmp_path, protocols=["direct", stops], agents=[cast], judges=judges)
    debate = next(row for row in made.rows if row.protocol != "direct")
    roles = {one.role: one for one in made.efforts if one.protocol == debate.protocol}
    assert {role: one.calls for role, one in roles.items()} == {
        "debater": 48, "questioner": 12, "judge token(shots=0)": 12, "judge token(shots=1)": 12,
    }  # fmt: skip
    assert sum(one.prompt_tokens + one.completion_tokens for one in roles.values()) == debate.tokens
    assert {one.cost for one in roles.values()} == {0.0} and "calls by role" in printed(made)
    told = full(made)
    assert [one["role"] for one in told[-1]["roles"]] == list(roles)


def test_each_cast_has_its_own_tokens_calls_and_outcomes(tmp_path: Path) -> None:
    model = {"use": "scripted", "otherwise": "A"}
    plain = {"use": "debater", "model": model}
    best = {"use": "best_of_n", "n": 3, "agent": plain, "judge": {"use": "token", "model": model}}
    made = compared(tmp_path, protocols=["debate"], agents=[{"debater": plain}, {"debater": best}])
    calls = {one.cast.partition("(")[0]: one.calls for one in made.efforts if one.role == "debater"}
    assert calls["best_of_n"] > 3 * calls["debater"] > 0
    one, other = made.rows
    assert one.tokens < other.tokens and one.cast != other.cast
    assert {(tally.cast, tally.arm) for tally in made.tallies} == {
        (row.cast, arm) for row in made.rows for arm in ("right", "wrong")
    }
    assert f"debate [{one.cast}]" in printed(made).partition("calls by role")[2]
    assert [len(line["roles"]) for line in full(made)] == [1, 1]


def test_what_was_the_matter_with_turns_is_counted_by_side_and_shown_where_there_is_anything(tmp_path: Path) -> None:
    long = {"use": "scripted", "lines": ["$mine <v_quote>x y</v_quote> " + "word " * 120]}
    made = compared(tmp_path, protocols=["direct", "consultancy"], agents=[{"consultant": long}])
    (right, wrong) = sorted(made.tallies, key=lambda one: one.arm)
    assert (right.arm, right.turns, right.counts) == ("right", 6, {"forged": 12})
    assert (wrong.arm, wrong.turns) == ("wrong", 6) and "what was the matter" in printed(made)
    quiet = compared(tmp_path, name="quiet", protocols=["direct", "consultancy"])
    assert "what was the matter" not in printed(quiet)


def test_who_argues_by_its_own_belief_is_called_a_protagonist(tmp_path: Path) -> None:
    believer = {"use": "scripted", "lines": ['{"red": 0.9, "blue": 0.1}']}
    made = compared(
        tmp_path, protocols=["direct", "open_consultancy", "consultancy"], agents=[{"consultant": believer}]
    )
    shown = printed(made)
    assert [(r.arm, r.chosen) for r in made.rows] == [
        ("", False), ("", True), ("right", True), ("wrong", True), ("", False), ("right", False), ("wrong", False),
    ]  # fmt: skip
    assert "protagonist right" in shown and "assigned wrong" in shown


def test_a_reward_is_shown_only_where_rounds_have_a_price(tmp_path: Path) -> None:
    stops = {"use": "debate", "rounds": 2, "round_price": 0.05, "stop": "sure"}
    priced = compared(tmp_path, name="priced", protocols=["direct", stops])
    free = compared(tmp_path, protocols=["direct", "debate"])
    assert ("reward, bits" in printed(priced), "reward, bits" in printed(free)) == (True, False)
    assert [row.reward.value for row in priced.rows] == pytest.approx([-1, -1.05])
    assert {"reward", "reward_low", "reward_high", "price"} <= set(table(free)[0])


def test_rounds_that_nobody_asks_for_have_no_price() -> None:
    assert (Debate(round_price=0.05).price, Debate(round_price=0.05, stop="choice").price) == (0, 0.05)
