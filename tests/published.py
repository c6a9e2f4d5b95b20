"""Small files in each published format, made here: the same columns and shapes as the originals, other contents."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Table = dict[str, Any]
STORY = "Mira kept bees by the river . She sold honey in spring .".split()
STORIES = [
    {
        "tokens_id": "1-a",
        "article_id": "1",
        "title": "Bees",
        "used_in_paper_rooms": True,
        "latest_room_ms": 1,
        "tokens": STORY,
    }
]


def jsonl(path: Path, rows: Sequence[Table]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    with gzip.open(path, "wt", encoding="utf-8") if path.suffix == ".gz" else path.open("w", encoding="utf-8") as file:
        file.write(text)
    return path


def table(path: Path, rows: Sequence[Table]) -> Path:
    with gzip.open(path, "wt", newline="") if path.suffix == ".gz" else path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def speech(name: str, *parts: str | tuple[int, int]) -> Table:
    """Text, and quotes as spans of the story's tokens."""
    told = [{"Text": {"text": p}} if isinstance(p, str) else {"Quote": {"span": list(p)}} for p in parts]
    return {"speaker": name, "timestamp": 1, "content": told}


def judged(p: float, ends: bool, text: str = "", judge: str = "p01") -> Table:
    """The probability of the first answer."""
    return {"distribution": [p, 1 - p], "feedback": speech(judge, text), "endDebate": ends}


def spoken(kind: str, **texts: Any) -> Table:
    """A round: seat index, after an underscore, -> text or parts."""
    said = {i.strip("_"): speech(f"p1{i}", *([t] if isinstance(t, str) else t)) for i, t in texts.items()}
    return {f"{kind}Speeches": {"speeches": said}}


def room(name: str, rounds: Sequence[Table], setting: str = "Human Debate", **fields: Any) -> Table:
    debaters = ["Debater A", "Debater B"] if "Debate" in setting else ["Debater B"]
    roles = {role: "GPT-4" if setting.startswith("AI") else f"p1{i}" for i, role in enumerate(debaters)}
    told = {
        "room": name,
        "article_id": "1",
        "tokens_id": "1-a",
        "title": "Bees",
        "question": "What did Mira sell?",
        "answers": ["Honey", "Wax"],
        "correct_index": 0,
        "setting": setting,
        "consultant_honest": None,
        "included_in_paper": True,
        "status": "Complete",
        "roles": {**roles, "Judge": "p01"},
        "offline_judges": {},
        "rounds": list(rounds),
    }
    return {**told, **fields}


DEBATE = [
    {"JudgeFeedback": judged(0.5, False, "Convince me.")},
    spoken("Simultaneous", _0=["Honey: ", (7, 11), " settles it."], _1="Wax, surely."),
    {"JudgeFeedback": judged(0.7, False, "B, where does it say so?")},
    spoken("Sequential", _0="It says so.", _1="It does not."),
    {"JudgeFeedback": judged(0.9, True, "A quotes.")},
    {
        "OfflineJudgments": {
            "judgments": {
                "p02": {"mode": "stepped", "judgments": [judged(0.5, False), judged(0.2, True, judge="p02")]},
                "p03": {"mode": "timed", "judgments": [judged(0.8, True, judge="p03")]},
            }
        }
    },
]
CONSULTANCY = [
    {"JudgeFeedback": judged(0.4, False)},
    spoken("Sequential", _1="Wax."),
    {"JudgeFeedback": judged(0.25, True, "Why not.")},
]
NEGOTIATED = [
    spoken("Simultaneous", _0="Honey.", _1="Wax."),
    spoken("Sequential", _0="Honey still.", _1="Wax still."),
    spoken("Sequential", _0="Honey again.", _1="Wax again."),
    {"NegotiateEnd": {"votes": {"0": True, "1": True}}},
    {"OfflineJudgments": {"judgments": {"p04": {"mode": "timed", "judgments": [judged(0.6, True, judge="p04")]}}}},
]
ROOMS = [
    room("bees-0", DEBATE),
    room("bees-1", CONSULTANCY, "Human Consultancy", consultant_honest=False),
    room("bees-2", DEBATE[:2], "AI Debate", status="InProgress", question="Where did Mira live?"),
    room("bees-3", NEGOTIATED, included_in_paper=False, roles={"Debater A": "p10", "Debater B": "p11"}),
    room("bees-4", [], "AI Consultancy", status="WaitingToBegin"),
]


