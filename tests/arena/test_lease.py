"""Drivers that share a run: matches are taken by leases, nothing is played twice, all do what the run is asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Shell, Table, modelled, play, scripted, wait_for
from server import Server
from sqlalchemy import Engine, select, update

from arena.errors import StoreError
from arena.store import db, lease, read, schema


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Engine, str, list[str]]]:
    """A store, its run and the run's matches."""
    play(scripted(2) | {"protocols": ["direct"]}, tmp_path)
    engine = db.connect(str(tmp_path / "arena.db"))
    run = read.run_id(engine, None)
    yield engine, run, [line["key"] for line in read.listing(engine, run)]
    engine.dispose()


def expire(engine: Engine) -> None:
    """As if every lease had been taken long ago."""
    with engine.begin() as at:
        at.execute(update(schema.leases).values(until=0.0))


def holders(engine: Engine) -> dict[str, str]:
    with engine.connect() as at:
        return {row.match: row.holder for row in at.execute(select(schema.leases))}


def test_a_match_is_had_by_one_driver_until_it_gives_it_back(store: tuple[Engine, str, list[str]]) -> None:
    engine, _, matches = store
    one, other = db.Store(engine), db.Store(engine)
    assert one.claim(matches[:1]) == {matches[0]}
    assert other.claim(matches) == set(matches[1:])
    assert one.claim(matches) == {matches[0]}
    one.release(matches[:1])
    assert other.claim(matches) == set(matches)


def test_a_lease_that_was_not_renewed_goes_to_whoever_asks(store: tuple[Engine, str, list[str]]) -> None:
    engine, run, matches = store
    one, other = db.Store(engine), db.Store(engine)
    one.claim(matches)
    one.beat(run, {})
    assert other.claim(matches) == set()
    expire(engine)
    assert other.claim(matches) == set(matches)


def test_a_driver_whose_matches_were_taken_over_stops_with_one_message(store: tuple[Engine, str, list[str]]) -> None:
    engine, run, matches = store
    one, other = db.Store(engine), db.Store(engine)
    one.claim(matches)
    expire(engine)
    other.claim(matches[:1])
    with pytest.raises(StoreError, match=r"1 matches of run .* were taken over by another driver"):
        one.beat(run, {})
    assert other.beat(run, {}) == "run"


def test_a_lease_that_expired_and_that_nobody_took_is_renewed(store: tuple[Engine, str, list[str]]) -> None:
    engine, run, matches = store
    one, other = db.Store(engine), db.Store(engine)
    one.claim(matches)
    expire(engine)
    one.beat(run, {})
    assert other.claim(matches) == set()


def test_what_a_dead_process_of_this_host_held_is_free_at_once(store: tuple[Engine, str, list[str]]) -> None:
    engine, _, matches = store
    told = subprocess.run(
        [sys.executable, "-c", "from arena.store.lease import holder; print(holder())"],
        capture_output=True,
        text=True,
        check=True,
    )
    dead = told.stdout.strip()
    with engine.begin() as at:
        assert lease.claim(at, dead, matches) == set(matches)
    assert lease.gone(dead) and not lease.gone(lease.holder())
    assert not lease.gone(dead.replace("@", "@another-", 1))
    assert db.Store(engine).claim(matches) == set(matches)


def test_a_driver_that_ends_leaves_no_lease_and_no_pulse(store: tuple[Engine, str, list[str]]) -> None:
    engine, run, matches = store
    one, other = db.Store(engine), db.Store(engine)
    one.claim(matches[:1])
    other.claim(matches[1:])
    one.beat(run, {"figure": 1})
    other.beat(run, {"figure": 2})
    one.end(run)
    assert holders(engine) == dict.fromkeys(matches[1:], other.who)
    with engine.connect() as at:
        assert [pulse.body for pulse in lease.pulses(at, run)] == [{"figure": 2}]


