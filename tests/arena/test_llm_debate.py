"""Transcripts of Khan et al. 2024: what protocol, verdicts and orders they come to."""

from __future__ import annotations

from pathlib import Path

import published
import pytest
from bringing import held, read_in, texts
from published import ADVISER, ALONE, HUMAN, SAID, row, transcript

from arena.errors import DataError


def test_transcripts_of_language_models_keep_the_rules_of_the_nearest_protocol(tmp_path: Path) -> None:
    entries = read_in("llm_debate", published.khan(tmp_path))
    static, in_turn, _, interactive = entries
    assert [e.match.protocol.label for e in entries] == [
        "debate(rounds=2)",
        "debate(rounds=2, sequential)",
        "consultancy(rounds=2)",
        "recorded(interactive debate)",
    ]
    assert all(e.over for e in entries) and [e.match.arm() for e in entries] == ["", "", "wrong", ""]
    assert static.turns[0].text == "<quote>She sold honey</quote>" and static.turns[0].quotes[0].verified
    assert [e.judged[0].p for e in entries] == [(1, 0), (0, 1), (0.73, 0.27), ()]
    assert in_turn.match.shown == (1, 0) and texts(in_turn)[0][1:] == ("alice", "argue", "Wax.")
    assert texts(interactive)[2] == (2, "judge", "ask", "B, why?")


def test_an_experiment_is_every_method_with_its_judge_in_both_orders(tmp_path: Path) -> None:
    entries = read_in("llm_debate", published.experiment(tmp_path))
    found = {(e.match.protocol.label, e.match.shown): [(one.order, one.p[0]) for one in e.judged] for e in entries}
    assert found == {
        ("direct", (0, 1)): [(0, 1.0), (1, 0.0)],
        ("expert", (0, 1)): [(0, 1.0), (1, 0.0)],
        ("consultancy", (0, 1)): [(0, 1.0), (1, 0.0)],
        ("debate(rounds=1)", (0, 1)): [(0, 1.0), (1, 0.0)],
        ("recorded(interactive debate)", (0, 1)): [(0, 1.0)],
        ("recorded(interactive debate)", (1, 0)): [(0, 0.0)],
    }
    assert {one.judge.label for e in entries for one in e.judged} == {"recorded(gpt-4-base)"}
    assert len({e.match.question for e in entries}) == 1


@pytest.mark.parametrize("part", ["debate_sim", "debate_sim/gpt-4-base", "debate_sim/gpt-4-base/data0_judgement.csv"])
def test_a_part_of_an_experiment_is_read_by_itself(part: str, tmp_path: Path) -> None:
    (entry,) = read_in("llm_debate", published.experiment(tmp_path) / part)
    assert held(entry)[0] == ("recorded(gpt-4-base)", None, (1, 0))


def test_what_was_not_judged_yet_waits_for_judges(tmp_path: Path) -> None:
    (entry,) = read_in("llm_debate", published.experiment(tmp_path) / "debate_sim" / "data0.csv")
    assert entry.over and entry.judged == ()


def test_people_who_judged_one_transcript_are_judges_of_one_match(tmp_path: Path) -> None:
    judged = ((1, 0.9, False), (2, 0.3, True))
    rows = [
        row(transcript([SAID], swap, story=None), judge_id=i, confidence_correct=p, explanation="So.", **HUMAN)
        for i, p, swap in judged
    ]
    (entry,) = read_in("llm_debate", published.khan(tmp_path, rows))
    assert [(one.judge.label, one.order, one.p[0]) for one in entry.judged] == [
        ("recorded(human 1)", 0, 0.9),
        ("recorded(human 2)", 1, 0.3),
    ]
    assert entry.match.agents["alice"].label == "recorded(debater_v7.yaml)" and entry.match.question.passage is None


def test_experiments_are_chosen_by_name(tmp_path: Path) -> None:
    told = (("8", [SAID]), ("9", []))
    rows = [row(transcript(rounds), **{**HUMAN, "experiment_name": name}) for name, rounds in told]
    path = published.khan(tmp_path, rows)
    assert [e.match.protocol.name for e in read_in("llm_debate", path, experiments=["9"])] == ["direct"]
    with pytest.raises(DataError, match="no row has the experiment_name '7'; choices: 8, 9"):
        read_in("llm_debate", path, experiments=["7"])


def test_a_cross_examiner_asks_and_a_reply_that_is_not_complete_is_none(tmp_path: Path) -> None:
    rounds = [ALONE, {**ALONE, "cross_examiner": "Sure?"}]
    made = row(transcript(rounds, **ADVISER), "Error message: 500", complete_judge=False)
    (entry,) = read_in("llm_debate", published.khan(tmp_path, [made]))
    assert texts(entry)[1] == (2, "cross_examiner", "ask", "Sure?") and entry.judged == ()
    assert entry.match.protocol.label == "recorded(interactive consultancy)"


def test_every_vote_is_a_judge(tmp_path: Path) -> None:
    made = row(transcript([SAID]), "A", answer_judge1="B)", complete_judge1=True, answer_concession="N")
    (entry,) = read_in("llm_debate", published.khan(tmp_path, [made]))
    assert [(who, p[0]) for who, _, p in held(entry)] == [("recorded(judge)", 1.0), ("recorded(judge1)", 0.0)]


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Answer: B", 0.0),
        ("Final Answer: <A>", 1.0),
        ("A", 1.0),
        ("(A)", 1.0),
        ("B)", 0.0),
        ("So the correct answer is most likely to be (B): wax.", 0.0),
        ("I thought.\nFinal answer when all evidence is considered: Answer: <A>", 1.0),
        ("Name: me\nConfidence correct: 0.65", 0.65),
        ("Answer: A\nAnswer: B", None),
        ("Answer: C", None),
        ("Answer: Unclear", None),
        ("A or B", None),
    ],
)
def test_a_reply_is_read_by_the_published_rules_or_not_at_all(reply: str, right: float | None, tmp_path: Path) -> None:
    (entry,) = read_in("llm_debate", published.khan(tmp_path, [row(transcript([SAID]), reply)]))
    assert entry.judged[0].p == (() if right is None else pytest.approx((right, 1 - right)))