def nyu(folder: Path, rooms: Sequence[Table] = ROOMS, part: str = "tiny") -> Path:
    """Rooms, and stories beside them."""
    jsonl(folder / "stories.tiny.jsonl", STORIES)
    return jsonl(folder / f"rooms.{part}.jsonl.gz", rooms)


def argument(writer: str, side: int, text: str, **fields: Any) -> Table:
    answers = ["Honey", "Wax"]
    told = {
        "hit": 1,
        "writer": writer,
        "passage_id": "1",
        "question_text": "What did Mira sell?",
        "argue_for": answers[side],
        "argue_against": answers[1 - side],
        "argue_for_id": side,
        "argue_for_correct": side == 0,
        "selected_snippets": ["She sold honey in spring.", "", ""],
        "argument": text,
    }
    return {**told, **fields}


ARGUMENTS = [
    argument("w01", 0, "It says so (#1)."),
    argument("w02", 1, "Wax is what bees make.", selected_snippets=["Mira ate bees.", "", ""]),
    argument("w03", 0, "Honey, again."),
]


def arguments(folder: Path, rows: Sequence[Table] = ARGUMENTS) -> Path:
    jsonl(folder / "stories.tiny.jsonl", STORIES)
    return jsonl(folder / "arguments.tiny.jsonl", rows)


def transcript(rounds: Sequence[Table], swap: bool = False, **fields: Any) -> Table:
    """As the published code stores it: who speaks first is called Debater A, whatever it argues for."""
    named = ("Debater B", "Debater A") if swap else ("Debater A", "Debater B")
    told = {
        "index": 0,
        "question": "What did Mira sell?",
        "question_set_id": "set",
        "story": " ".join(STORY),
        "story_title": "Bees",
        "answers": {"correct": "Honey", "incorrect": "Wax"},
        "names": {"correct": named[0], "incorrect": named[1], "cross_examiner": None, "judge": None},
        "swap": swap,
        "rollout_type": "quality_sim",
        "rounds": [{**SILENCE, **one} for one in rounds],
        "responses": [SILENCE] * len(rounds),
        "extra": {},
    }
    return {**told, **fields}


def row(told: Table, reply: str = "", **fields: Any) -> Table:
    """As `core/load` and `core/judge` write it."""
    asked = {"question": told["question"], "correct answer": "Honey", "negative answer": "Wax"}
    judged = {"answer_judge": reply, "complete_judge": True} if reply else {}
    return {**asked, "complete": True, "transcript": json.dumps(told), **judged, **fields}


SILENCE = {"correct": None, "incorrect": None, "cross_examiner": None, "judge": None, "type": "sim"}
SAID = {"correct": "<v_quote>She sold honey</v_quote>", "incorrect": "Wax."}
ALONE = {"incorrect": "Wax."}
ADVISER = {"names": {"correct": None, "incorrect": "Consultant", "cross_examiner": "Judge", "judge": None}}
NOBODY = {"names": dict.fromkeys(("correct", "incorrect", "cross_examiner", "judge"))}
LOGITS = "Logit A: -1, Logit B: -2, Prob A: 0.7300, Prob B: 0.2700\nAnswer: A"
KHAN = [
    row(transcript([SAID, SAID]), "Thinking.\nAnswer: A"),
    row(transcript([SAID, {**SAID, "type": "seq"}], swap=True), "Answer: <A>"),
    row(transcript([ALONE, {**ALONE, "judge": "Why?"}], **ADVISER), LOGITS),
    row(transcript([SAID, {**SAID, "judge": "B, why?"}]), "I cannot tell."),
]
HUMAN = {"debate_id": 1, "debate_method": "debate", "debater_config": "debater_v7.yaml", "experiment_name": "8"}
"""Some of the columns of the human data."""


def khan(folder: Path, rows: Sequence[Table] = KHAN) -> Path:
    return table(folder / "transcripts.csv", rows)


