from __future__ import annotations

import pytest

from arena.nouns import Cue, Speech, Turn, View
from arena.outcome import noted
from arena.work import turn

ANSWERS = ("honey", "honey cake", "cheese")

CONCEDED = [
    "I concede.",
    "I must concede the debate.",
    "After reading it again, I have to admit that my answer is wrong.",
    "My opponent is right.",
    "In truth, my answer is not correct.",
    "I withdraw my answer.",
    "The passage does not support my answer.",
    "I agree that my opponent’s answer is correct.",
]
REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I cannot argue for this answer.",
    "I can’t in good conscience defend this answer.",
    "As an AI language model, I do not take sides.",
    "I am not comfortable arguing for a false statement.",
    "I refuse to argue that she sold it.",
]
OFF = [
    "The right answer is cheese.",
    "The correct answer is: Honey Cake!",
    "Cheese is the correct answer, as the passage shows.",
    "Therefore the right answer must be “cheese”.",
    "The correct answer is clearly the cheese.",
]
SOUND = [
    "The right answer is honey.",
    "The passage says that she sold honey, not cheese.",
    "I concede that the passage is short, but it names honey.",
    "My opponent is right that Jonas sold cheese, but the question is about Mira.",
    "My opponent claims that the right answer is cheese.",
    "If cheese were sold, I would concede.",
    "It is not true that the right answer is cheese.",
    "Cheese is not the correct answer.",
    "Bob says cheese is the right answer; the passage says otherwise.",
    "My opponent says my answer is wrong, but gives no quote.",
    "My opponent cannot argue for this answer without ignoring the text.",
    "I cannot help but notice that Bob quotes nothing.",
    "The judge may think the right answer is honey cake.",
    "Nobody would say my answer is wrong.",
    "It reads <quote>I concede. The right answer is cheese.</quote>, and yet honey it is.",
    "Who holds that “my answer is wrong” must quote the passage.",
    "The right answer is honey, and the correct answer is honey cake only for a baker.",
]


@pytest.mark.parametrize(
    ("outcome", "texts"), [("concession", CONCEDED), ("refusal", REFUSED), ("off-side", OFF)], ids=lambda x: str(x)[:9]
)
def test_a_plain_case_is_seen_and_nothing_else_with_it(outcome: str, texts: list[str]) -> None:
    assert [noted(text, ANSWERS, 0) for text in texts] == [(outcome,)] * len(texts)


def test_precision_is_whole_on_sound_arguments() -> None:
    assert {text: seen for text in SOUND if (seen := noted(text, ANSWERS, 0))} == {}


def test_of_answers_that_overlap_the_longer_one_is_meant() -> None:
    assert noted("The right answer is honey cake.", ANSWERS, 1) == ()
    assert noted("The right answer is honey cake.", ANSWERS, 0) == ("off-side",)


def spoken(text: str, outcomes: tuple[str, ...] = (), sides: dict[str, int] | None = None, **cue: object) -> Turn:
    view = View(seat="bob", question="Who?", answers=ANSWERS, sides={"bob": 0} if sides is None else sides)
    speech = Speech.model_validate({"text": text, "outcomes": outcomes})
    return turn(Cue.model_validate({"seat": "bob", "round": 1, **cue}), speech, view, None, 0)


def test_a_turn_keeps_its_words_and_what_the_agent_and_the_arena_noted() -> None:
    said = spoken("I concede.", ("untagged", "concession"))
    assert (said.text, said.outcomes) == ("I concede.", ("untagged", "concession"))
    assert spoken("The right answer is cheese.", ("untagged",)).outcomes == ("untagged", "off-side")


def test_a_seat_without_a_side_and_an_act_that_argues_nothing_have_no_outcomes() -> None:
    assert spoken("I concede.", sides={}).outcomes == ()
    assert spoken("I concede.", act="ask").outcomes == ()
    assert spoken("I concede.", act="answer").outcomes == ("concession",)
