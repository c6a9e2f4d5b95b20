from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from every import PROTOCOLS, flat, flipped, game, make, matches
from lab import happened

from agents.models.scripted import Scripted as Model
from arena.agent import Agent
from arena.errors import ArenaError
from arena.experiment import stands_in
from arena.judge import Judge
from arena.match import Match
from arena.moves import settle
from arena.nouns import Cue, Speech, View
from arena.plugin import find, names
from arena.prompt import heard
from arena.provider import Provider
from arena.wire import Wire
from arena.work import Event, Job

SPEAKERS = [name for name in names("agent") if hasattr(find("agent", name), "messages")]
"""The agents whose chats can be looked at."""
MODEL = Model(
    rules={
        "I challenge step N": '{"claims": ["I accept."]}',
        '"claims" is': '{"claims": ["Mira kept bees by the river."]}',
        '"choice" is': '{"choice": 1}',
        '"answer" is': '{"answer": 1, "confidence": 60}',
        "Reply with the letter alone": "A",
    },
    otherwise="The bees were Mira's, <quote>kept bees</quote>.",
)
"""Answers in the form that it is asked for."""
FORMS = {"claim", "choose", "believe"}
"""Acts that are answered in a form: a model that does not keep to it is refused."""


def able(plugin: Any) -> Any:
    """An agent or a judge with the model in each place for one, its own agents and judges included."""
    fields = {name: getattr(plugin, name) for name in type(plugin).model_fields}
    models = {name: MODEL for name, value in fields.items() if isinstance(value, Provider)}
    inner = {name: able(value) for name, value in fields.items() if isinstance(value, Agent | Judge)}
    return plugin.model_copy(update={**models, **inner})


def spoken(agent: Agent, asked: list[tuple[View, Cue]]) -> list[Speech | Exception]:
    """What the agent says to each cue, as the referee reads it, one after the other, through one wire."""

    async def one(view: View, cue: Cue) -> Speech | Exception:
        try:
            return settle(cue, await asyncio.wait_for(agent.speak(view, cue), 10), view.answers)
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
            return [await happened(Job(match=match)) for match in matches]

    return asyncio.run(run())


def parts(name: str) -> Iterator[tuple[Match, str]]:
    """Every seat that the agent may be cast for by its name, in a match of each protocol; else a debater's."""
    roles = {role for p in PROTOCOLS for role in p.seats.values()}
    cast = name if name in roles else "debater"
    for protocol in PROTOCOLS:
        for seat, role in protocol.seats.items():
            if cast in (role, *stands_in(role)):
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
    asked = [part for match, seat in parts(agent.name) for part in floors(match, seat)]
    for (_, cue), said in zip(asked, spoken(agent, asked), strict=True):
        if isinstance(said, Exception):
            assert str(said) and (cue.act in FORMS or "model" not in type(agent).model_fields), said
        else:
            assert said.text.strip()
    assert asked


def test_with_a_model_it_fills_its_seat_to_the_end_of_every_protocol(agent: Agent) -> None:
    """Or it says before it asks anything that the seat is not for it: one with nothing to win has no best draft."""
    if able(agent) == agent:
        pytest.skip("it has no model")
    games = seated(able(agent))
    filled = 0
    for (match, seat), events in zip(games, played(*(match for match, _ in games)), strict=True):
        stopped = [event for event in events if event.stop]
        if stopped and agent.name not in SPEAKERS:
            assert seat in stopped[0].stop and not stopped[0].calls
            continue
        assert not [event.failure for event in events if event.failure], match.protocol.label
        said = [turn for event in events for turn in event.turns if turn.seat == seat]
        assert events[-1].over and all(turn.usage.calls >= 1 and (turn.private or turn.p) for turn in said)
        filled += 1
    assert filled > len(games) // 2


def test_nothing_that_it_sends_depends_on_which_answer_is_right(agent: Agent) -> None:
    if able(agent) == agent:
        pytest.skip("it has no model")
    games = [match for match, _ in seated(able(agent))]
    sent = [
        [[call.request for event in events for call in event.calls] for events in played(*some)]
        for some in (games, [flipped(match) for match in games])
    ]
    assert sent[0] == sent[1] and any(sent[0])


def floors(match: Match, seat: str) -> list[tuple[View, Cue]]:
    """What the seat sees and is asked for each time that it has the floor."""
    return [
        (match.protocol.view(seat, match.case(), step.heard), cue)
        for step, _ in game(match)
        for cue in step.cues
        if cue.seat == seat
    ]


def chats(name: str, match: Match, seat: str) -> list[list[Any]]:
    """The messages of each of the seat's turns."""
    agent = make("agent", name)
    return [agent.messages(view, cue) for view, cue in floors(match, seat)]


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
        for (view, _), chat in zip(floors(match, seat), chats(name, match, seat), strict=True):
            told = "\n".join(m.content for m in chat if m.role == "user")
            for turn in view.turns:
                assert told.count(heard([turn])) == (turn.seat != view.seat), turn.text
            own = [m.content for m in chat if m.role == "assistant"]
            assert own == [turn.private for turn in view.turns if turn.seat == view.seat]


@pytest.mark.parametrize("name", SPEAKERS)
def test_it_hears_nothing_that_its_view_does_not_hold(name: str) -> None:
    for match, seat in parts(name):
        for (view, _), chat in zip(floors(match, seat), chats(name, match, seat), strict=True):
            told = "\n".join(m.content for m in chat)
            unheard = [turn for turn in flat(game(match)) if turn.text not in {said.text for said in view.turns}]
            assert not any(heard([turn]) in told for turn in unheard)


@pytest.mark.parametrize("name", SPEAKERS)
def test_it_never_hears_what_another_seat_thought(name: str) -> None:
    for match, seat in parts(name):
        thoughts = {turn.private: turn.seat for turn in flat(game(match))}
        for (view, _), chat in zip(floors(match, seat), chats(name, match, seat), strict=True):
            others = [thought for thought, whose in thoughts.items() if whose != view.seat]
            assert not any(thought in m.content for m in chat for thought in others)


@pytest.mark.parametrize("name", SPEAKERS)
def test_all_who_read_the_passage_begin_with_the_same_words(name: str) -> None:
    for match, seat in parts(name):
        opening = chats(name, match, seat)[0][0].content
        question, passage = match.question, match.question.passage
        assert opening.startswith(f"Passage:\n{passage}\n\nQ" if passage else f"Question: {question.text}")


@pytest.mark.parametrize("name", SPEAKERS)
def test_an_opening_depends_on_the_role_and_the_answer_defended_and_on_nothing_else(name: str) -> None:
    for protocol in dict.fromkeys(match.protocol for match, _ in parts(name)):
        found: dict[tuple[str, str], set[str]] = {}
        for match in matches(protocol):
            for cue in game(match)[0][0].cues:
                view = match.protocol.view(cue.seat, match.case(), ())
                if cue.seat in match.defends:
                    opening = chats(name, match, cue.seat)[0][0].content
                    found.setdefault((protocol.seats[cue.seat], view.mine), set()).add(opening)
        assert all(len(openings) == 1 for openings in found.values()), protocol.label
        assert len(set().union(*found.values())) == len(found)