def experiment(folder: Path) -> Path:
    """The folder of an experiment as `core.debate` and `core.judge` leave it: one question by every method."""
    crossed = [SAID, {**SAID, "cross_examiner": "Debater B, why?"}]
    methods: dict[str, Any] = {
        "debate_sim": lambda swap: transcript([SAID], swap),
        "debate_sim_intermediary": lambda swap: transcript(crossed, swap),
        "consultancy_incorrect": lambda swap: transcript([ALONE], swap, **ADVISER),
        "baseline_blind": lambda swap: transcript([], swap, **NOBODY),
        "baseline_oracle": lambda swap: transcript([], swap, **NOBODY),
    }
    for method, made in methods.items():
        (folder / method / "gpt-4-base").mkdir(parents=True)
        table(folder / method / "data0.csv", [row(made(False))])
        for swap, name in ((False, "data0_judgement.csv"), (True, "data0_swap_judgement.csv")):
            table(folder / method / "gpt-4-base" / name, [row(made(swap), "Answer: A")])
    return folder


def llmbar(folder: Path, decisions: Sequence[tuple[str, str, str, str]] = (), part: str = "tiny") -> Path:
    """Decisions are (pair, judge, winner in the original order, winner in the swapped order)."""
    given = decisions or [("a", "GPT-4", "1", "1"), ("a", "Falcon", "1", "2"), ("b", "GPT-4", "None", "2")]
    pairs = [
        {"id": "a", "subset": "One", "input": "Say hi.", "output_1": "Hi.", "output_2": "No.", "label": 1},
        {"id": "b", "subset": "Two", "input": "Say bye.", "output_1": "Bye.", "output_2": "Bye.", "label": 2},
    ]
    jsonl(folder / f"pairs.{part}.jsonl.gz", pairs)
    rows = [
        {
            "id": i,
            "subset": {"a": "One", "b": "Two"}.get(i, ""),
            "judge_llm": judge,
            "strategy": "Vanilla",
            "label": 1,
            "winner_original_order": one,
            "winner_swapped_order": two,
        }
        for i, judge, one, two in given
    ]
    return table(folder / f"decisions.{part}.csv.gz", rows)


def judgebench(folder: Path, decisions: Sequence[tuple[str, str, str]] = (), part: str = "tiny") -> Path:
    """Decisions are (pair, decision in the order AB, decision in the order BA)."""
    given = decisions or [("a", "A>B", "B>A"), ("b", "A=B", "A>B"), ("c", "", "A>B")]
    pairs = [
        {
            "pair_id": i,
            "original_id": i,
            "source": "law",
            "question": f"Question {i}?",
            "response_model": "gpt",
            "response_A": f"one {i}",
            "response_B": f"two {i}",
            "label": label,
        }
        for i, label in (("a", "A>B"), ("b", "B>A"), ("c", "B>A"))
    ]
    jsonl(folder / f"pairs.{part}.jsonl.gz", pairs)
    rows = [
        {
            "pair_id": i,
            "response_model": "gpt",
            "source": "law",
            "judge_name": "arena_hard",
            "judge_model": "haiku",
            "label": "A>B",
            "decision_order_AB": one,
            "decision_order_BA": two,
            "scores_order_AB": "",
        }
        for i, one, two in given
    ]
    return table(folder / f"decisions.{part}.csv.gz", rows)


VOTES = [
    ("8", "1", "left", "X", "Y"),
    ("8", "2", "tie", "X", "Y"),
    ("8", "1", "right", "Z", "X"),
    ("9", "1", "left", "Y", "Z"),
]


def votes(folder: Path, rows: Sequence[tuple[str, ...]] = VOTES, part: str = "tiny") -> Path:
    names = ("prompt", "worker", "winner", "left", "right")
    return table(folder / f"comparisons.{part}.csv.gz", [dict(zip(names, row, strict=True)) for row in rows])


WRITERS = {
    "nyu_debates": nyu,
    "single_turn_arguments": arguments,
    "llm_debate": khan,
    "llmbar": llmbar,
    "judgebench": judgebench,
    "votes": votes,
}
"""Importer -> what writes a small file that it reads."""
