"""Transcripts of Khan et al. 2024: what protocol, verdicts and orders they come to."""

from __future__ import annotations

from pathlib import Path

import published
import pytest
from bringing import held, read_in, texts


def test_transcripts_of_language_models_keep_the_rules_of_the_nearest_protocol(tmp_path: Path) -> None:
    static, swapped, consultancy, interactive = read_in("llm_debate", published.khan(tmp_path))
    labels = [e.match.protocol.label for e in (static, swapped, consultancy, interactive)]
    assert labels == [
        "debate(rounds=2)",
        "debate(rounds=1)",
        "consultancy(rounds=2)",
        "recorded(interactive debate)",
    ]
    assert all(e.over for e in (static, swapped, consultancy, interactive))
    assert static.turns[0].text == "<quote>She sold honey</quote>" and static.turns[0].quotes[0].verified
    assert [e.judged[0].p for e in (static, swapped, consultancy, interactive)] == [(1, 0), (0, 1), (0.73, 0.27), ()]
    assert swapped.match.shown == (1, 0) and texts(swapped)[0][1:] == ("alice", "argue", "Wax.")


def test_people_who_judged_one_transcript_are_judges_of_one_match(tmp_path: Path) -> None:
    rows = [
        {"transcript": published.KHAN[0]["transcript"], "judge_id": i, "confidence_correct": p, "explanation": "So."}
        for i, p in ((1, 0.9), (2, 0.3))
    ]
    (entry,) = read_in("llm_debate", published.khan(tmp_path, rows))
    assert [(who, p[0]) for who, _, p in held(entry)] == [
        ("recorded(judge 1)", 0.9),
        ("recorded(judge 2)", 0.3),
    ]


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("Answer: B", 0.0),
        ("Final Answer: <A>", 1.0),
        ("A", 1.0),
        ("Name: me\nConfidence correct: 0.65", 0.65),
        ("Answer: A\nAnswer: B", None),
        ("Answer: C", None),
    ],
)
def test_a_reply_is_read_by_the_published_rules_or_not_at_all(reply: str, right: float | None, tmp_path: Path) -> None:
    row = {**published.KHAN[0], "answer_judge": reply}
    (entry,) = read_in("llm_debate", published.khan(tmp_path, [row]))
    assert entry.judged[0].p == (() if right is None else pytest.approx((right, 1 - right)))
