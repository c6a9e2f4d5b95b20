"""The embedded model: one server process for all, there when it is needed and gone when nobody is left."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from lab import Shell, wait_for

from agents.models.local import Local
from arena.local import server, weights
from arena.provider import Completion, Message, Sampling
from arena.wire import Wire

pytestmark = pytest.mark.xdist_group("local")

MODEL = Local(model="smollm2-135m", slots=2, context=512, concurrency=4)
BUSY = "llamacpp:requests_processing "
USER = """
import asyncio, sys
from agents.models.local import Local
print(asyncio.run(Local(model="smollm2-135m", slots=2, context=512).origin()), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def fetched() -> Path:
    return weights.path("smollm2-135m")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder for sockets of this test's own, for this process and for those that it starts."""
    made = Path(tempfile.mkdtemp(prefix="a"))
    before, tempfile.tempdir = tempfile.tempdir, str(made)
    yield made
    tempfile.tempdir = before
    for _, door, _ in server._held.values():
        door.close()
    server._held.clear()
    for pid in hosts(made):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(made)


def hosts(room: Path) -> list[int]:
    """The processes that serve a model from sockets in a folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"arena.local.host" in words and any(str(room).encode() in word for word in words):
            found.append(int(folder.name))
    return found


def user(room: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "TMPDIR": str(room)}
    command = [sys.executable, "-c", USER]
    return subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=-3)


async def say(wire: Wire, text: str, tokens: int = 4, top: int = 0) -> Completion:
    sampling = Sampling(temperature=0.8, max_tokens=tokens, top_logprobs=top, seed=1)
    return await wire.complete(MODEL, [Message(role="user", content=text)], sampling)


def test_two_processes_share_one_server(room: Path) -> None:
    users = [user(room), user(room)]
    places = {one.stdout.readline() for one in users if one.stdout}
    assert len(places) == 1
    assert len(hosts(room)) == 1
    users[0].communicate()
    assert httpx.get(f"{places.pop().strip()}/models", timeout=10).status_code == 200
    users[1].kill()
    users[1].wait()


@pytest.fixture(scope="module")
def endings() -> Iterator[dict[str, Path]]:
    """A server each whose only user has ended, one in every way."""
    rooms = {how: Path(tempfile.mkdtemp(prefix="a")) for how in ("loading", "normally", "SIGINT", "SIGKILL")}
    users = {how: user(place) for how, place in rooms.items()}
    for how, one in users.items():
        if how == "loading":
            wait_for(lambda: hosts(rooms["loading"]))
            one.kill()
        else:
            assert one.stdout and one.stdout.readline()
            one.stdin.close() if how == "normally" and one.stdin else one.send_signal(getattr(signal, how, 9))
        one.wait()
    yield rooms
    for place in rooms.values():
        shutil.rmtree(place)


@pytest.mark.parametrize("how", ["normally", "SIGINT", "SIGKILL", "loading"])
def test_the_server_ends_soon_after_its_last_user_however_that_ends(endings: dict[str, Path], how: str) -> None:
    wait_for(lambda: not hosts(endings[how]))


def test_several_requests_are_answered_at_once_with_log_probabilities(room: Path) -> None:
    async def talk() -> tuple[list[Completion], float]:
        async with Wire() as wire:
            await say(wire, "warm up")
            url = (await MODEL.origin()).removesuffix("/v1")
            asked = [asyncio.create_task(say(wire, f"Count from {i}.", 48, 5)) for i in range(4)]
            busy = 0.0
            async with httpx.AsyncClient() as http:
                while not all(task.done() for task in asked):
                    lines = (await http.get(f"{url}/metrics", timeout=30)).text.splitlines()
                    busy = max([busy, *(float(x.split()[1]) for x in lines if x.startswith(BUSY))])
            return [await task for task in asked], busy

    replies, busy = asyncio.run(talk())
    assert busy == 2
    for reply in replies:
        assert reply.completion_tokens and reply.prompt_tokens and reply.text
        assert reply.top and len(reply.top[0]) >= 5


def test_a_call_survives_the_end_of_its_server_by_a_new_one(room: Path) -> None:
    async def talk() -> tuple[str, str, Completion]:
        async with Wire() as wire:
            await say(wire, "warm up")
            before = await MODEL.origin()
            call = asyncio.create_task(say(wire, "Tell a very long story.", 200))
            await asyncio.sleep(0.5)
            for pid in hosts(room):
                os.kill(pid, signal.SIGKILL)
            reply = await call
            return before, await MODEL.origin(), reply

    before, after, reply = asyncio.run(talk())
    assert before != after
    assert reply.completion_tokens and reply.completion_tokens > 20
    assert len(hosts(room)) == 1


def test_a_prompt_longer_than_the_context_is_too_long_and_not_tried_again(room: Path) -> None:
    async def talk() -> None:
        async with Wire() as wire:
            await say(wire, "word " * 2000)

    with pytest.raises(Exception, match="HTTP 400") as error:
        asyncio.run(talk())
    assert getattr(error.value, "kind", "") == "too long"


def test_an_experiment_runs_with_the_embedded_model_and_leaves_no_server(room: Path, shell: Shell) -> None:
    model = {"use": "local", "model": "smollm2-135m", "slots": 2, "context": 1024}
    cast = {"debater": {"use": "debater", "model": "m", "quotes": "chosen", "max_tokens": 160}}
    table = {
        "name": "tiny",
        "models": {"m": model},
        "tasks": [{"use": "passages", "questions": 1, "people": 2, "facts": 2}],
        "protocols": ["direct", {"use": "debate", "rounds": 1, "words": 15}],
        "agents": [cast],
        "judges": [{"use": "token", "model": "m"}],
    }
    done = shell.run("run", shell.write(table), "--here", "--json", TMPDIR=str(room))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["ruled"], told["spent"]["cost"]) == (4, 0.0)
    wait_for(lambda: not hosts(room))
