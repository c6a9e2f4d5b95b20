"""Published debates as runs: what is in them, what is refused, and that everything else of the arena works on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import published
import pytest
from bringing import brought, held, read_in, texts
from lab import at
from published import WRITERS, judged, room, spoken

from arena.compare import compare
from arena.errors import DataError, StoreError
from arena.export import export
from arena.plugin import names
from arena.ratings import ratings
from arena.store import db, keep, read


def test_every_importer_is_tried_on_a_file_of_its_format() -> None:
    assert sorted(WRITERS) == names("importer")


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("name", WRITERS)
def test_importing_twice_changes_nothing(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    first = brought(tmp_path, name, path)
    again = brought(tmp_path, name, tmp_path if name != "llm_debate" else path)
    engine = db.connect(at(tmp_path))
    assert first.new and again == first._replace(new=False)
    assert len(read.runs(engine)) == 1 and len(read.records(engine, first.run)) == first.rulings
    assert len(read.beliefs(engine, first.run)) == first.beliefs
    assert all(finding.ok for finding in keep.check(engine))


@pytest.mark.parametrize("name", WRITERS)
def test_what_it_took_is_unknown_and_not_nothing(name: str, tmp_path: Path) -> None:
    run = brought(tmp_path, name, WRITERS[name](tmp_path)).run
    engine = db.connect(at(tmp_path))
    for row in read.records(engine, run):
        assert (row.prompt_tokens, row.completion_tokens, row.cost, row.seconds) == (None, None, None, None)
    for line in read.listing(engine, run):
        for turn in read.kept(engine, line["key"]).turns:
            assert (turn.usage.tokens, turn.usage.cost, turn.usage.seconds) == (None, None, None)
    for shown in compare(engine, run).rows:
        assert {shown.tokens, shown.judge_tokens, shown.cost, shown.seconds, shown.judge_seconds} == {None}


@pytest.mark.parametrize("what", ["rulings", "beliefs", "transcripts", "calls"])
@pytest.mark.parametrize("name", WRITERS)
def test_an_imported_run_is_compared_and_exported_like_any_other(name: str, what: Any, tmp_path: Path) -> None:
    told = brought(tmp_path, name, WRITERS[name](tmp_path))
    engine = db.connect(at(tmp_path))
    compare(engine, told.run)
    rows = export(engine, told.run, what, tmp_path / "out.jsonl")
    assert rows == {"rulings": told.rulings, "beliefs": told.beliefs, "transcripts": told.matches, "calls": 0}[what]


def test_a_room_is_a_debate_with_feedback_and_its_quotes_are_spans_of_the_story(tmp_path: Path) -> None:
    debate = read_in("nyu_debates", published.nyu(tmp_path))[0]
    assert debate.over and debate.match.protocol.label == "feedback"
    assert texts(debate) == [
        (1, "judge", "ask", "Convince me."),
        (1, "alice", "argue", "Honey: <quote>She sold honey in</quote> settles it."),
        (1, "bob", "argue", "Wax, surely."),
        (1, "judge", "choose", "hear another round, at a cost of 0.05 bits of your score"),
        (2, "judge", "ask", "B, where does it say so?"),
        (2, "alice", "argue", "It says so."),
        (2, "bob", "argue", "It does not."),
        (2, "judge", "choose", "end here"),
    ]
    assert [quote.verified for turn in debate.turns for quote in turn.quotes] == [True]
    assert debate.match.question.correct == 0 and debate.match.question.tags == ("room",)


def test_probabilities_after_each_round_are_beliefs_and_the_last_is_the_verdict(tmp_path: Path) -> None:
    debate = read_in("nyu_debates", published.nyu(tmp_path))[0]
    live, stepped, timed = ("recorded(human p01, live)", "recorded(human p02, stepped)", "recorded(human p03, timed)")
    assert [(who, after, p[0]) for who, after, p in held(debate)] == [
        (live, 0, 0.5),
        (live, 1, 0.7),
        (live, None, 0.9),
        (stepped, 0, 0.5),
        (stepped, None, 0.2),
        (timed, None, 0.8),
    ]
    assert [one.flags for one in debate.judged if one.flags] == [("after round 1 of 2",)]


def test_a_consultancy_has_its_arm_and_unfinished_rooms_end_where_they_did(tmp_path: Path) -> None:
    _, consultancy, begun, negotiated, waiting = read_in("nyu_debates", published.nyu(tmp_path))
    assert consultancy.match.arm(consultancy.turns) == "wrong" and consultancy.over
    assert (begun.over, len(begun.turns), waiting.over, waiting.turns) == (False, 3, False, ())
    assert negotiated.over and negotiated.match.question.tags == ("room", "outside the paper")
    assert negotiated.match.protocol.label == "feedback(debaters, rounds=5)"
    assert begun.match.agents["alice"].label == "recorded(GPT-4)"


def test_pooled_judges_go_by_how_they_judged(tmp_path: Path) -> None:
    debate = read_in("nyu_debates", published.nyu(tmp_path), judges="pooled")[0]
    assert dict.fromkeys(who for who, _, _ in held(debate)) == dict.fromkeys(
        ["recorded(humans, live)", "recorded(humans, stepped)", "recorded(humans, timed)"]
    )


def test_a_room_that_goes_by_no_rules_is_imported_as_it_was(tmp_path: Path) -> None:
    rounds = [spoken("Sequential", _1="Wax."), {"JudgeFeedback": judged(0.3, True)}]
    (entry,) = read_in("nyu_debates", published.nyu(tmp_path, [room("odd", rounds)]))
    assert entry.match.protocol.label == "recorded(debate)" and entry.over and entry.match.protocol.price == 0.05
    assert texts(entry) == [(1, "bob", "argue", "Wax.")] and held(entry)[0][1] is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tokens_id": "9-z"}, "rooms.tiny.jsonl.gz:1: column 'tokens_id': '9-z' is in none of"),
        ({"answers": ["Honey"]}, "rooms.tiny.jsonl.gz:1: column 'answers.1': Field required"),
        ({"answers": ["Honey", "Honey"]}, "the same answer twice"),
        ({"correct_index": 2}, "correct is 2; choices: 0 to 1"),
        ({"rounds": [spoken("Sequential", _5="Hm.")]}, "'5' speaks in a Human Debate"),
        ({"rounds": [spoken("Simultaneous", _0=["x", (3, 99)], _1="y")]}, "a quote is the span 3-99 of 13 tokens"),
        ({"rounds": [spoken("Simultaneous", _0="a\0", _1="y")]}, "what alice says in round 1 holds a NUL"),
        ({"rounds": [{"JudgeFeedback": judged(1.5, False)}]}, "do not lie in 0..1"),
        ({"rounds": [{"JudgeFeedback": {"endDebate": False}}]}, "'rounds.0.JudgeFeedback.distribution'"),
    ],
)
def test_a_room_that_is_broken_is_named_with_its_line_and_value(change: Any, says: str, tmp_path: Path) -> None:
    path = published.nyu(tmp_path, [room(**{"name": "bees-0", "rounds": published.DEBATE, **change})])
    with pytest.raises(DataError) as error:
        read_in("nyu_debates", path)
    assert says in str(error.value) and "rooms.tiny.jsonl.gz:1" in str(error.value)


@pytest.mark.usefixtures("both")
def test_of_a_file_with_one_broken_row_nothing_is_kept(tmp_path: Path) -> None:
    path = published.nyu(tmp_path, [*published.ROOMS, room("bad", [{"JudgeFeedback": judged(2.0, False)}])])
    with pytest.raises(DataError, match=r"rooms.tiny.jsonl.gz:6"):
        brought(tmp_path, "nyu_debates", path)
    assert read.runs(db.connect(at(tmp_path))) == []


def test_the_same_room_twice_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r":2: is the same as .*:1"):
        read_in("nyu_debates", published.nyu(tmp_path, [room("a", published.DEBATE)] * 2))


def test_another_verdict_of_the_same_judge_is_refused_and_keeps_nothing(tmp_path: Path) -> None:
    brought(tmp_path, "llmbar", published.llmbar(tmp_path))
    other = published.llmbar(tmp_path, [("a", "GPT-4", "2", "1")])
    with pytest.raises(StoreError, match="another verdict"):
        brought(tmp_path, "llmbar", other)
    assert len(read.runs(db.connect(at(tmp_path)))) == 1


def test_arguments_become_a_debate_and_the_two_consultancies_it_is_made_of(tmp_path: Path) -> None:
    entries = read_in("single_turn_arguments", published.arguments(tmp_path))
    labels = [(e.match.protocol.label, e.match.repeat, e.match.arm()) for e in entries]
    assert labels == [
        ("debate(rounds=1)", 0, ""),
        ("consultancy", 0, "right"),
        ("consultancy", 0, "wrong"),
        ("consultancy", 1, "right"),
    ]
    assert [[q.verified for q in turn.quotes] for turn in entries[0].turns] == [[True], [False]]
    assert entries[0].turns[0].text == "#1: <quote>She sold honey in spring.</quote>\nIt says so (#1)."


def test_answers_that_each_asking_numbers_anew_are_the_same_answers(tmp_path: Path) -> None:
    turned = {"argue_for_id": 0, "argue_for": "Wax", "argue_against": "Honey", "argue_for_correct": False}
    rows = [published.argument("w01", 0, "Honey."), published.argument("w02", 0, "Wax.", **turned)]
    debate, right, wrong = read_in("single_turn_arguments", published.arguments(tmp_path, rows))
    assert debate.match.question.correct == 0 and debate.match.defends == {"alice": 0, "bob": 1}
    assert (right.match.arm(), wrong.match.arm()) == ("right", "wrong")


def test_both_orders_of_a_pair_are_rulings_in_the_order_of_the_question(tmp_path: Path) -> None:
    one, two = read_in("llmbar", published.llmbar(tmp_path))
    assert [(o.judge.label, o.order, o.p) for o in one.judged[:2]] == [
        ("recorded(GPT-4, Vanilla)", 0, (1, 0)),
        ("recorded(GPT-4, Vanilla)", 1, (1, 0)),
    ]
    assert [o.p for o in two.judged] == [(), (0, 1)]
    assert two.match.question.answers == ("Bye.", "Bye.\n[the same text]")
    bench = read_in("judgebench", published.judgebench(tmp_path))
    assert [[o.p for o in e.judged] for e in bench] == [[(1, 0), (1, 0)], [(0.5, 0.5), (0, 1)], [(), (0, 1)]]


@pytest.mark.parametrize(
    ("write", "name", "says"),
    [
        (lambda f: published.llmbar(f, [("z", "GPT-4", "1", "1")]), "llmbar", ":2: column 'id': 'z' is no pair in"),
        (lambda f: published.llmbar(f, [("a", "GPT-4", "3", "1")]), "llmbar", ":2: a winner is '3'; choices: 1, 2"),
        (lambda f: published.judgebench(f, [("a", "A", "B>A")]), "judgebench", ":2: a decision is 'A'; choices: A>B"),
        (lambda f: published.votes(f, [("1", "w", "both", "X", "Y")]), "votes", ":2: column 'winner'"),
        (lambda f: published.votes(f, [("1", "w", "tie", "X", "X")]), "votes", ":2: question '1: X | X' has the same"),
        (
            lambda f: published.khan(f, [{"transcript": "Error occurred"}]),
            "llm_debate",
            ":2: column 'transcript' is not",
        ),
        (
            lambda f: published.arguments(
                f, [published.argument("w", 0, "x"), published.argument("w", 1, "y", argue_for_correct=True)]
            ),
            "single_turn_arguments",
            "both answers are right here",
        ),
    ],
)
def test_a_row_that_is_broken_is_named(write: Callable[[Path], Path], name: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_in(name, write(tmp_path))
    assert says in str(error.value)


def test_columns_that_are_missing_are_named_together(tmp_path: Path) -> None:
    path = published.votes(tmp_path)
    with pytest.raises(DataError, match=r":2: no column 'id' and no 'subset' and no .*; choices: left, prompt, "):
        read_in("llmbar", path.rename(tmp_path / "decisions.csv.gz"))


def test_a_pair_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    path = published.llmbar(tmp_path)
    (tmp_path / "pairs.two.jsonl.gz").write_bytes((tmp_path / "pairs.tiny.jsonl.gz").read_bytes())
    with pytest.raises(DataError, match=r"pairs.two.*:1: column 'id': 'a' is a pair already, at .*pairs.tiny.*:1"):
        read_in("llmbar", path)


def test_votes_of_taste_are_kept_and_never_scored(tmp_path: Path) -> None:
    run = brought(tmp_path, "votes", published.votes(tmp_path)).run
    records = read.records(db.connect(at(tmp_path)), run)
    assert {r.state for r in records} == {"unscored"} and {r.score for r in records} == {None}
    row = compare(db.connect(at(tmp_path)), run).rows[0]
    assert (row.accuracy.value, row.strict.value, row.accuracy.unreadable) == (None, None, 0)


def test_rooms_may_be_imported_without_their_stories(tmp_path: Path) -> None:
    path = published.nyu(tmp_path)
    debate = read_in("nyu_debates", path, stories="none")[0]
    assert debate.turns[1].text == "Honey: [the story's tokens 7 to 11] settles it."
    assert debate.match.question.passage is None


def test_two_rooms_about_one_question_are_no_two_orders(tmp_path: Path) -> None:
    rooms = [
        room("a", published.DEBATE),
        room("b", [*published.DEBATE[:3], spoken("Sequential", _0="x", _1="y"), *published.DEBATE[4:]]),
    ]
    told = brought(tmp_path, "nyu_debates", published.nyu(tmp_path, rooms), judges="pooled")
    rows = compare(db.connect(at(tmp_path)), told.run).rows
    assert [row.flips.rulings for row in rows] == [0] * len(rows) and rows[0].accuracy.rulings == 2


def test_a_comparison_says_that_what_an_imported_run_took_is_unknown(tmp_path: Path) -> None:
    told = brought(tmp_path, "llmbar", published.llmbar(tmp_path))
    row = compare(db.connect(at(tmp_path)), told.run).rows[0]
    assert (row.tokens, row.judge_tokens, row.cost) == (None, None, None)


def test_the_first_round_costs_a_judge_who_asks_for_it(tmp_path: Path) -> None:
    told = brought(tmp_path, "nyu_debates", published.nyu(tmp_path), judges="pooled")
    (row,) = [r for r in compare(db.connect(at(tmp_path)), told.run).rows if "consultancy" in r.protocol and not r.arm]
    assert row.reward.value == pytest.approx(-2.05) and row.price == 0.05


@pytest.mark.usefixtures("both")
def test_votes_of_taste_rate_the_models_that_were_voted_on(tmp_path: Path) -> None:
    rows = [(p, str(w), "left", "X", "Y") for p in "12" for w in range(4)]
    rows += [(p, str(w), "right", "Z", "Y") for p in "12" for w in range(4)]
    rows += [("1", "9", "right", "X", "Y"), ("2", "9", "tie", "Y", "Z")]
    run = brought(tmp_path, "votes", published.votes(tmp_path, rows)).run
    made = ratings(db.connect(at(tmp_path)), run)
    assert [one.name for one in made.debaters] == ["X", "Y", "Z"] and made.connected
    assert [one.games for one in made.debaters] == [9, 18, 9] and (made.right, made.judges) == ((), ())
