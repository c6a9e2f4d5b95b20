"""Each page on published debates and verdicts, as they are imported: what nobody knows of them is not made up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import keys
from published import WRITERS
from seeing import PAGES, charts, fine, words

from arena.importer import Importer
from arena.importing import import_into
from arena.store import db

DATA = Path(os.environ.get("ARENA_DATA") or Path(__file__).parents[3] / "shared" / "data")
SETS = {
    "nyu_debates": "nyu_debates",
    "llmbar": "llmbar",
    "judgebench": "judgebench",
    "votes": "llmfao_pairwise",
    "single_turn_arguments": "single_turn_arguments",
}
"""Importer -> folder of its data."""


def brought(name: str, path: Path, store: Path) -> Path:
    """A store with the run."""
    import_into(db.connect(str(store)), Importer.model_validate({"use": name, "path": str(path)}), name)
    return store


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A store with a small file of each format."""
    made: dict[str, Path] = {}

    def store(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            made[name] = brought(name, WRITERS[name](folder), folder / "arena.db")
        return made[name]

    return store


@pytest.fixture(scope="module", params=SETS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with the published set itself."""
    folder = DATA / SETS[request.param]
    if not folder.is_dir():
        pytest.skip(f"no {folder}: the published set is not here")
    yield brought(request.param, folder, tmp_path_factory.mktemp(request.param) / "arena.db")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", WRITERS)
def test_each_page_says_something_useful_of_each_format(
    app: Any, small: Callable[[str], Path], name: str, page: str
) -> None:
    at = app(small(name), page)
    fine(at)
    assert at.info or at.dataframe or at.metric or charts(at) or at.caption


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_something_useful_of_the_published_sets(app: Any, whole: Path, page: str) -> None:
    fine(app(whole, page))


@pytest.mark.parametrize("name", WRITERS)
def test_what_turns_and_verdicts_took_is_unknown_and_said_to_be(
    app: Any, small: Callable[[str], Path], name: str
) -> None:
    store = small(name)
    at = app(store, "transcripts", match=keys(store, "")[0])
    fine(at)
    assert "tokens read" not in words(at) and "$0.00" not in words(at) and "0.0 s" not in words(at)


def test_votes_of_taste_have_no_right_and_no_wrong_verdict(app: Any, small: Callable[[str], Path]) -> None:
    at = app(small("votes"), "transcripts")
    at.toggle(key="shows truth").set_value(True).run()
    fine(at)
    assert set(at.dataframe[0].value["verdicts"]) == {""}
    for verdict in ("right", "wrong", "tie"):
        at.selectbox(key="verdict").select(verdict).run()
        assert len(at.dataframe[0].value) == 0


def test_what_a_judge_held_before_the_first_speech_stands_at_round_0(app: Any, small: Callable[[str], Path]) -> None:
    store = small("nyu_debates")
    at = app(store, "transcripts", match=keys(store, "feedback")[0])
    assert any("round 0: 0.50" in one.told and "round 2: 0.90" in one.told for one in charts(at))


def test_many_judges_are_compared_together_unless_the_reader_takes_them_apart(app: Any, whole: Path) -> None:
    at = app(whole, "compare", pool="together")
    fine(at)
    judges = at.get("segmented_control")
    if any(one.key == "pool" for one in judges):
        assert any("before the judges all together" in one.value.replace("\\", "") for one in at.markdown)
