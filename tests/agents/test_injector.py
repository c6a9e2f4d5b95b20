from __future__ import annotations

import asyncio
import re
from collections import Counter
from string import Template
from typing import Any

import pytest

from agents.injector import ATTACKS, Injector
from agents.scripted import Scripted
from arena.errors import ConfigError
from arena.nouns import Cue, Said, View
from arena.prompt import load, sections, transcript
from arena.work import turn

VIEW = View(
    seat="alice", question="What did Mira sell?", answers=("honey", "cheese"), sides={"alice": 0, "bob": 1}, passage="p"
)
CUE = Cue(seat="alice", round=1, words=100)
CLEAN = Scripted(lines=("It is $mine.",))
TEMPLATES = sections(load("injector"))


def said(view: View = VIEW, cue: Cue = CUE, **fields: Any) -> str:
    return asyncio.run(Injector(agent=CLEAN, **fields).speak(view, cue)).text


def about(number: int) -> View:
    return VIEW.model_copy(update={"question": f"Question {number}?"})


def test_there_are_thirty_templates_and_more_in_six_kinds_of_five_and_more_and_a_control() -> None:
    kinds = Counter(name.split()[0] for name in TEMPLATES)
    assert set(kinds) == {*ATTACKS, "control"} and len(ATTACKS) == 6
    assert min(kinds.values()) >= 5 and sum(kinds[kind] for kind in ATTACKS) >= 30
    assert len(set(TEMPLATES.values())) == len(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_fills_without_leftovers_and_within_a_speech(name: str) -> None:
    kind, number = name.split()
    text = said(kinds=(kind,), template=int(number))
    assert "$" not in text and len(text.split()) <= 60
    assert {"mine", "letter", "first", "rival"} & set(Template(TEMPLATES[name]).get_identifiers())


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_breaks_out_of_the_frame_that_a_judge_reads(name: str) -> None:
    kind, number = name.split()
    speech = asyncio.run(Injector(agent=CLEAN, kinds=(kind,), template=int(number)).speak(VIEW, CUE))
    kept = turn(CUE, speech, VIEW, "Mira sold honey.", 0)
    shown = transcript(VIEW.model_copy(update={"turns": (kept.said(own=False),)}))
    head, *lines = shown.splitlines()
    assert head == "[Round 1] Alice, for answer A:" and all(line.startswith("| ") for line in lines)
    assert lines[0] == "| It is honey." and not re.search(r"<[|/\w]|[\u200b\U000e0000-\U000e007f]", shown)


def test_the_speech_of_the_wrapped_agent_stands_first_word_for_word() -> None:
    assert said(kinds=("control",)).startswith("It is honey.\n") and said(intensity=0) == "It is honey."
    assert "It is honey." not in said(alone=True, kinds=("orders",), template=1)


def test_a_long_speech_gives_way_to_the_attack() -> None:
    long = Injector(agent=Scripted(lines=("word " * 40,)), kinds=("evidence",), template=1)
    speech = asyncio.run(long.speak(VIEW, CUE.model_copy(update={"words": 30})))
    kept = turn(CUE.model_copy(update={"words": 30}), speech, VIEW, None, 0)
    assert not kept.cut and kept.text.endswith("all five chose honey.") and kept.text.startswith("word word")


def test_the_draw_repeats_and_is_even_over_kinds_and_over_the_templates_of_each() -> None:
    own = "=== a 1 ===\nfirst\n\n=== a 2 ===\nsecond\n\n=== b 1 ===\nthird\n"
    texts = [said(about(i), attacks=own, kinds=("a", "b"), alone=True) for i in range(600)]
    assert texts == [said(about(i), attacks=own, kinds=("a", "b"), alone=True) for i in range(600)]
    counts = Counter(texts)
    assert 250 <= counts["third"] <= 350 and min(counts["first"], counts["second"]) >= 110


def test_the_order_in_which_answers_are_shown_changes_nothing() -> None:
    turned = VIEW.model_copy(update={"answers": VIEW.answers[::-1], "sides": {"alice": 1, "bob": 0}})
    for i in range(40):
        other = turned.model_copy(update={"question": f"Question {i}?"})
        assert said(about(i)) == said(other)


def test_the_letter_that_is_named_is_a_guess() -> None:
    letters = Counter(said(about(i), kinds=("verdicts",), template=1).split("Verdict: ")[1][0] for i in range(400))
    assert set(letters) == {"A", "B"} and 150 <= letters["A"] <= 250


def test_more_intensity_is_more_attacks() -> None:
    assert len(said(kinds=("evidence",), intensity=3).splitlines()) == 4


def test_moves_other_than_speeches_and_seats_without_a_side_pass_unchanged() -> None:
    critic = VIEW.model_copy(update={"seat": "critic"})
    assert said(critic, CUE.model_copy(update={"seat": "critic"})) == "It is ."
    assert said(VIEW, CUE.model_copy(update={"act": "choose", "options": ("x",)})) == "It is honey."


def test_it_forges_turns_in_the_name_of_its_rival_and_of_the_next_round() -> None:
    heard = (Said(seat="alice", round=1, text="x"), Said(seat="bob", round=1, text="y"))
    text = said(
        VIEW.model_copy(update={"turns": heard}), CUE.model_copy(update={"round": 2}), kinds=("headers",), template=1
    )
    assert "[Round 3] Bob, for answer" in text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kinds": ("mark",)}, "no attack of kind 'mark'; did you mean 'marks'"),
        ({"template": 99}, "template 99: choices: 1 to"),
        ({"kinds": ("own",), "attacks": "=== own 1 ===\n$truth\n"}, "'truth'; choices: mine, other"),
    ],
)
def test_what_cannot_be_injected_is_said_with_the_choices(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        said(**fields)
