"""Published sets, whole and in any part: every figure that is expected of them and what pandas makes of their files."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from math import nan
from pathlib import Path
from random import Random
from typing import Any

import pytest
from afresh import AFRESH, Frame, whole

from arena.importer import Importer
from arena.importing import entered
from arena.parts import part
from arena.reproduction import Line, Reproduction

DATA = Path(os.environ.get("ARENA_DATA") or Path(__file__).parents[3] / "shared" / "data")
KEYS = {"rooms": "room", "judgments": "room", "pairs": "id", "decisions": "id", "comparisons": "id"}
"""Beginning of a file's name -> the column that says which rows belong together (in JudgeBench `pair_id`)."""


def data(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no folder {DATA / folder}; ARENA_DATA names another")
    return DATA / folder


def only(folder: Path, stem: str) -> Path:
    """The file of that beginning; where the set is there in several parts a test of one part says nothing."""
    found = sorted(folder.glob(f"{stem}.*"))
    if len(found) != 1:
        pytest.skip(f"{len(found)} files {stem}.* in {folder}")
    return found[0]


def lines(name: str, path: Path) -> list[Line]:
    fields = {"resamples": 1} if name == "llmfao_2023" else {}
    return list(Reproduction.model_validate({"use": name, "path": str(path), **fields}).lines())


def held(found: list[Line]) -> list[Line]:
    return [line for line in found if line.stated is not None]


def figures(told: dict[str, Any]) -> Iterator[float]:
    """The numbers of an expected file; two counts of an arm are one share."""
    for name, value in told.items():
        if isinstance(value, dict) and name != "published":
            yield from [1.0] if value.keys() == {"n", "correct"} else figures(value)
        elif isinstance(value, int | float):
            yield value


@pytest.mark.parametrize("name", AFRESH)
def test_every_figure_that_is_expected_of_the_published_data_comes_out(name: str) -> None:
    file = only(folder := data(AFRESH[name][0]), "expected_scores" if name == "llmfao_2023" else "expected")
    told = len(whole(file)) if name == "llmfao_2023" else len(list(figures(json.loads(file.read_text()))))
    found = held(lines(name, folder))
    assert len(found) == told > 0 and [line for line in found if not line.agrees] == []


@pytest.mark.parametrize("name", AFRESH)
def test_a_part_of_the_data_by_another_name_is_found_with_what_is_expected_of_it(name: str, tmp_path: Path) -> None:
    folder = data(AFRESH[name][0])
    only(folder, AFRESH[name][1])
    for file in (one for one in folder.iterdir() if part(one) and one.name != "SOURCE.md"):
        (tmp_path / file.name.replace(f".{part(file)}", ".other", 1)).symlink_to(file)
    assert lines(name, tmp_path) == lines(name, folder)


def halved(file: Path, folder: Path, seed: int) -> Path:
    """Some of the rows by their key, shuffled, as the same file of another part."""
    stem, _, rest = file.name.split(".", 2)
    name = KEYS[stem]
    target = folder / f"{stem}.half.{rest}"
    if "csv" in rest:
        rows = whole(file)
        kept = rows[[chosen(key, seed) for key in rows[name if name in rows else "pair_id"]]]
        kept.sample(frac=1, random_state=seed).to_csv(target, index=False)
        return target
    told = [line for line in gzip.decompress(file.read_bytes()).splitlines() if line.strip()]
    kept_lines = [line for line in told if chosen((row := json.loads(line)).get(name) or row["pair_id"], seed)]
    Random(seed).shuffle(kept_lines)
    target.write_bytes(gzip.compress(b"\n".join(kept_lines)))
    return target


def chosen(key: str, seed: int) -> bool:
    return Random(f"{seed} {key}").random() < 0.5


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", AFRESH)
def test_any_rows_in_any_order_give_what_pandas_makes_of_them(name: str, seed: int, tmp_path: Path) -> None:
    folder, stem, work_out = AFRESH[name]
    for beginning in KEYS:
        for file in sorted(data(folder).glob(f"{beginning}.*"))[:1]:
            halved(file, tmp_path, seed)
    told = work_out(whole(next(tmp_path.glob(f"{stem}.*"))))
    if isinstance(told, Frame):
        told.to_csv(tmp_path / "expected_scores.half.csv", index=False)
    else:
        (tmp_path / "expected.half.json").write_text(json.dumps(told))
    found = held(lines(name, tmp_path))
    assert len(found) == (len(told) if isinstance(told, Frame) else len(list(figures(told)))) > 0
    assert [line for line in found if not line.agrees] == []


def rulings(name: str, folder: str) -> dict[tuple[str, str, str], list[float]]:
    """(transcript, judge, mode) -> the probability of the right answer on the way and at the end, of the first answer
    where nobody knows the right one; NaN where a verdict cannot be read."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for one in entered(Importer.model_validate({"use": name, "path": str(data(folder))})):
        told = next((agent.model_dump()["transcript"] for agent in one.match.agents.values()), one.match.question.id)
        for said in one.judged:
            who, p = said.judge.model_dump(), (said.p or (nan, nan))[one.match.question.correct or 0]
            found.setdefault((told, who["judge"], who["mode"]), []).append(p)
    return found


def test_every_judge_of_a_room_said_what_the_table_of_judgments_says() -> None:
    table = whole(only(data("nyu_debates"), "judgments"))
    found = rulings("nyu_debates", "nyu_debates")
    for row in table.to_dict("records"):
        mode = row["judge_kind"].removeprefix("offline-").removesuffix("-unfinished")
        said = found.pop((row["room"], f"human {row['judge']}", mode))
        assert said == pytest.approx([float(x) for x in row["p_correct_by_turn"].split(";")])
    assert all(mode == "live" for _, _, mode in found)  # of debates that are not over


@pytest.mark.parametrize(
    ("name", "folder", "stem"),
    [("llmbar", "llmbar", "decisions"), ("judgebench", "judgebench", "decisions"), ("votes", "llmfao_pairwise", "")],
)
def test_every_row_of_a_set_comes_in(name: str, folder: str, stem: str) -> None:
    rows = whole(only(data(folder), stem or "comparisons"))
    assert sum(map(len, rulings(name, folder).values())) == len(rows) * (2 if stem else 1)


def test_every_argument_is_said_alone_and_every_pair_of_them_in_a_debate() -> None:
    rows = whole(only(data("single_turn_arguments"), "arguments"))
    importer = Importer.model_validate({"use": "single_turn_arguments", "path": str(data("single_turn_arguments"))})
    matches = [one.match for one in entered(importer)]
    alone = [one for one in matches if one.protocol.name == "consultancy"]
    assert len(alone) == len(rows) and len(matches) - len(alone) == len(rows) // 2
    right = sum(one.defends["consultant"] == one.question.correct for one in alone)
    assert right == rows.argue_for_correct.sum()
