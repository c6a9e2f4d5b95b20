"""Published tables, computed again on small files whose figures are worked out by hand."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import published
import pytest
from lab import Shell, clean
from published import judged, room

from arena.errors import DataError
from arena.parts import files, part, stated
from arena.plugin import names
from arena.reproduction import Line, Reproduction


def lines(name: str, path: Path | str, **fields: Any) -> dict[tuple[str, str], Line]:
    made = Reproduction.model_validate({"use": name, "path": str(path), **fields})
    return {(line.group, line.figure): line for line in made.lines()}


def test_michaels_figures_on_rooms_worked_out_by_hand(tmp_path: Path) -> None:
    half = [*published.DEBATE[:2], {"JudgeFeedback": judged(0.5, True)}]
    rooms = [room("a", published.DEBATE), room("b", half, question="Where?"), room("c", half, included_in_paper=False)]
    found = lines("michael_2023", published.nyu(tmp_path, [*rooms, published.ROOMS[1]]))
    debate = {figure: line.ours for (group, figure), line in found.items() if group == "Human Debate"}
    assert (debate["n"], debate["correct"], debate["accuracy"], debate["mean rounds"]) == (2, 1, 0.5, 1.5)
    assert debate["reward"] == pytest.approx((math.log2(0.9) - 0.1 + math.log2(0.5) - 0.05) / 2)
    assert debate["bits"] == pytest.approx((math.log2(0.9 / 0.5) + 0) / 3)
    assert debate["ece"] == pytest.approx(0.1 / 2)
    assert found["Human Consultancy", "dishonest"].ours == 0.0 and ("Human Consultancy", "honest") not in found


def test_a_verdict_that_cannot_be_read_is_wrong_and_agrees_with_its_like(tmp_path: Path) -> None:
    rows = [
        ("a", "GPT-4", "1", "2"),
        ("b", "GPT-4", "None", "None"),
        ("a", "Falcon", "1", "1"),
        ("b", "Falcon", "", "2"),
    ]
    found = lines("llmbar_2024", published.llmbar(tmp_path, rows))
    gpt = [found["One|GPT-4|Vanilla", figure].ours for figure in ("acc_original", "acc_swapped", "order_agreement")]
    none = [found["Two|GPT-4|Vanilla", figure].ours for figure in ("acc_original", "acc_average", "order_agreement")]
    assert (gpt, none) == ([100, 0, 0], [0, 0, 100])
    assert (
        found["Two|Falcon|Vanilla", "order_agreement"].ours == 0
        and found["Two|Falcon|Vanilla", "acc_swapped"].ours == 100
    )


def test_a_pair_is_right_by_the_sum_over_both_orders(tmp_path: Path) -> None:
    rows = [("a", "A>B", "B>A"), ("b", "A=B", "A>B"), ("c", "A>B", "A>B")]
    found = lines("judgebench_2025", published.judgebench(tmp_path, rows))
    told = {figure: line.ours for (_, figure), line in found.items()}
    assert told == {"n": 3, "correct": 2, "incorrect": 0, "tie_or_inconsistent": 1, "accuracy": pytest.approx(200 / 3)}


def test_ratings_without_meaning_are_not_given(tmp_path: Path) -> None:
    won = [("1", "w", "left", "X", "Y"), ("1", "v", "left", "Y", "Z"), ("2", "w", "right", "Z", "Y")]
    found = lines("llmfao_2023", published.votes(tmp_path, won), resamples=5)
    assert found["X", "counting"].ours == 1 and found["X", "elo"].ours is not None
    for way in ("bradley_terry", "newman"):
        assert found["X", way].ours is None and "linked by wins both ways" in found["X", way].method


def test_ratings_agree_with_a_logistic_regression(tmp_path: Path) -> None:
    import numpy as np
    from scipy.optimize import minimize

    wins = {("X", "Y"): 6, ("Y", "X"): 3, ("Y", "Z"): 5, ("Z", "Y"): 4, ("Z", "X"): 2, ("X", "Z"): 7}
    votes = [("1", str(i), "left", *pair) for pair, n in wins.items() for i in range(n)]
    found = lines("llmfao_2023", published.votes(tmp_path, votes), resamples=2)

    def loss(theta: Any) -> float:
        skill = dict(zip("XYZ", theta, strict=True))
        return sum(n * np.log1p(np.exp(skill[b] - skill[a])) for (a, b), n in wins.items()) + float(np.sum(theta) ** 2)

    theta = minimize(loss, np.zeros(3), tol=1e-10).x
    ours = np.log([found[name, "bradley_terry"].ours for name in "XYZ"])
    assert ours - ours.mean() == pytest.approx(theta - theta.mean(), abs=1e-4)


def test_the_bounded_judge_reaches_what_is_proven() -> None:
    found = lines("brown_cohen_2023", "", questions=6, longest=100)
    for variant in ("chain", "votes"):
        line = found[f"{variant}, 100 steps", "doubly_efficient"]
        assert line.high is not None and line.high >= line.published > 0.5
    assert found["chain, 100 steps", "direct"].ours == 0.5


def digits(folder: Path, labels: Sequence[int]) -> Path:
    """Images in the layout of MNIST: a digit is a square of its own among the same specks."""
    images = bytearray()
    for number, label in enumerate(labels):
        image = [[0] * 28 for _ in range(28)]
        for i in range(24):
            image[(7 * i + number) % 28][(11 * i) % 28] = 90
        for row, column in product(range(4), range(4)):
            image[2 + 6 * (label // 4) + row][2 + 6 * (label % 4) + column] = 255
        images += bytes(chain.from_iterable(image))
    head = (b"\0\0\x08\x03" + bytes(12), b"\0\0\x08\x01" + bytes(4))
    (folder / "images.tiny.idx3-ubyte.gz").write_bytes(gzip.compress(head[0] + images))
    (folder / "labels.tiny.idx1-ubyte.gz").write_bytes(gzip.compress(head[1] + bytes(labels)))
    return folder


def test_debate_over_pixels_helps_a_judge_who_sees_few(tmp_path: Path) -> None:
    found = lines("irving_2018", digits(tmp_path, [i % 10 for i in range(400)]), images=10, epochs=6)
    alone, debate = (found["4 pixels", figure].ours for figure in ("random pixels", "debate"))
    assert alone is not None and debate is not None and 0.2 < alone < debate


@pytest.mark.parametrize("name", ["images.tiny.idx3-ubyte.gz", "labels.tiny.idx1-ubyte.gz"])
@pytest.mark.parametrize(
    "content", [b"", gzip.compress(b"x" * 9), gzip.compress(b"\0" * 999)[:-9], gzip.compress(b"\0" * 99)]
)
def test_files_of_digits_that_are_broken_are_named(name: str, content: bytes, tmp_path: Path) -> None:
    digits(tmp_path, range(10))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=str(tmp_path)):
        lines("irving_2018", tmp_path)


def test_the_command_prints_tables_lists_them_and_says_when_a_figure_differs(shell: Shell) -> None:
    published.judgebench(shell.folder)
    shown = shell.run("reproduce", "judgebench_2025", ".")
    assert shown.returncode == 0 and "deviation: " in shown.stdout and "expected" not in shown.stdout
    listed = {row["name"] for row in json.loads(shell.run("reproduce", "--json").stdout)}
    assert listed == set(names("reproduction"))
    told = {"dev": {"arena_hard|haiku|gpt": {"n": 3, "accuracy": 12.5}}}
    (shell.folder / "expected.tiny.json").write_text(json.dumps(told))
    done = shell.run("reproduce", "judgebench_2025", ".", "--json")
    rows = {row["figure"]: row["agrees"] for row in json.loads(done.stdout)["lines"]}
    assert done.returncode == 3 and (rows["n"], rows["accuracy"], rows["correct"]) == (True, False, None)
    shown = shell.run("reproduce", "judgebench_2025", ".")
    assert "DIFFERS" in shown.stdout and "1 of 2 figures are what is expected of these data" in shown.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("michael",), "no reproduction is called 'michael'; did you mean 'michael_2023'?"),
        (("michael_2023",), "michael_2023 needs the PATH of its data, or $ARENA_DATA/nyu_debates"),
        (("michael_2023", "."), "no file here is called rooms.*"),
        (("llmbar_2024", "gone.csv"), "gone.csv: there is no such file"),
        (("llmfao_2023", ".", "--set", "resample=3"), "unknown key 'resample'; did you mean 'resamples'?"),
    ],
)
def test_a_slip_is_one_message(shell: Shell, words: tuple[str, ...], says: str) -> None:
    done = shell.run("reproduce", *words, ARENA_DATA="")
    assert done.returncode == 2 and says in clean(done)


def test_an_expected_file_that_is_broken_is_named(shell: Shell) -> None:
    published.judgebench(shell.folder)
    (shell.folder / "expected.tiny.json").write_text("{")
    done = shell.run("reproduce", "judgebench_2025", ".")
    assert done.returncode == 2 and "expected.tiny.json: cannot be read" in clean(done)


def test_files_are_found_by_what_their_names_begin_with(tmp_path: Path) -> None:
    for name in ("rooms.b.jsonl.gz", "rooms.a.jsonl", "rooms.txt", "rooms-old.jsonl", "expected.a.json"):
        (tmp_path / name).touch()
    assert [Path(one).name for one in files(str(tmp_path), "rooms")] == ["rooms.a.jsonl", "rooms.b.jsonl.gz"]
    assert [part(Path(name)) for name in ("rooms.a.jsonl", "rooms.b.jsonl.gz", "rooms.csv")] == ["a", "b", ""]
    assert stated([str(tmp_path / "rooms.a.jsonl")], "expected", ".json") == tmp_path / "expected.a.json"
    assert stated(files(str(tmp_path), "rooms"), "expected", ".json") is None
