from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from agents.scripted import Scripted
from arena.match import Match
from arena.nouns import Question, Turn
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.quotes import check
from arena.show import plain, show
from arena.store.read import Kept

PASSAGE = "Mira kept bees by the river."
QUESTION = Question(id="q7", text="Who kept bees?", answers=("Mira", "Jonas"), correct=0, passage=PASSAGE, source="s")
MATCH = Match(
    question=QUESTION,
    protocol=Debate(rounds=1),
    agents={"alice": Scripted(), "bob": Scripted()},
    defends={"alice": 1, "bob": 0},
    shown=(1, 0),
)


def turn(seat: str, text: str, **fields: Any) -> Turn:
    return Turn(seat=seat, round=1, text=text, quotes=check(text, PASSAGE), **fields)


TURNS = (
    turn("bob", "It was <quote>kept bees by the river</quote>.", private="I know it."),
    turn("alice", "See <quote>Jonas kept bees</quote> [bold]so[/bold] [cut]", cut=True, forged=2),
)


def row(order: int, p: tuple[float, ...], **fields: Any) -> dict[str, Any]:
    return {"label": "token", "order": order, "state": "read", "p": list(p), "reason": "", "flags": [], **fields}


def printed(
    *rulings: dict[str, Any], failures: tuple[dict[str, Any], ...] = (), over: bool = True, **options: Any
) -> str:
    console = Console(file=io.StringIO(), width=300)
    match = options.pop("match", MATCH)
    turns = options.pop("turns", TURNS)
    show(console, Kept(match, turns, over, list(rulings), list(failures)), **options)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_question_shows_its_answers_as_laid_out_with_sides_and_truth() -> None:
    text = printed()
    for part in (
        "debate(rounds=1)",
        MATCH.key,
        "q7  source s",
        "Who kept bees?",
        "A: Jonas  (alice)",
        "B: Mira  (right, bob)",
    ):
        assert part in text


def test_the_turns_come_in_the_order_of_the_seats_with_sides_and_quotes() -> None:
    text = printed()
    assert text.index("round 1  Alice for 'Jonas'") < text.index("round 1  Bob for 'Mira'")
    assert "See [unverified] “Jonas kept bees” [bold]so[/bold] [cut]" in text
    assert "It was [verified] “kept bees by the river”." in text
    assert "0 of 1 quotes verified, cut at the limit, 2 forged marks removed" in text
    assert "1 of 1 quotes verified" in text and "_quote>" not in text


def test_private_text_and_passage_show_only_when_asked_for() -> None:
    assert "I know it." not in printed() and PASSAGE not in printed()
    assert "as written: I know it." in printed(private=True)
    assert PASSAGE in printed(passage=True)


@pytest.mark.parametrize(
    ("p", "verdict"),
    [
        ((0.7, 0.3), "right  'Mira' 0.70  'Jonas' 0.30"),
        ((0.2, 0.8), "wrong  'Mira' 0.20"),
        ((0.5, 0.5), "tie  'Mira' 0.50"),
    ],
)
def test_a_verdict_says_right_wrong_or_tie_and_the_probabilities(p: tuple[float, ...], verdict: str) -> None:
    assert f"token (as played): {verdict}" in printed(row(0, p))
    assert f"token (swapped): {verdict}" in printed(row(1, p, flags=["letter B absent"]))
    assert "[letter B absent]" in printed(row(1, p, flags=["letter B absent"]))


def test_an_unreadable_verdict_shows_why_and_no_score() -> None:
    text = printed(row(1, (), state="unreadable", reason="no letter of AB"))
    assert "token (swapped): unreadable: no letter of AB" in text and "wrong" not in text


def test_a_failure_and_an_unfinished_match_are_told() -> None:
    lost = {"stage": "speak", "passing": True, "seat": "bob", "order": 0, "kind": "timeout", "message": "no answer [x]"}
    assert "failed: bob: timeout: no answer [x]" in printed(failures=(lost,), over=False, turns=TURNS[1:])
    assert "goes on from here" in printed(failures=(lost,), over=False, turns=TURNS[1:])
    assert "ends here, for good" in printed(failures=({**lost, "passing": False},), over=False, turns=TURNS[1:])
    assert "failed: judge, order 1: error: x" in printed(
        failures=({"stage": "decide", "seat": "", "order": 1, "kind": "error", "message": "x"},)
    )
    assert "failed: protocol: error: x" in printed(failures=({**lost, "seat": "", "kind": "error", "message": "x"},))
    assert "not finished" in printed(over=False) and "not finished" not in printed()


def test_a_lone_speaker_shows_its_side() -> None:
    alone = {"protocol": Consultancy(), "agents": {"consultant": Scripted()}, "defends": {"consultant": 0}}
    text = printed(match=MATCH.model_copy(update=alone), turns=(turn("consultant", "Bees."),))
    assert "B: Mira  (right, consultant)" in text and "round 1  Consultant for 'Mira'" in text


def test_as_json_everything_is_there() -> None:
    lost = {"id": 3, "seat": "bob", "order": 0, "kind": "timeout", "message": "m"}
    told = json.loads(json.dumps(plain(Kept(MATCH, TURNS, True, [row(0, (0.7, 0.3))], [lost]))))
    assert told["match"] == MATCH.key and told["over"] is True and told["question"]["correct"] == 0
    assert told["turns"][0]["quotes"] == [{"text": "kept bees by the river", "verified": True}]
    assert told["rulings"][0]["p"] == [0.7, 0.3] and "id" not in told["failures"][0]
