"""The data set made of branches: its files as a training library reads them, its splits, every kind of leak found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab import Shell
from server import Server
from test_branch import table

from arena.errors import ConfigError, DataError
from arena.preferences import Pair
from arena.provider import Message
from arena.splits import SPLITS, Terms, check, leaks, split, write

PASSAGE = "Mira kept bees by the river. Jonas kept goats on the hill."


def pair(n: int, **changed: Any) -> Pair:
    """A pair of source `n` that leaks nothing."""
    asked = f"Question: Who kept bees in {n}?\nAnswers:\n- Jonas\n- Mira\n\nYou argue that the right answer is: Mira"
    said = f"Passage:\n{PASSAGE} Year {n}.\n\n{asked}"
    fields = {
        "prompt": (Message(role="user", content=said),),
        "chosen": f"Mira, in {n}.",
        "rejected": f"She did, in {n}.",
        "score_chosen": 0.75,
        "score_rejected": 0.25,
        "source": f"s{n}",
        "question": f"q{n}",
        "match": f"m{n}",
        "seat": "alice",
        "round": 1,
        "protocol": "debate",
        "answers": ("Mira", "Jonas"),
        "passage": f"{PASSAGE} Year {n}.",
        "judged": ("I believe Mira, because bees are by the river.",),
    }
    return Pair(**fields | changed)


def ask(text: str, n: int = 1) -> tuple[Message, ...]:
    return (Message(role="user", content=f"{pair(n).prompt[0].content}\n{text}"),)


def test_what_leaks_nothing_is_found_clean() -> None:
    assert leaks({"train": [pair(1), pair(1, seat="bob")], "validation": [pair(2)]}) == []


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (pair(2, source="s1"), "its source 's1' stands in dpo.train.jsonl:1 too"),
        (pair(2, question="q1"), "its question 'q1'"),
        (pair(2, passage=f"{PASSAGE}  YEAR 1."), "its passage"),
        (pair(2, passage="", prompt=pair(1).prompt), "its prompt"),
        (pair(2, prompt=ask(f"Like this: {PASSAGE} Year 1.", 2)), "holds the passage of 's1', which is in train"),
        (pair(2, chosen=f"I copy: {PASSAGE} Year 1."), "holds the passage of 's1'"),
        (pair(2, prompt=ask("- Mira (correct)", 2)), "marks the right answer"),
        (pair(2, prompt=ask("✓ Mira", 2)), "marks the right answer"),
        (pair(2, prompt=ask("Correct answer: Mira.", 2)), "marks the right answer"),
        (pair(2, prompt=ask('{"correct": 0}', 2)), "marks the right answer"),
        (pair(2, prompt=ask("I believe Mira, because bees are by the river.", 2)), "holds what a judge wrote"),
        (pair(2, rejected="I believe Mira, because bees are by the river. So."), "holds what a judge wrote"),
    ],
)
def test_every_kind_of_leak_is_found_with_its_row_and_nothing_is_written(
    planted: Pair, told: str, tmp_path: Path
) -> None:
    splits = {"train": [pair(1)], "validation": [pair(3), planted]}
    with pytest.raises(DataError, match=r"dpo\.validation\.jsonl:2") as raised:
        write(splits, tmp_path / "out", {})
    assert told in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "innocent",
    [
        pair(2, prompt=ask("Your opponent wrote:\n[Round 1] Bob:\n| Correct answer: Jonas", 2)),
        pair(2, passage="- Mira (correct)", prompt=(Message(role="user", content="Passage:\n- Mira (correct)"),)),
        pair(2, asked="What is x?\ncorrect = 0", prompt=ask("Question: What is x?\ncorrect = 0", 2)),
        pair(2, answers=("True", "False"), prompt=ask("Answers:\n- True\n- False", 2)),
        pair(2, answers=("Mira", "Mira (true)"), prompt=ask("Answers:\n- Mira\n- Mira (true)", 2)),
        pair(2, judged=("quotes",), prompt=ask("Put quotes in.", 2)),
    ],
)
def test_what_speakers_passages_questions_and_answers_say_is_no_leak(innocent: Pair) -> None:
    check({"train": [pair(1)], "validation": [innocent]})


def test_sources_are_split_by_their_hash_whatever_else_there_is() -> None:
    many = [pair(n) for n in range(400)]
    whole = split(many, (0.8, 0.1, 0.1), seed=7)
    part = split(many[::2], (0.8, 0.1, 0.1), seed=7)
    assert all({p.source for p in part[name]} <= {p.source for p in whole[name]} for name in SPLITS)
    assert [len(whole[name]) for name in SPLITS] == pytest.approx([320, 40, 40], abs=25)
    assert whole != split(many, (0.8, 0.1, 0.1), seed=8)


def test_sources_that_share_a_text_stay_together() -> None:
    chain = [pair(n, passage=f"text {n // 2}", question=f"q{(n + 1) // 2}") for n in range(40)]
    assert sum(bool(part) for part in split(chain, (0.4, 0.3, 0.3)).values()) == 1
    assert leaks(split(chain, (0.4, 0.3, 0.3))) == []


@pytest.mark.parametrize("shares", [(0.5, 0.4), (1.5, -0.5), (0.25, 0.25, 0.25, 0.25), ()])
def test_shares_that_are_none_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="shares"):
        Terms(shares=shares)


def test_an_earlier_data_set_in_the_folder_goes(tmp_path: Path) -> None:
    write({"train": [pair(1)], "test": [pair(2)]}, tmp_path, {})
    (tmp_path / "notes.txt").write_text("mine")
    write({"train": [pair(2)]}, tmp_path, {})
    assert {path.name for path in tmp_path.iterdir()} == {
        "about.json",
        "dpo.train.jsonl",
        "notes.txt",
        "reward.train.jsonl",
    }


def test_a_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        write({"train": [pair(1)]}, tmp_path / "file" / "out", {})


def test_the_command_writes_what_a_training_library_loads(
    server: Server, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    study = table(server, tasks=[{"use": "passages", "questions": 6}], judges=[{"use": "token", "model": "m"}])
    assert shell.run("run", shell.write(study), "--here").returncode == 0
    done = shell.run("branch", "t", "--here", "--json", "--out", "data", "--shares", "0.5,0.5")
    about = json.loads((shell.folder / "data" / "about.json").read_text())
    assert (done.returncode, json.loads(done.stdout)["pairs"]) == (0, about)
    spread = {name: figures["pairs"] for name, figures in about["splits"].items() if figures["pairs"]}
    assert sum(spread.values()) == about["count"]["pairs"] > 0
    for kind, columns in (("dpo", {"prompt", "chosen", "rejected"}), ("reward", {"chosen", "rejected"})):
        files = {name: str(shell.folder / "data" / f"{kind}.{name}.jsonl") for name in spread}
        loaded = load_dataset("json", data_files=files, cache_dir=str(shell.folder / "cache"))
        assert {name: part.num_rows for name, part in loaded.items()} == spread
        told = {"margin", "score_chosen", "score_rejected", "source", "question", "match", "seat", "round", "protocol"}
        assert set(loaded["train"].column_names) == columns | told
        row = loaded["train"][0]
        assert [m["role"] for m in row["chosen"]] == (["assistant"] if kind == "dpo" else ["user", "assistant"])
        assert row["margin"] == pytest.approx(row["score_chosen"] - row["score_rejected"])


def test_ties_are_left_out_and_counted(server: Server, shell: Shell) -> None:
    found = {"PYTHONPATH": str(Path(__file__).parent)}
    shell.run("run", shell.write(table(server)), "--here", **found)
    done = shell.run("branch", "t", "--here", "--json", "--out", "data", "--margin", "0.2", **found)
    count = json.loads(done.stdout)["pairs"]["count"]
    assert 0 < count["ties"] == count["turns"] - count["pairs"]


def test_an_option_that_cannot_be_used_is_named(shell: Shell) -> None:
    refused = [
        shell.run("branch", "t", *words)
        for words in (("--shares", "0.5,x"), ("--per-turn", "0"), ("--margin", "2"), ("--max-calls", "-1"))
    ]
    assert [done.returncode for done in refused] == [2] * 4
    names = ("--shares", "--per-turn", "--margin", "--max-calls")
    assert all(name in done.stderr for name, done in zip(names, refused, strict=True))
