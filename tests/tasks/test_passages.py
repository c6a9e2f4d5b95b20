from __future__ import annotations

import re
from collections import Counter
from itertools import product
from math import sqrt
from zlib import crc32

import pytest
from pydantic import ValidationError

from arena.nouns import Question
from tasks.passages import _FACTS, _NAMES, Passages

VALUES = {value: kind for kind, fact in enumerate(_FACTS) for value in fact.values}
BESIDE = re.compile(r"(\w+) sat beside (\w+) on the boat, to the left")


NAME, VALUE = (re.compile(rf"\b({'|'.join(some)})\b") for some in (_NAMES, VALUES))


def words(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The names or values that stand in the text as whole words, each once."""
    return list(dict.fromkeys(pattern.findall(text)))


def facts(passage: str) -> dict[str, dict[int, str]]:
    """Settler -> kind of fact -> value, read from the sentences alone."""
    found: dict[str, dict[int, str]] = {}
    for sentence in re.split(r"(?<=\.)\s+", passage):
        if not BESIDE.search(sentence):
            (name,), (value,) = words(sentence, NAME), words(sentence, VALUE)
            assert VALUES[value] not in found.setdefault(name, {}), "a settler has one value of a kind"
            found[name][VALUES[value]] = value
    return found


def left(passage: str) -> dict[str, str]:
    """Settler -> who sat to the left."""
    return {other: one for one, other in BESIDE.findall(passage)}


def asked(question: Question) -> str:
    """The settler whom the question is about, found by reading the passage as its difficulty asks."""
    told = facts(question.passage or "")
    if named := words(question.text, NAME):
        return named[0]
    (clue,) = words(question.text, VALUE)
    (who,) = [name for name, values in told.items() if clue in values.values()]
    if "to whose left" in question.text:
        return next(other for other, one in left(question.passage or "").items() if one == who)
    return who


CASES = list(product((1, 2, 3), (2, 4, 8)))


@pytest.mark.parametrize(("difficulty", "people"), CASES)
def test_the_right_answer_is_what_a_careful_reader_finds(difficulty: int, people: int) -> None:
    for question in Passages(questions=60, difficulty=difficulty, people=people, choices=2).stream(1):
        told = facts(question.passage or "")[asked(question)]
        kind = VALUES[question.answers[question.correct]]
        assert told[kind] == question.answers[question.correct]
        assert {VALUES[answer] for answer in question.answers} == {kind}


@pytest.mark.parametrize(("difficulty", "people"), CASES)
def test_every_wrong_answer_is_true_of_somebody_else(difficulty: int, people: int) -> None:
    for question in Passages(questions=40, difficulty=difficulty, people=people, choices=8).stream(2):
        told = {value for values in facts(question.passage or "").values() for value in values.values()}
        assert set(question.answers) <= told and len(question.answers) == people
        assert all(len(re.findall(rf"\b{a}\b", question.passage or "")) == 1 for a in question.answers)


def test_each_settler_has_one_value_of_each_kind_and_nobody_shares_one() -> None:
    for count in (2, 3, 4):
        for question in Passages(questions=20, people=5, facts=count).stream(3):
            told = facts(question.passage or "")
            assert len(told) == 5 and all(set(values) == set(range(count)) for values in told.values())
            assert all(len({values[kind] for values in told.values()}) == 5 for kind in range(count))


def test_the_difficulties_ask_for_one_two_and_three_facts() -> None:
    for question in Passages(questions=40, difficulty=1).stream(4):
        assert words(question.text, NAME) and not words(question.text, VALUE)
    for difficulty in (2, 3):
        for question in Passages(questions=40, difficulty=difficulty).stream(4):
            (clue,) = words(question.text, VALUE)
            assert not words(question.text, NAME)
            assert VALUES[clue] != VALUES[question.answers[0]], "the clue is of another kind than what is asked"
            assert ("to whose left" in question.text) == (difficulty == 3)


def test_at_difficulty_3_the_settlers_sit_in_one_ring_and_the_one_named_is_not_the_one_asked_about() -> None:
    for question in Passages(questions=60, difficulty=3, people=5).stream(5):
        ring = left(question.passage or "")
        seen = [asked(question)]
        while ring[seen[-1]] not in seen:
            seen.append(ring[seen[-1]])
        assert len(seen) == 5 and set(ring) == set(facts(question.passage or ""))
        (clue,) = words(question.text, VALUE)
        assert clue in facts(question.passage or "")[ring[asked(question)]].values()


def within(count: float, whole: int, share: float) -> bool:
    """Whether a count is within four standard deviations of its share."""
    return abs(count - share * whole) < 4 * sqrt(share * (1 - share) * whole)


@pytest.mark.parametrize(("difficulty", "choices"), [(1, 2), (2, 2), (3, 2), (2, 4)])
def test_without_the_passage_no_rule_beats_chance(difficulty: int, choices: int) -> None:
    whole = 2000
    hits: Counter[str] = Counter()
    for question in Passages(questions=whole, difficulty=difficulty, choices=choices).stream(6):
        right = question.answers[question.correct]
        hits["first"] += question.correct == 0
        hits["last"] += question.correct == choices - 1
        hits["alphabet"] += right == min(question.answers)
        hits["rank"] += right == min(question.answers, key=list(VALUES).index)
        hits["length"] += right == min(question.answers, key=lambda a: (len(a), a))
        hits["hash"] += right == min(question.answers, key=lambda a: crc32(f"{question.text} {a}".encode()))
    assert all(within(count, whole, 1 / choices) for count in hits.values()), hits


@pytest.mark.parametrize("difficulty", [1, 2, 3])
def test_with_the_passage_but_without_the_question_no_rule_beats_chance(difficulty: int) -> None:
    whole = 1500
    hits: Counter[str] = Counter()
    for question in Passages(questions=whole, difficulty=difficulty).stream(7):
        text = question.passage or ""
        right, wrong = question.answers[question.correct], question.answers[1 - question.correct]
        hits["earlier"] += text.index(right) < text.index(wrong)
        at = {answer: next(s for s in text.split(". ") if answer in s) for answer in (right, wrong)}
        hits["shorter"] += (len(at[right]), right) < (len(at[wrong]), wrong)
        owner = {a: next(n for n, v in facts(text).items() if a in v.values()) for a in (right, wrong)}
        hits["name"] += owner[right] < owner[wrong]
        hits["met first"] += text.index(owner[right]) < text.index(owner[wrong])
    assert all(within(count, whole, 0.5) for count in hits.values()), hits


def test_every_kind_of_fact_is_asked_about_and_named_by_as_often() -> None:
    whole = 1500
    asked_about, named_by = Counter[int](), Counter[int]()
    for question in Passages(questions=whole, difficulty=2).stream(8):
        asked_about[VALUES[question.answers[0]]] += 1
        named_by[VALUES[words(question.text, VALUE)[0]]] += 1
    for counts in (asked_about, named_by):
        assert set(counts) == {0, 1, 2} and all(within(n, whole, 1 / 3) for n in counts.values())


def test_no_value_and_no_name_is_the_right_one_more_often_than_chance() -> None:
    right, shown = Counter[str](), Counter[str]()
    for question in Passages(questions=4000, facts=4).stream(9):
        right[question.answers[question.correct]] += 1
        shown.update(question.answers)
    assert all(within(right[value], shown[value], 0.5) for value in shown) and set(shown) == set(VALUES)


def test_more_questions_extend_the_list_and_a_seed_draws_it() -> None:
    few, more = (list(Passages(questions=count).stream(1)) for count in (5, 9))
    assert more[:5] == few and len(more) == 9
    assert list(Passages(questions=5).stream(1)) == few
    assert not {q.passage for q in Passages(questions=5).stream(2)} & {q.passage for q in few}


def test_the_questions_about_one_passage_share_its_source_and_differ() -> None:
    found = list(Passages(questions=12, per_passage=4).stream(1))
    assert [q.source for q in found] == [found[i // 4 * 4].source for i in range(12)]
    assert len({q.passage for q in found}) == len({q.source for q in found}) == 3
    assert len({q.id for q in found}) == 12


def test_the_passage_is_the_same_text_whatever_is_asked_about_it() -> None:
    one, many = (list(Passages(questions=4, per_passage=n).stream(1)) for n in (1, 4))
    assert many[0] == one[0] and {q.passage for q in many} == {one[0].passage}


BAD = [{"people": 1}, {"people": 9}, {"facts": 1}, {"facts": 5}, {"difficulty": 0}, {"difficulty": 4}, {"choices": 1}]


@pytest.mark.parametrize("fields", BAD)
def test_what_cannot_be_generated_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="Input should be"):
        Passages(**fields)
