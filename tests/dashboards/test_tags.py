"""What went wrong in a transcript, by the rules of `dashboards.tags`."""

from __future__ import annotations

from typing import Any

from agents.scripted import Scripted
from arena.match import Match
from arena.nouns import Question, Turn
from arena.protocols.debate import Debate
from arena.quotes import check
from arena.store.read import Kept
from dashboards.tags import tags

PASSAGE = "Mira kept bees by the river. Jonas sold honey at the market before winter."
QUESTION = Question(id="q", text="Who kept bees?", answers=("Mira", "Jonas"), correct=0, passage=PASSAGE, source="s")


def match(rounds: int = 2) -> Match:
    agents = {"alice": Scripted(), "bob": Scripted()}
    return Match(
        question=QUESTION, protocol=Debate(rounds=rounds), agents=agents, defends={"alice": 0, "bob": 1}, shown=(0, 1)
    )


def turn(seat: str, number: int, text: str, **fields: Any) -> Turn:
    return Turn(seat=seat, round=number, after=2 * (number - 1), text=text, quotes=check(text, PASSAGE), **fields)


def ruling(*p: float, order: int = 0, state: str = "read") -> dict[str, Any]:
    return {"label": "token", "order": order, "state": state, "p": list(p)}


def names(*turns: Turn, over: bool = True, rulings: Any = (), failures: Any = (), rounds: int = 2) -> list[str]:
    return [tag.name for tag in tags(Kept(match(rounds), turns, over, list(rulings), list(failures)))]


PLAIN = (turn("alice", 1, "Mira did."), turn("bob", 1, "Jonas did."))


def test_a_transcript_without_fault_has_no_tag() -> None:
    rest = (turn("alice", 2, "It says so."), turn("bob", 2, "It does not."))
    assert names(*PLAIN, *rest, rulings=[ruling(0.6, 0.4), ruling(0.9, 0.1, order=1)]) == []


def test_what_is_not_finished_and_what_is_broken_off_are_told_apart() -> None:
    lost = {"stage": "speak", "seat": "bob", "kind": "unreadable", "passing": False}
    assert names(*PLAIN, over=False) == ["not finished"]
    assert names(*PLAIN, over=False, failures=[lost]) == ["broken off"]
    assert names(*PLAIN, over=False, failures=[lost | {"passing": True}]) == ["not finished"]


def test_a_debate_that_was_ended_early_is_tagged_where_the_verdict_is_unsure() -> None:
    assert names(*PLAIN, rulings=[ruling(0.6, 0.4)]) == ["ended too early"]
    assert names(*PLAIN, rulings=[ruling(0.9, 0.1)]) == []
    assert names(*PLAIN, rulings=[ruling(0.6, 0.4)], rounds=1) == []


def test_what_the_arena_noted_of_a_turn_is_a_tag() -> None:
    noted = turn("alice", 1, "I concede.", outcomes=("concession", "off-side"), cut=True, forged=1)
    assert names(noted, PLAIN[1], rounds=1) == ["concession", "off-side", "cut", "forged mark"]


def test_a_quote_that_is_not_in_the_passage_is_tagged() -> None:
    assert names(turn("alice", 1, "<quote>kept wasps there</quote>"), PLAIN[1], rounds=1) == ["unverified quote"]


def test_a_proven_claim_that_the_other_side_never_takes_up_is_unanswered() -> None:
    proof = turn("bob", 1, "<quote>Jonas sold honey at the market before winter</quote>")
    mine = turn("bob", 2, "As I said.")
    assert names(PLAIN[0], proof, turn("alice", 2, "Trust me, she is the one."), mine) == ["unanswered claim"]
    assert names(PLAIN[0], proof, turn("alice", 2, "Selling honey at a market is no keeping."), mine) == []


def test_a_claim_of_the_last_round_could_not_be_answered() -> None:
    proof = turn("bob", 2, "<quote>Jonas sold honey at the market before winter</quote>")
    assert names(*PLAIN, turn("alice", 2, "So it is."), proof) == []


def test_a_question_without_an_answer_is_tagged() -> None:
    asked = turn("alice", 1, "Where was that written?", act="ask", to="bob")
    assert names(asked, rounds=1) == ["unanswered question"]
    assert names(asked, turn("bob", 2, "In line one.", act="answer"), rounds=2) == []


def test_a_remark_of_the_judge_to_nobody_in_particular_is_answered_by_who_argues_next() -> None:
    asked = turn("judge", 1, "Where does it say so?", act="ask")
    heard = [one.model_copy(update={"after": 1}) for one in PLAIN]
    assert names(asked, *heard, rounds=1) == []
    assert names(asked, *PLAIN, rounds=1) == ["unanswered question"]


def test_a_turn_that_says_the_same_again_repeats_itself() -> None:
    text = "Clearly everyone around there remembers keeping animals beside water."
    assert names(turn("alice", 1, text), PLAIN[1], turn("alice", 2, text), turn("bob", 2, "No.")) == ["repeats itself"]


def test_verdicts_that_change_with_the_order_and_unreadable_ones_are_tagged() -> None:
    turned = [ruling(0.9, 0.1), ruling(0.1, 0.9, order=1), ruling(order=1, state="unreadable")]
    assert names(*PLAIN, rulings=turned, rounds=1) == ["unreadable verdict", "flips"]
