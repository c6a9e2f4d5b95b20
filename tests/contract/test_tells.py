"""What must not decide a result: order, names, models, arms, cost, time, length, forged marks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from every import PROTOCOLS, draw, fitting, flat, game, make, matches
from lab import modelled, play
from pydantic import BaseModel
from scipy.stats import binom, chisquare
from server import Server

from arena.experiment import read
from arena.match import Match
from arena.nouns import JUDGE, Case, Question, Said, Turn, Usage, View
from arena.plugin import names
from arena.protocol import Protocol
from arena.work import Event

COUNT = 600
ROLES = dict.fromkeys(("debater", "consultant", "questioner"), "scripted")


def about(answers: int) -> list[Question]:
    """Questions whose right answer is the first of the source as often as any other."""
    told = tuple(f"answer {i}" for i in range(answers))
    return [Question(id=f"q{i}", text=f"{i}?", answers=told, correct=i % answers, source="s") for i in range(COUNT)]


def sided(name: str, answers: int) -> list[str] | None:
    """Who has a side in the protocol; None where it is not about questions with so many answers."""
    question, protocol = about(answers)[0], make("protocol", name)
    fits = not protocol.fits(Case(question=question.text, answers=question.answers))
    return list(protocol.sides(draw(question))[0]) if fits else None


PLAYED = [(name, n) for name in names("protocol") for n in (2, 3) if sided(name, n) is not None]
SIDED = [(name, n) for name, n in PLAYED if sided(name, n)]
OPPOSED = [(name, n) for name, n in SIDED if len(sided(name, n) or ()) == n]


def drawn(name: str, answers: int) -> list[Match]:
    """Every match of a protocol about those questions."""
    table: dict[str, Any] = {"name": "t", "seed": 4, "tasks": ["passages"], "judges": ["scripted"], "agents": [ROLES]}
    experiment = read({**table, "protocols": [name]}, Path("t.toml"))
    return [match for question in about(answers) for match in experiment.about(question)]


def even(counts: Counter[Any], kinds: int) -> bool:
    """Whether each of the kinds came up as often as the others, by a test that rejects one fair draw in 10,000."""
    return len(counts) == kinds and chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize(("name", "answers"), PLAYED)
def test_the_right_answer_stands_in_every_place_equally_often(name: str, answers: int) -> None:
    place: Counter[int] = Counter()
    for match in drawn(name, answers):
        place.update(match.order(order).index(match.question.correct) for order in match.orders)
    assert even(place, answers)
    assert place[0] == place[answers - 1], "both orders are judged, so first and last balance exactly"


@pytest.mark.parametrize(("name", "answers"), SIDED)
def test_every_seat_with_a_side_defends_the_right_answer_equally_often(name: str, answers: int) -> None:
    played = drawn(name, answers)
    low, high = binom.interval(0.9999, len(played), 1 / max(2, len(set(played[0].defends.values()))))
    for seat in played[0].defends:
        assert low <= sum(match.defends[seat] == match.question.correct for match in played) <= high


@pytest.mark.parametrize(("name", "answers"), OPPOSED)
def test_every_seat_stands_for_every_letter_equally_often(name: str, answers: int) -> None:
    places: Counter[tuple[str, int]] = Counter()
    for match in drawn(name, answers):
        places.update(pair for order in match.orders for pair in match.case(order).defends.items())
    assert even(places, answers**2)


def test_in_an_open_debate_either_name_is_that_of_the_one_who_argues_by_belief() -> None:
    first = Counter(next(iter(game(match)))[0].cues[0].seat for match in drawn("open_debate", 2))
    assert even(first, 2)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.label)
def test_those_who_argue_against_each_other_at_once_have_the_same_limit(protocol: Protocol) -> None:
    match = next(matches(protocol))
    for step, turns in game(match):
        sides = match.protocol.assigned(match.case(), [*step.heard, *turns])
        assert len({(cue.words, cue.most, cue.act) for cue in step.cues if cue.seat in sides}) <= 1


def fields(model: type[BaseModel]) -> Iterator[str]:
    """Names of all that a model holds, and of all that those hold."""
    for name, info in model.model_fields.items():
        yield name
        for part in [info.annotation, *get_args(info.annotation)]:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from fields(part)


def test_a_view_has_no_field_for_truth_time_cost_or_model() -> None:
    assert set(fields(View)) == {
        *("seat", "question", "answers", "sides", "passage", "turns", "brief"),
        *("p", "choice", "claims", "round", "act", "to", "text", "quotes", "verified", "after", "private", "cue"),
        *("words", "task", "options", "most", "form"),
    }


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.label)
def test_how_long_a_speaker_took_and_what_it_cost_reaches_nobody(protocol: Protocol) -> None:
    match = next(matches(protocol))
    turns = flat(game(match))
    usage = Usage(calls=9, prompt=8888, completion=7777, cost=66.5, seconds=5555.5)
    slow = [turn.model_copy(update={"usage": usage, "forged": 3, "cut": True, "scores": (0.5,)}) for turn in turns]
    for seat in (*match.protocol.seats, JUDGE):
        assert protocol.view(seat, match.case(), slow) == protocol.view(seat, match.case(), turns)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.label)
def test_which_answer_is_right_reaches_nobody(protocol: Protocol) -> None:
    match = next(matches(protocol))
    other = (match.question.correct + 1) % len(match.question.answers)
    turned = match.model_copy(update={"question": fitting(protocol).model_copy(update={"correct": other})})
    turns = flat(game(match))
    assert flat(game(turned)) == turns
    assert turned.verdict_view(turns) == match.verdict_view(turns) and turned.case() == match.case()


def canaries(folder: Path) -> tuple[list[str], list[Event]]:
    """What models are asked in an experiment that has a canary in everything that names a model, a price or a run."""
    with Server() as server:
        named = {"price_in": 31.4159, "price_out": 27.1828, "key_env": ""}
        strong = {"use": "openai", "base_url": server.url, "model": "tiny", **named}
        table = modelled(server.url)
        models = {
            "m": {**strong, "model": "tiny"},
            "canary-strong": strong,
            "canary-weak": {**strong, "model": "small"},
        }
        cast = {role: {"use": role, "model": "canary-strong"} for role in ("debater", "consultant")}
        protocols = ["direct", {"use": "debate", "rounds": 2}, {"use": "consultancy", "rounds": 2}]
        judge = {"use": "token", "model": "canary-weak", "shots": 0}
        table |= {"name": "canary-run", "models": models, "agents": [cast], "protocols": protocols, "judges": [judge]}
        _, watch = play(table, folder)
        return list(server.bodies), watch.events


def test_no_prompt_names_a_model_a_price_an_arm_or_a_run(tmp_path: Path) -> None:
    bodies, events = canaries(tmp_path)
    said = [message["content"] for body in bodies for message in json.loads(body)["messages"]]
    asked = [text for text in said if text.startswith(("Question:", "Passage:"))]
    assert len(asked) > 20 and any(event.ruling for event in events)
    tells = ("canary", "tiny", "small", "31.4159", "27.1828", "assigned", "token(", "debate(", "127.0.0.1", "openai")
    assert not [text for text in asked for tell in tells if tell in text]


def test_what_is_sent_beside_the_messages_is_the_judges_own_and_the_same_for_every_arm(tmp_path: Path) -> None:
    bodies, _ = canaries(tmp_path)
    asked = [json.loads(body) for body in bodies]
    judged = [
        {k: v for k, v in body.items() if k != "messages"}
        for body in asked
        if body["model"] == "small" and body["max_tokens"] == 1
    ]
    assert len(judged) > 8 and all(body == judged[0] for body in judged)


def test_two_speakers_that_say_the_same_are_the_same_to_a_judge_whoever_they_are() -> None:
    turn = Turn(seat="alice", round=1, text="It is honey.", private="As a large model I lie.", usage=Usage(calls=3))
    assert turn.said(own=False) == Said(seat="alice", round=1, text="It is honey.")
