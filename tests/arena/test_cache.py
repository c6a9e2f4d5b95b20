"""The response cache: a reply that was paid for is never paid for again."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from lab import modelled, play
from server import Server

from agents.models.openai import OpenAI
from arena.cache import Cache
from arena.errors import StoreError
from arena.provider import Call, Message, Sampling
from arena.wire import Wire, recording


def ask(server: Server, cache: Cache, text: str = "hello", seed: int | None = None) -> Call:
    """One call through a wire with this cache, as it was recorded."""
    model = OpenAI(base_url=server.url, model="tiny", key_env="", price_in=1.0, price_out=1.0)

    async def once() -> Call:
        with recording() as calls:
            async with Wire(cache) as wire:
                await wire.complete(model, [Message(role="user", content=text)], Sampling(seed=seed))
        return calls[0]

    return asyncio.run(once())


def test_a_reply_in_the_cache_is_not_paid_again(server: Server, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "replies")
    first, again = ask(server, cache), ask(server, cache)
    assert (first.cached, again.cached, len(server.bodies)) == (False, True, 1)
    assert first.cost is not None and first.cost > 0
    assert (again.reply, again.paid, again.cost, again.resolved) == (
        first.reply,
        first.paid,
        first.cost,
        first.resolved,
    )


def test_another_message_or_another_seed_is_another_call(server: Server, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "replies")
    for text, seed in (("one", 1), ("two", 1), ("one", 2)):
        assert not ask(server, cache, text, seed).cached
    assert len(server.bodies) == 3


def test_the_cache_survives_a_new_process(server: Server, tmp_path: Path) -> None:
    ask(server, Cache(tmp_path / "replies"))
    code = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM replies').fetchone())"
    seen = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "replies"], capture_output=True, text=True, check=True
    )
    assert seen.stdout.strip() == "(1,)"
    assert ask(server, Cache(tmp_path / "replies")).cached


def test_a_failed_reply_is_not_cached(server: Server, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "replies")
    server.faults.append("wrong shape")
    with pytest.raises(Exception, match="the reply is not what"):
        ask(server, cache)
    assert not ask(server, cache).cached


def test_a_second_store_beside_the_same_cache_file_pays_nothing(server: Server, tmp_path: Path) -> None:
    play(modelled(server.url), tmp_path)
    sent = len(server.bodies)
    for name in tmp_path.glob("arena.db*"):
        if "replies" not in name.name and name.is_file():
            name.unlink()
    code, watch = play(modelled(server.url), tmp_path)
    assert (code, len(server.bodies)) == (0, sent)
    assert all(call.cached for event in watch.events for call in event.calls)


def test_repeats_are_fresh_samples_and_never_served_from_the_cache(server: Server, tmp_path: Path) -> None:
    table = modelled(server.url, questions=3) | {"repeats": 4}
    play(table, tmp_path)
    spoken = [body for body in server.bodies if "letter alone" not in body]
    assert len(spoken) == len(set(spoken)) == 3 * 4 * 4


def test_many_processes_write_one_cache_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from arena.cache import Cache, Kept; c = Cache(Path(sys.argv[1]));"
        "[c.put(f'{i % 50}', Kept(sys.argv[2], 1.0)) for i in range(200)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, tmp_path / "replies", str(n)]) for n in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    rows = sqlite3.connect(tmp_path / "replies").execute("SELECT count(*) FROM replies").fetchone()
    assert rows == (50,)


def test_a_file_that_is_no_cache_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "replies").write_text("not a database, and long enough to be looked at" * 50)
    with pytest.raises(StoreError, match="replies"):
        Cache(tmp_path / "replies")
