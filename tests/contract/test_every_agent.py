from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from every import PROTOCOLS, flat, game, make, matches

from agents.models.scripted import Scripted as Model
from arena.agent import Agent
from arena.errors import ArenaError
from arena.match import Match
from arena.nouns import Cue, Speech, View
from arena.plugin import find, names
from arena.protocol import Protocol
from arena.wire import Wire
from arena.work import Event, Job, play

SPEAKERS = [name for name in names("agent") if hasattr(find("agent", name), "messages")]
"""The agents whose chats can be looked at."""


def spoken(agent: Agent, asked: list[tuple[View, Cue]]) -> list[Speech | Exception]:
    """What the agent says to each cue, one after the other, through one wire."""

    async def one(view: View, cue: Cue) -> Speech | Exception:
        try:
            return await asyncio.wait_for(agent.speak(view, cue), 10)
        except ArenaError as error:
            return error

    async def run() -> list[Speech | Exception]:
        async with Wire():
            return [await one(view, cue) for view, cue in asked]

    return asyncio.run(run())


def played(*matches: Match) -> list[list[Event]]:
    """What happens in each match."""

    async def run() -> list[list[Event]]:
        async with Wire():
            return [[event async for event in play(Job(match=match))] for match in matches]

    return asyncio.run(run())


def parts(name: str) -> Iterator[tuple[Match, str]]:
    """Every seat that the agent is cast for by its name, in a match of each protocol; else a debater's."""
    found = [(p, seat) for p in PROTOCOLS for seat, role in p.seats.items() if role == name]
    found = found or [(p, seat) for p in PROTOCOLS for seat, role in p.seats.items() if role == "debater"]
    for protocol, seat in found:
        yield next(matches(protocol)), seat


@pytest.fixture(params=names("agent"))
def agent(request: pytest.FixtureRequest) -> Agent:
    return make("agent", request.param)


def seated(agent: Agent) -> list[tuple[Match, str]]:
    """Matches in which the agent has its seat."""
    return [
        (match.model_copy(update={"agents": {**match.agents, seat: agent}}), seat) for match, seat in parts(agent.name)
    ]


def test_unconfigured_it_speaks_or_says_what_it_lacks(agent: Agent) -> None:
    asked = [
        (match.protocol.view(seat, match.case(), step.heard), cue)
        for match, seat in parts(agent.name)
        for step, _ in game(match)
        for cue in step.cues
        if cue.seat == seat
    ]
    for said in spoken(agent, asked):
        if isinstance(said, Exception):
            assert "model" not in type(agent).model_fields and str(said), said
        else:
            assert said.text.strip()
    assert asked


def test_with_a_model_it_fills_its_seat_to_the_end_of_every_protocol(agent: Agent) -> None:
    if "model" not in type(agent).model_fields:
        pytest.skip("it has no model")
    cast = agent.model_copy(update={"model": Model(otherwise="The bees were Mira's, <quote>kept bees</quote>.")})
    games = seated(cast)
    for (_, seat), events in zip(games, played(*(match for match, _ in games)), strict=True):
        assert not [event.failure for event in events if event.failure]
        said = [turn for event in events for turn in event.turns if turn.seat == seat]
        assert events[-1].over and all(turn.usage.calls >= 1 and turn.private for turn in said)


def test_nothing_that_it_sends_depends_on_which_answer_is_right(agent: Agent) -> None:
    if "model" not in type(agent).model_fields:
        pytest.skip("it has no model")
    games = [match for match, _ in seated(agent)]
    flipped = [m.model_copy(update={"question": m.question.model_copy(update={"correct": 1})}) for m in games]
    sent = [
        [[call.request for event in events for call in event.calls] for events in played(*some)]
        for some in (games, flipped)
    ]
    assert sent[0] == sent[1] and all(sent[0])


def chats(name: str, match: Match, seat: str) -> list[list[Any]]:
    """The messages of each of the seat's turns."""
    agent = make("agent", name)
    return [
        agent.messages(match.protocol.view(seat, match.case(), step.heard), cue)
        for step, _ in game(match)
        for cue in step.cues
        if cue.seat == seat
    ]


@pytest.mark.parametrize("name", SPEAKERS)
def test_later_messages_extend_earlier_ones_byte_for_byte(name: str) -> None:
    for match, seat in parts(name):
        got = chats(name, match, seat)
        for earlier, later in pairwise(got):
            assert later[: len(earlier)] == earlier and len(later) == len(earlier) + 2
            assert [m.role for m in later] == ["user", "assistant"] * (len(later) // 2) + ["user"]


@pytest.mark.parametrize("name", SPEAKERS)
def test_it_hears_every_turn_of_the_others_exactly_once_and_its_own_as_its_own(name: str) -> None:
    for match, seat in parts(name):
        for number, chat in enumerate(chats(name, match, seat)):
            asked = [step for step, _ in game(match) if seat in {cue.seat for cue in step.cues}][number]
            heard = "\n".join(m.content for m in chat if m.role == "user")
            own = [m.content for m in chat if m.role == "assistant"]
            for turn in asked.heard:
                assert heard.count(turn.text) == (turn.seat != seat), turn.text
            assert own == [turn.private for turn in asked.heard if turn.seat == seat]


@pytest.mark.parametrize("name", SPEAKERS)
def test_it_never_hears_what_another_seat_thought(name: str) -> None:
    for match, seat in parts(name):
        others = [turn.private for turn in flat(game(match)) if turn.seat != seat]
        for chat in chats(name, match, seat):
            assert not any(thought in m.content for m in chat for thought in others)


@pytest.mark.parametrize("name", SPEAKERS)
def test_all_who_read_the_passage_begin_with_the_same_words(name: str) -> None:
    protocol: Protocol = next(parts(name))[0].protocol
    opening = [
        chats(name, match, seat)[0][0].content
        for match in matches(protocol)
        for seat, role in protocol.seats.items()
        if role == "debater" or seat in match.defends
    ]
    shared = "Passage:\nMira kept bees by the river. Jonas kept goats on the hill. Mira sold honey in spring.\n\nQ"
    assert {text[: len(shared)] for text in opening} == {shared}
    assert len(set(opening)) == 2, "an opening depends on the answer defended and on nothing else"