def test_a_wish_reaches_every_driver_with_its_next_beat(store: tuple[Engine, str, list[str]]) -> None:
    engine, run, _ = store
    drivers = [db.Store(engine), db.Store(engine)]
    for wanted in ("pause", "cancel", "run"):
        with engine.begin() as at:
            lease.wish(at, run, wanted)
        assert [driver.beat(run, {}) for driver in drivers] == [wanted, wanted]


def short(url: str, questions: int) -> Table:
    """A call for each match."""
    return modelled(url, questions) | {"protocols": ["expert"], "workers": {"count": 1, "matches": 8}}


def test_two_drivers_at_once_share_a_run_and_nothing_is_played_twice(server: Server, shell: Shell) -> None:
    server.delay = 0.2
    other = Shell(shell.folder / "other")
    other.folder.mkdir()
    place = {"ARENA_DB": str(shell.folder / "arena.db")}
    first = shell.start("run", shell.write(short(server.url, 150)), "--here", **place)
    second = other.start("run", other.write(short(server.url, 150)), "--here", **place)
    try:
        assert (first.wait(60), second.wait(60)) == (0, 0), shell.stderr() + other.stderr()
    finally:
        other.close()
    assert set(server.answered.values()) == {1}
    ended = [one.stderr().count(" done ") for one in (shell, other)]
    assert min(ended) > 0 and sum(ended) == 150
    assert holders(db.connect(place["ARENA_DB"])) == {}


def wish(engine: Engine, wanted: lease.Wish) -> None:
    with engine.begin() as at:
        lease.wish(at, read.run_id(engine, None), wanted)


def pulse(engine: Engine) -> lease.Pulse:
    """The driver's last; one that says nothing before the first."""
    with engine.connect() as at:
        return next(iter(lease.pulses(at, read.run_id(engine, None))), lease.Pulse("", "", 0.0, {}))


def paused(engine: Engine) -> bool:
    return bool(pulse(engine).body.get("paused"))


def test_a_pause_lets_no_call_begin_until_the_run_is_to_go_on(server: Server, shell: Shell) -> None:
    server.delay = 0.4
    running = shell.start("run", shell.write(short(server.url, 100)), "--here")
    wait_for(lambda: len(server.bodies) >= 4)
    engine = db.connect(str(shell.folder / "arena.db"))
    wish(engine, "pause")
    wait_for(lambda: paused(engine) and server.flying(0) == 0)
    asked = len(server.bodies)
    for _ in range(2):  # beats
        wait_for(lambda: pulse(engine).age > 0.5)
        wait_for(lambda: pulse(engine).age < 0.5)
    assert len(server.bodies) == asked < 200
    assert running.poll() is None
    wish(engine, "run")
    assert running.wait(60) == 0, shell.stderr()
    assert set(server.answered.values()) == {1}


def test_a_run_that_is_cancelled_ends_with_130_and_goes_on_when_it_is_run_again(server: Server, shell: Shell) -> None:
    server.delay = 0.4
    file = shell.write(short(server.url, 100))
    running = shell.start("run", file, "--here")
    wait_for(lambda: len(server.bodies) >= 4)
    engine = db.connect(str(shell.folder / "arena.db"))
    wish(engine, "cancel")
    assert running.wait(60) == 130, shell.stderr()
    assert "Traceback" not in shell.stderr()
    assert holders(engine) == {}
    assert shell.run("run", file, "--here").returncode == 0
    assert sum(server.answered.values()) - len(server.answered) <= 8


def test_a_run_that_is_paused_can_be_cancelled(server: Server, shell: Shell) -> None:
    server.delay = 0.05
    running = shell.start("run", shell.write(short(server.url, 200)), "--here")
    wait_for(lambda: len(server.bodies) >= 2)
    engine = db.connect(str(shell.folder / "arena.db"))
    wish(engine, "pause")
    wait_for(lambda: paused(engine))
    wish(engine, "cancel")
    assert running.wait(60) == 130, shell.stderr()
