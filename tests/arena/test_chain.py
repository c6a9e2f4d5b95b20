from __future__ import annotations

import pytest

from arena.chain import ACCEPTS, REJECTS, Bet, Block, Chain, Odds, Span, hinge, hung, numbers, stated
from arena.nouns import Said

CHAIN = Chain(moves=100, start=17, a=5, b=3, d=7)
VOTES = CHAIN.model_copy(update={"moves": 50, "votes": 50, "c": 0.75})


@pytest.mark.parametrize("chain", [CHAIN, VOTES])
def test_a_computation_is_read_from_its_own_text_and_from_no_other(chain: Chain) -> None:
    assert Chain.read(chain.text) == chain
    assert Chain.read(chain.text.replace("mod 997", "mod 991", 1)) is None
    assert Chain.read("Who kept bees?") is None


def test_the_moves_undone_give_the_states_that_were_moved_through() -> None:
    states = CHAIN.trace(0, 17, 100)
    assert states[1] == (5 * 17 + 3 + 7) % 997 and len(states) == 101
    assert CHAIN.back(100, states[-1], 0) == states
    assert CHAIN.back(100, states[-1] + 1, 40)[0] != states[40]


def test_after_any_votes_the_odds_are_on_the_side_of_the_answer() -> None:
    for ones in range(4):
        assert VOTES.odds(46, ones) >= VOTES.c and VOTES.answer(46) == ACCEPTS
        assert VOTES.odds(47, ones) <= VOTES.s and VOTES.answer(47) == REJECTS
    assert len({VOTES.odds(46, ones) for ones in range(4)}) == 2


def test_a_target_gives_the_answer_that_it_is_for() -> None:
    for end in (0, 1, 2, 995, 996):
        for answer in (ACCEPTS, REJECTS):
            target = VOTES.target(answer, end)
            assert VOTES.answer(target) == answer and 0 <= target < 997
    assert CHAIN.target("12", 3) == 12


def test_the_record_counts_the_ones_that_the_coins_give() -> None:
    states = [float(state) for state in VOTES.trace(0, 17, 50)[1:]]
    assert VOTES.record([*states, *[0.9] * 50], "coins") == ACCEPTS
    assert VOTES.record([*states, *[0.1] * 50], "coins") == REJECTS
    assert VOTES.ones([0.5] * 8, "x") == VOTES.ones([0.5] * 8, "x") != VOTES.ones([0.5] * 8, "y")
    assert CHAIN.record(states, "") == str(round(states[-1]))


@pytest.mark.parametrize(
    "claim",
    [
        Span(first=3, before=17, last=40, after=9),
        Odds(moves=50, state=3, ones=7, p=0.25, gap=0.15),
        Block(first=1, last=500, coins="3fa9", gap=0.15),
        Bet(sign=-1, p=0.9375),
        Bet(sign=1, p=1e-05),
    ],
)
def test_every_sentence_is_read_as_what_it_says(claim: Span | Odds | Block | Bet) -> None:
    found = type(claim).found(f"See: {claim.text}")
    assert found in (claim, [claim])
    assert not type(claim).found("nothing of the kind")


def test_claims_prove_another_only_without_a_gap() -> None:
    one, two = Span(first=0, before=17, last=4, after=5), Span(first=4, before=5, last=9, after=2)
    whole = Span(first=0, before=17, last=9, after=2)
    assert whole.by([one, two]) and whole.by([whole])
    for wrong in ([], [one], [two, one], [one, two.model_copy(update={"before": 6})]):
        assert not whole.by(wrong)


def test_a_value_is_a_word_that_is_a_number_and_one_that_is_missing_is_0() -> None:
    assert numbers("x(1) = 3, then 0.25; nan 1e9 7.", 4) == (3, 0.25, 7, 0)
    turns = [Said(seat=seat, round=1, text="4 5 6", claims=("4 5 6",)) for seat in ("alice", "bob")]
    assert stated(turns, 2, 2) == [4, 5]
    halves = [Said(seat="alice", round=1, text="4.5 5 0.5", claims=("4.5 5 0.5",))]
    assert stated(halves, 3, 2) == [0, 5, 0.5], "a state is a whole number, a vote's probability is none"


def test_what_follows_is_read_line_by_line() -> None:
    told = f"Because.\n{hinge(true='x, y', false='z')}\nEnd."
    assert hung(told) == {"true": "x, y", "false": "z"}
    assert hung(hinge(record="w")) == {"record": "w"} and hung("| If it is true, the answer is: z") == {}
