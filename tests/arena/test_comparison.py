"""Comparisons of several runs, by group, and how they are printed: JSON, CSV, Markdown, LaTeX, figures."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from drawn import RIGHT, record
from lab import Shell, at, clean, play, scripted
from sqlalchemy import select

from arena import compare as module
from arena import manuscript
from arena.compare import Comparison, compare, full
from arena.errors import ConfigError
from arena.experiment import read as experiment_of
from arena.figures import save
from arena.metric import Sample
from arena.metrics.pgr import undefined
from arena.store import cost, db, read
from arena.store import schema as s
from arena.store.read import Spent

GUESSES = {"use": "guess.Guesses"}
TASKS = [{"use": "passages", "questions": 5}, {"use": "passages", "questions": 3, "difficulty": 2}]


def guessing(**changes: Any) -> dict[str, Any]:
    return scripted(6) | {"judges": [GUESSES], "protocols": ["direct", "expert", "debate"], **changes}


def compared(folder: Path, *tables: dict[str, Any], **options: Any) -> Comparison:
    for table in tables:
        play(table, folder)
    return compare(db.connect(at(folder)), [table["name"] for table in tables], **options)


def rows(made: Comparison) -> list[tuple[str, str]]:
    return [(row.group, row.protocol) for row in made.rows if not row.arm]


def test_runs_stay_apart_and_each_is_compared_with_its_own_baseline(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing(), guessing(name="t", seed=6))
    assert len(made.runs) == 2 and [row.run for row in made.rows] == [made.runs[0]] * 3 + [made.runs[1]] * 3
    assert {(pair.run, pair.baseline_run) for pair in made.pairs} == {(run, run) for run in made.runs}


def test_a_run_without_a_baseline_takes_that_of_the_first_run_that_has_one(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing(), guessing(name="t", protocols=[{"use": "debate", "rounds": 2}]))
    (pair,) = [pair for pair in made.pairs if pair.run == made.runs[1]]
    assert (pair.baseline_run, pair.difference.questions) == (made.runs[0], 6)
    gap = next(row.pgr for row in made.rows if row.run == made.runs[1])
    assert gap.value is not None or undefined(gap)


def test_a_baseline_of_one_run_can_be_asked_for_all(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing(), guessing(name="t"), baseline="t/debate")
    assert {pair.baseline_run for pair in made.pairs} == {made.runs[1]}
    assert [(pair.run, pair.protocol) for pair in made.pairs if pair.protocol == "debate"] == [(made.runs[0], "debate")]
    for wrong in ("s/debat", "debat"):
        with pytest.raises(ConfigError, match="no protocol is called 'debat'; did you mean 'debate'"):
            compare(db.connect(at(tmp_path)), "s", wrong)


def test_a_baseline_s_name_must_be_that_of_one_protocol(tmp_path: Path) -> None:
    compared(tmp_path, guessing(protocols=["direct", "debate", {"use": "debate", "rounds": 1}]))
    engine = db.connect(at(tmp_path))
    assert compare(engine, "s", "debate").baseline == "debate"
    play(guessing(name="t", protocols=[{"use": "debate", "rounds": n} for n in (1, 2)]), tmp_path)
    for wrong, told in (("debate", "several protocols are called 'debate'"), ("", "no protocol is called ''")):
        with pytest.raises(ConfigError, match=told):
            compare(engine, "t", wrong)


def test_a_run_of_which_nothing_is_there_says_so_in_every_form(shell: Shell) -> None:
    experiment = experiment_of(guessing(), shell.folder / "e.toml")
    db.Store(engine := db.connect(at(shell.folder))).start(experiment, (18, 36), {})
    done = shell.run("compare", "s")
    assert f"run {experiment.id}: no rulings yet" in done.stdout and "0 of 18 transcripts are complete" in clean(done)
    made = compare(engine, "s")
    assert full(made) == []
    for write in (manuscript.csv, manuscript.markdown, manuscript.latex, lambda one: save(one, shell.folder / "f.svg")):
        with pytest.raises(ConfigError, match=f"{experiment.id}: no rulings yet"):
            write(made)


def test_a_run_named_twice_is_compared_once(tmp_path: Path) -> None:
    play(guessing(), tmp_path)
    engine = db.connect(at(tmp_path))
    assert compare(engine, ["s", "s"]) == compare(engine, "s")


def test_holm_s_family_is_every_pair_that_is_shown(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing(), guessing(name="t", seed=6))
    tested = [pair for pair in made.pairs if pair.difference.p is not None]
    least = min(tested, key=lambda pair: pair.difference.p or 1)
    assert least.p_holm == pytest.approx(min(1, len(tested) * (least.difference.p or 1)))


@pytest.mark.usefixtures("both")
def test_by_task_and_by_tag_rows_are_about_the_questions_of_each(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing(tasks=TASKS), by="tag")
    assert [group for group, _ in rows(made)] == ["difficulty 1"] * 3 + ["difficulty 2"] * 3
    assert {(row.group, row.accuracy.questions) for row in made.rows} == {("difficulty 1", 5), ("difficulty 2", 3)}
    assert {(pair.group, pair.difference.questions) for pair in made.pairs} == {
        ("difficulty 1", 5),
        ("difficulty 2", 3),
    }
    by_task = compare(db.connect(at(tmp_path)), "s", by="task")
    assert {(row.group, row.accuracy.questions) for row in by_task.rows} == {("passages", 8)}


def test_by_judge_and_by_agent_rows_stand_together(tmp_path: Path) -> None:
    said = [{"debater": {"use": "scripted", "lines": [f"{word} $mine"]}} for word in ("ay", "bo")]
    table = guessing(judges=[GUESSES, {**GUESSES, "salt": "b"}], agents=said)
    made = compared(tmp_path, table, by="judge")
    assert [group for group, _ in rows(made)] == ["guess.Guesses"] * 4 + ["guess.Guesses(b)"] * 4
    by_agent = compare(db.connect(at(tmp_path)), "s", by="agent")
    casts = list(dict.fromkeys(row.cast for row in by_agent.rows if row.cast))
    assert list(dict.fromkeys(row.group for row in by_agent.rows)) == ["nobody", *casts]
    assert {pair.group for pair in by_agent.pairs if pair.protocol == "debate"} == set(casts)
    debates = [row.pgr for row in by_agent.rows if row.protocol == "debate"]
    assert len(debates) == 4 and not any("needs" in gap.method for gap in debates)


def test_judges_can_be_pooled_and_are_repeated_measures_then(tmp_path: Path) -> None:
    table = guessing(judges=[GUESSES, {**GUESSES, "salt": "b"}], beliefs=True)
    made, apart = compared(tmp_path, table, pooled=True), compared(tmp_path, table)
    direct, expert, debate = made.rows
    assert {row.judge for row in made.rows} == {""} and {pair.judge for pair in made.pairs} == {""}
    assert (debate.accuracy.rulings, debate.accuracy.sources) == (2 * 12, 6)
    alone = [row.accuracy.value or 0 for row in apart.rows if row.protocol == "debate"]
    assert debate.accuracy.value == pytest.approx(sum(alone) / 2) and debate.bits.rulings == 24
    assert "direct and expert" not in expert.pgr.method and direct.flips.rulings == 24
    with pytest.raises(ConfigError, match="not both"):
        compare(db.connect(at(tmp_path)), "s", by="judge", pooled=True)


def test_every_row_has_scores_and_what_they_rest_on(tmp_path: Path) -> None:
    made = compared(
        tmp_path, guessing(beliefs=True, protocols=["direct", {"use": "debate", "rounds": 2}, "consultancy"])
    )
    direct, debate, consultancy, right, _ = made.rows
    for one in (direct.brier, direct.log_score, direct.ece, direct.asd, direct.asd_brier):
        assert one.value is not None and one.rulings == 12
    assert (direct.rounds, debate.rounds) == (0, 2) and debate.bits.value is not None and direct.bits.value is None
    assert consultancy.asd.value is not None and (right.arm, right.asd.value) == ("right", None)
    assert "direct and expert" in debate.pgr.method


def test_what_protocols_took_is_the_sum_of_their_roles(tmp_path: Path) -> None:
    model = {"use": "scripted", "otherwise": "A"}
    cast = {"debater": {"use": "debater", "model": model}}
    made = compared(tmp_path, guessing(agents=[cast], judges=[{"use": "token", "model": model}], protocols=["debate"]))
    (row,) = made.rows
    assert cost.spent(made.efforts) == Spent(12 + 36, row.tokens, row.cost, row.seconds)
    assert cost.spent([made.efforts[0].model_copy(update={"cost": None})]).cost is None


SCRIPT = {"use": "scripted", "otherwise": "A"}
PRICED = {
    "agents": [{"debater": {"use": "debater", "model": SCRIPT}}],
    "judges": [{"use": "token", "model": SCRIPT}],
    "protocols": ["direct", "debate"],
}


@pytest.mark.usefixtures("both")
def test_by_tag_what_was_taken_is_of_the_questions_of_each(tmp_path: Path) -> None:
    whole = compared(tmp_path, guessing(tasks=TASKS, **PRICED))
    made = compare(db.connect(at(tmp_path)), "s", by="tag")
    for protocol in ("direct", "debate"):
        apart = [row for row in made.rows if row.protocol == protocol]
        (all_,) = (row.tokens for row in whole.rows if row.protocol == protocol)
        assert len({row.tokens for row in apart}) == 2 and sum(row.tokens or 0 for row in apart) == all_
    calls = {(one.group, one.role): one.calls for one in made.efforts if one.protocol == "debate"}
    assert calls["difficulty 1", "debater"] == 3 * 10 and calls["difficulty 2", "debater"] == 3 * 6
    assert [sum(one["calls"] for one in line["roles"]) for line in full(made)] == [10, 40, 6, 24]  # type: ignore[attr-defined]


def test_by_tag_turns_are_tallied_for_each(tmp_path: Path) -> None:
    long = {"use": "scripted", "lines": ["$mine <v_quote>x y</v_quote> " + "word " * 120]}
    cast = {"protocols": ["consultancy"], "agents": [{"consultant": long}]}
    made = compared(tmp_path, guessing(tasks=TASKS, **cast), by="tag")
    assert {(one.group, one.arm): (one.turns, one.counts) for one in made.tallies} == {
        (f"difficulty {hard}", arm): (n, {"forged": 2 * n})
        for hard, n in ((1, 5), (2, 3))
        for arm in ("right", "wrong")
    }


def test_the_judge_s_time_is_a_mean_and_unknown_where_that_of_one_ruling_is() -> None:
    person, model, unknown = (
        record(name, RIGHT, seconds=taken) for name, taken in (("a", 90.0), ("b", 0.0), ("c", None))
    )
    assert module._mean(Sample([person, model]).records.number("seconds")) == 45
    assert module._mean(Sample([person, unknown]).records.number("seconds")) is None


@pytest.mark.usefixtures("both")
def test_a_turn_that_was_stored_without_outcomes_has_none(tmp_path: Path) -> None:
    play(guessing(), tmp_path)
    engine = db.connect(at(tmp_path))
    run = read.run_id(engine, None)
    before = cost.tallies(engine, run)
    with engine.execution_options(writes=True).begin() as open_:
        for row in open_.execute(select(s.turns)).all():
            body = {name: value for name, value in row.body.items() if name not in {"outcomes", "cut", "forged"}}
            same = [s.turns.c[name] == getattr(row, name) for name in ("match", "seat", "after")]
            open_.execute(s.turns.update().where(*same).values(body=body))
    assert cost.tallies(engine, run) == before and before


def parsed(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]


def test_a_markdown_table_has_a_line_for_each_row_and_a_note(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing())
    text = manuscript.markdown(made)
    head, rule, *body = parsed(text)
    assert (
        head[:5] == ["Protocol", "n", "Sources", "Unscored", "Accuracy, %"] and rule[0] == "---" and rule[1] == "---:"
    )
    assert [line[0] for line in body] == ["direct", "expert", "debate"] and body[0][5] == "–"
    assert made.run in text and "Holm's correction over" in text


def test_a_latex_table_escapes_what_latex_would_take_for_itself(tmp_path: Path) -> None:
    text = manuscript.latex(compared(tmp_path, guessing(name="a_b", judges=[{**GUESSES, "salt": r"50 % & \x{}"}])))
    assert r"run a\_b" in text and r"Accuracy, \%" in text and "–" not in text
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == 3 and all(line.endswith(r" \\") and line.count(" & ") == body[0].count(" & ") for line in body)
    assert (
        manuscript._escaped(r"5 % & \x{}_~^") == r"5 \% \& \textbackslash{}x\{\}\_\textasciitilde{}\textasciicircum{}"
    )


def test_small_numbers_do_not_become_a_signed_zero() -> None:
    assert [manuscript._minus(x) for x in ("-0", "+0", "-0.00", "-3", "+3", "-0.01")] == [
        "0",
        "0",
        "0.00",
        "−3",
        "+3",
        "−0.01",
    ]


@pytest.mark.parametrize("by", [None, "judge", "tag"])
def test_a_figure_is_drawn_without_a_network(tmp_path: Path, by: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    made = compared(tmp_path, guessing(tasks=TASKS), by=by)
    for ending in ("svg", "png"):
        save(made, tmp_path / f"f.{ending}")
    told = " ".join(ET.fromstring((tmp_path / "f.svg").read_text()).itertext())
    assert "debate" in told and "judge accuracy" in told and "n = " in told
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_another_ending_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    made = compared(tmp_path, guessing())
    with pytest.raises(ConfigError, match=r"'.jpg'; did you mean '.png'\? choices: .pdf, .png, .svg"):
        save(made, tmp_path / "f.jpg")
    with pytest.raises(ConfigError, match="No such file"):
        save(made, tmp_path / "nowhere" / "f.svg")


def test_the_command_prints_every_form_of_one_run_and_of_two(shell: Shell) -> None:
    for name in ("s", "t"):
        play(scripted(4) | {"name": name}, shell.folder)
    table = shell.run("compare", "s", "t", "--by", "judge").stdout
    assert "judge accuracy, % with 95 % interval; runs s-" in table and "scores of the judges' probabilities" in table
    lines = list(csv.DictReader(io.StringIO(shell.run("compare", "s", "--csv").stdout)))
    told = json.loads(shell.run("compare", "s", "--json").stdout)
    assert [line["protocol"] for line in lines] == [line["protocol"] for line in told]
    assert float(lines[0]["brier"]) == told[0]["brier"] and "asd_brier_low" in told[0]
    assert shell.run("compare", "--markdown").stdout.startswith("| Protocol |")
    assert r"\toprule" in shell.run("compare", "--latex", "--figure", "f.svg").stdout
    assert (shell.folder / "f.svg").stat().st_size > 1000


def test_two_forms_at_once_and_an_unknown_group_are_refused(shell: Shell) -> None:
    play(scripted(1), shell.folder)
    assert "--json and --csv: only one" in clean(shell.run("compare", "--json", "--csv"))
    assert "'tag'" in clean(shell.run("compare", "--by", "taag"))
