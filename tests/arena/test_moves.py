from __future__ import annotations

import pytest

from arena.errors import Unreadable
from arena.moves import settle
from arena.nouns import Cue, Speech

ANSWERS = ("Paris", "Berlin")
BELIEVE = Cue(seat="alice", round=1, act="believe")


@pytest.mark.parametrize(
    "text",
    [
        "Berlin: 0.10, Paris: 0.90",
        "Berlin: .1\nParis: .9",
        "I find Paris 0.9 and Berlin 0.1.",
        '{"Berlin": 0.1, "Paris": 0.9}',
        "0.9, 0.1",
        "[0.9, 0.1]",
    ],
)
def test_a_belief_is_read_by_the_names_of_the_answers(text: str) -> None:
    assert settle(BELIEVE, Speech(text=text), ANSWERS).p == pytest.approx((0.9, 0.1))


@pytest.mark.parametrize(
    "text",
    [
        '{"B": 0.1, "A": 0.9}',
        "B: 0.1, A: 0.9",
        "Paris 0.9",
        "Paris 0.9, Rome 0.1",
        "Paris 0.9, Paris 0.8, Berlin 0.1",
        "0.9",
        '{"Paris": "high", "Berlin": 0.1}',
    ],
)
def test_a_belief_that_does_not_say_whose_a_number_is_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        settle(BELIEVE, Speech(text=text), ANSWERS)


def test_what_a_belief_is_told_as_is_read_back_as_it_was() -> None:
    told = settle(BELIEVE, Speech(p=(0.9, 0.1)), ANSWERS)
    assert settle(BELIEVE, Speech(text=told.text), ANSWERS).p == pytest.approx(told.p)


def test_a_number_before_a_statement_is_no_part_of_it_unless_it_is_another() -> None:
    cue = Cue(seat="alice", round=1, act="claim", most=2)
    assert settle(cue, Speech(claims=("1. 486 20", "2) so")), ANSWERS).claims == ("486 20", "so")
    assert settle(cue, Speech(claims=("17. 486", "12")), ANSWERS).claims == ("17. 486", "12")
