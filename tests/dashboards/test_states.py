"""Each page on each kind of store that it may meet: something useful, never a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doors import experiment, keys, played
from lab import play, scripted
from seeing import PAGES, charts, fine, marked, words
from sqlalchemy import delete, update

from arena.store import schema
from arena.store.db import Store, connect

TAG = re.compile(r"(?<!\\)<(?:img|b|script)\b")
"""Of a model's, where no backslash takes its meaning."""
Make = Callable[[Path], Path]


def changed(store: Path, *statements: Any) -> Path:
    """The store after these statements."""
    with connect(str(store)).execution_options(writes=True).begin() as db:
        for statement in statements:
            db.execute(statement)
    return store


def noted(folder: Path) -> Path:
    """A run that has begun, and no match of it."""
    Store(connect(str(folder / "arena.db"))).start(experiment(folder), (30, 120), {})
    return folder / "arena.db"


def unplayed(folder: Path) -> Path:
    return played(folder, first=0)


def half(folder: Path) -> Path:
    return played(folder, first=7)


def single(folder: Path) -> Path:
    """A run of one question."""
    return played(folder, tasks=[{"use": "passages", "questions": 1}])


def mute(folder: Path) -> Path:
    """Every match fails."""
    return played(folder, protocols=["debate"], agents=[{"debater": {"use": "scripted", "lines": [""]}}])


def unread(folder: Path) -> Path:
    """No verdict can be read."""
    return changed(played(folder), update(schema.rulings).values(state="unreadable", p=[], reason="<b>no</b>"))


def imported(folder: Path) -> Path:
    """No call is stored, tokens and cost are unknown, and the plugin of the protocol is not at hand."""
    unknown = {"calls": 0, "prompt": None, "completion": None, "cost": None, "seconds": None}
    spec = {"protocol": {"use": "elsewhere.Debate"}, "agents": {}, "branch": ""}
    calls = (delete(schema.bodies), delete(schema.calls), update(schema.rulings).values(usage=unknown))
    return changed(played(folder, protocols=["debate"]), *calls, update(schema.matches).values(spec=spec))


def large(folder: Path) -> Path:
    """A speech, a reason and a question of megabytes, without a space in them."""
    wide = "\u202e<b>" + "x" * 2_000_000
    body = {"seat": "alice", "round": 1, "text": wide, "private": wide, "quotes": [{"text": "x", "verified": True}]}
    store = played(folder, protocols=["debate"], first=3)
    told = update(schema.rulings).values(reason=wide), update(schema.questions).values(text=wide)
    return changed(store, update(schema.turns).where(schema.turns.c.seat == "alice").values(body=body), *told)


def named(folder: Path) -> Path:
    """Labels of protocols, judges and answers that would be markup."""
    evil = "**x** <img src=x onerror=alert(1)> $y$ :red[z] [a](http://b) |"
    store = played(folder, protocols=["direct", "debate"])
    answers = update(schema.questions).values(answers=[evil, "blue"], text=evil, source=evil, task=evil)
    labels = update(schema.judges).where(schema.judges.c.position == 0).values(label=evil)
    return changed(store, answers, labels, update(schema.matches).values(cast=evil))


STATES: list[Make] = [noted, unplayed, half, single, mute, unread, imported, large, named]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Make], Path]:
    made: dict[str, Path] = {}

    def store(make: Make) -> Path:
        if make.__name__ not in made:
            made[make.__name__] = make(tmp_path_factory.mktemp(make.__name__))
        return made[make.__name__]

    return store


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("make", STATES)
def test_each_page_says_something_useful_of_each_kind_of_run(
    app: Any, stores: Callable[[Make], Path], make: Make, page: str
) -> None:
    at = app(stores(make), page)
    fine(at)
    assert at.title[0].value
    assert at.info or at.dataframe or at.metric or charts(at) or at.caption
    assert not TAG.search(marked(at))


@pytest.mark.parametrize("make", [half, mute, unread, large, named])
def test_a_transcript_of_each_kind_of_run_can_be_read(app: Any, stores: Callable[[Make], Path], make: Make) -> None:
    store = stores(make)
    at = app(store, "transcripts", match=keys(store, "debate")[-1])
    fine(at)
    assert "Verdicts" in [block.value for block in at.subheader]
    assert len(words(at)) < 2_000_000


def test_a_transcript_whose_protocol_is_not_at_hand_is_told_in_words(app: Any, stores: Callable[[Make], Path]) -> None:
    store = stores(imported)
    at = app(store, "transcripts", match=keys(store, "debate")[0])
    assert not at.exception
    assert "elsewhere" in at.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_without_a_store_each_page_says_how_to_make_one(app: Any, tmp_path: Path, page: str) -> None:
    at = app(tmp_path / "none.db", page)
    assert not at.exception
    assert r"no store at" in at.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_store_without_runs_says_how_to_play_one(app: Any, tmp_path: Path, page: str) -> None:
    connect(str(tmp_path / "empty.db"))
    at = app(tmp_path / "empty.db", page)
    assert not at.exception
    assert "arena run" in at.info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_file_that_is_no_store_is_told_in_words(app: Any, tmp_path: Path, page: str) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database at all" * 100)
    at = app(tmp_path / "broken.db", page)
    assert not at.exception
    assert "not a database" in at.error[0].value


@pytest.mark.parametrize(("version", "told"), [("99", "written by a newer arena"), ("1", "arena db upgrade")])
def test_a_store_of_another_schema_is_refused_in_words(app: Any, tmp_path: Path, version: str, told: str) -> None:
    connect(str(tmp_path / "other.db"))
    changed(tmp_path / "other.db", update(schema.meta).values(value=version))
    at = app(tmp_path / "other.db", "compare")
    assert not at.exception
    assert told in at.error[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_store_with_pages_missing_in_its_middle_breaks_no_page(app: Any, tmp_path: Path, page: str) -> None:
    store = played(tmp_path)
    body = store.read_bytes()
    store.write_bytes(body[: len(body) // 2])
    for left in tmp_path.glob("arena.db-*"):
        left.unlink()
    at = app(store, page)
    assert not at.exception
    assert at.error or at.title


@pytest.mark.parametrize("page", PAGES)
def test_rows_that_are_no_json_break_no_page(app: Any, tmp_path: Path, page: str) -> None:
    store = played(tmp_path)
    with connect(str(store)).execution_options(writes=True).begin() as db:
        for table, column in (("turns", "body"), ("rulings", "p"), ("questions", "answers"), ("matches", "spec")):
            db.exec_driver_sql(f"UPDATE {table} SET {column} = '{{' WHERE rowid % 3 = 0")
    at = app(store, page)
    assert not at.exception
    assert "Traceback" not in words(at)


def test_a_run_with_another_judge_and_several_tasks_fills_every_page(app: Any, tmp_path: Path) -> None:
    tasks = [{"use": "passages", "questions": 2, "people": people} for people in (3, 4)]
    play(scripted(2) | {"tasks": tasks, "beliefs": True}, tmp_path)
    for page in PAGES:
        fine(app(tmp_path / "arena.db", page, by="task") if page == "compare" else app(tmp_path / "arena.db", page))
