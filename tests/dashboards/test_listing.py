"""Lists that the database filters and pages, on both databases, held against what the store holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from doors import experiment, keys, played
from sqlalchemy import insert, update

from arena.store import read, schema
from arena.store.db import Store, connect
from dashboards import ledger, listing, pulse, reading, shelf
from dashboards.listing import VERDICTS, Asked
from dashboards.reading import Run


@pytest.fixture
def run(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """The run about doors, in a store of the test's own."""
    played(tmp_path)
    monkeypatch.setenv("ARENA_DB", store_url)
    yield reading.run(reading.find("doors"))
    st.cache_resource.clear()


def found(run: Run, **asked: str) -> list[str]:
    wanted = Asked(**asked)
    lines = listing.page(run, wanted, 0, 1_000)
    assert listing.total(run, wanted) == len(lines)
    return [line.key for line in lines]


def test_a_list_without_filters_is_the_plan_page_by_page(run: Run) -> None:
    every = keys(run.url, "")
    assert found(run) == every
    assert [line.key for line in listing.page(run, Asked(), 25, 25)] == every[25:]


def test_filters_by_verdict_agree_with_the_scores(run: Run) -> None:
    verdicts = {record.match: set[str]() for record in read.records(reading.store(run), run.id)}
    for record in read.records(reading.store(run), run.id):
        score = record.score
        name = "unreadable" if score is None else {1.0: "right", 0.0: "wrong"}.get(score, "tie")
        verdicts[record.match].add(name)
    for verdict in VERDICTS:
        assert set(found(run, verdict=verdict)) == {match for match, told in verdicts.items() if verdict in told}


def test_words_are_found_in_questions_and_in_speeches(run: Run) -> None:
    assert len(found(run, words="door 3")) == 5
    assert len(found(run, words="ONERROR")) == 18
    assert found(run, words="100%_\\") == []
    assert len(found(run, words="door 3", protocol="direct")) == 1


def test_tags_are_found_by_what_is_stored_of_turns_and_rulings(run: Run) -> None:
    engine = connect(run.url)
    debate, direct = keys(run.url, "debate")[0], keys(run.url, "direct")[0]
    body = {"seat": "alice", "round": 1, "text": "I concede.", "outcomes": ["concession"], "cut": True, "forged": 2}
    with engine.execution_options(writes=True).begin() as db:
        db.execute(update(schema.turns).where(schema.turns.c.match == debate).values(body=body))
        db.execute(update(schema.rulings).where(schema.rulings.c.match == direct).values(state="unreadable", p=[]))
        db.execute(update(schema.matches).where(schema.matches.c.key == direct).values(over=False))
    assert found(run, tag="concession") == found(run, tag="cut") == found(run, tag="forged") == [debate]
    assert found(run, tag="unreadable") == found(run, tag="not finished") == [direct]
    assert found(run, tag="off-side") == found(run, tag="failed") == []


def test_a_match_knows_its_neighbours_among_those_that_were_asked_for(run: Run) -> None:
    direct = keys(run.url, "direct")
    around = listing.around(run, Asked(protocol="direct"), direct[2])
    assert around == (3, direct[1], direct[3])
    assert listing.around(run, Asked(protocol="direct"), direct[0]).before == ""
    assert listing.around(run, Asked(protocol="expert"), direct[0]) == (0, "", "")


def test_a_match_is_named_by_how_its_key_begins(run: Run) -> None:
    key = keys(run.url, "")[4]
    assert listing.named(run, key[:12]) == (key,)
    assert len(listing.named(run, "")) == 2
    assert listing.named(run, "z") == ()


def test_the_bodies_of_a_call_are_read_one_at_a_time(run: Run) -> None:
    calls = listing.calls(run, keys(run.url, "direct")[0])
    assert [call.who for call in calls] == 2 * ["stated(scripted)"]
    sent, received = listing.body(run, calls[0].id)
    assert '"role"' in sent and "0.75" in received
    assert listing.body(run, 10**9) == ("", "")


def test_the_shelf_counts_as_the_store_does(run: Run) -> None:
    (one,) = shelf.shelf(0, 20, "")
    assert one.counts == run.counts
    assert one.spent == pytest.approx(read.spent(reading.store(run), run.id))
    assert (one.state, one.name, shelf.total("")) == ("complete", "doors", 1)
    assert shelf.shelf(0, 20, "DOO") and not shelf.shelf(0, 20, "windows")


def test_the_shelf_counts_half_a_run_and_its_failures(
    tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = {"use": "scripted", "lines": [""]}
    played(tmp_path, first=9, protocols=["direct", "debate"], agents=[{"debater": mute}])
    monkeypatch.setenv("ARENA_DB", store_url)
    (one,) = shelf.shelf(0, 20, "")
    assert one.counts == reading.run(one.id).counts
    assert one.counts.failed and one.counts.over < one.counts.planned
    assert one.state == "stopped"
    st.cache_resource.clear()


def test_the_shelf_says_who_plays_and_what_is_paused(run: Run) -> None:
    with connect(run.url).execution_options(writes=True).begin() as db:
        pulse_ = {"run": run.id, "holder": "x@elsewhere/1:1:1", "at": time.time(), "body": {}}
        db.execute(insert(schema.pulses).values(**pulse_))
    assert shelf.shelf(0, 20, "")[0].state == "playing"
    Store(connect(run.url)).wish(run.id, "pause")
    assert shelf.shelf(0, 20, "")[0].state == "paused"


def test_calls_are_counted_by_the_minute(run: Run) -> None:
    minutes = pulse.minutes(run)
    assert sum(one.calls for one in minutes) == 60
    assert [one.at for one in minutes] == sorted(one.at for one in minutes)
    assert pulse.state(run)["state"] == "complete"


def test_what_was_asked_of_each_model_adds_up(run: Run) -> None:
    (model,) = ledger.models(run)
    assert (model.model, model.calls, model.cached, model.errors) == ("scripted", 60, 0, 0)
    assert model.prompt + model.completion == read.spent(reading.store(run), run.id).tokens


def test_a_run_is_found_by_its_id_before_its_name(run: Run, tmp_path: Path) -> None:
    Store(connect(run.url)).start(experiment(tmp_path, name=run.id, seed=9), (1, 1), {})
    assert reading.find(run.id) == run.id
    assert reading.find("nothing") == ""
