from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arena.data import rows
from arena.errors import ConfigError, DataError
from arena.stories import plain, prose
from tasks.quality_stories import QualityStories

STORY = {
    "tokens_id": "s-1",
    "article_id": "s",
    "used_in_paper_rooms": True,
    "latest_room_ms": 1,
    "tokens": ["It", "rained", "."],
}
ROOM = {"article_id": "s", "question": "Why rain? ", "answers": ["Clouds ", "Luck"], "correct_index": 0}
ARGUMENT = {
    "passage_id": "s",
    "question_text": "why RAIN",
    "argue_for": "Luck",
    "argue_against": "Clouds",
    "argue_for_id": 1,
    "argue_for_correct": False,
}


@pytest.fixture
def real(data: Callable[[str], str]) -> dict[str, Any]:
    return {
        "path": data("quality_stories/stories.dev.jsonl.gz"),
        "rooms": data("nyu_debates/rooms.dev.jsonl.gz"),
        "arguments": data("single_turn_arguments/arguments.dev.jsonl.gz"),
    }


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("`` I ca n't , '' he said .", '"I can\'t," he said.'),
        ("Zen -- the god -LRB- a `` big '' one -RRB- .", 'Zen--the god (a "big" one).'),
        ("'' Who ? '' she asked ...", '"Who?" she asked...'),
        ("`` He said ` no ' , '' said the miners ' son .", "\"He said 'no',\" said the miners' son."),
        ("It cost $ 5 ; Ann 's idea !", "It cost $5; Ann's idea!"),
    ],
)
def test_tokens_become_running_text(tokens: str, text: str) -> None:
    assert prose(tokens.split()) == text


def test_line_breaks_stay_and_each_paragraph_opens_its_quotation_anew() -> None:
    assert prose(["``", "One", ".", "\n", "\n", "''", "Two", ".", "''"]) == '"One.\n\n"Two."'


def test_the_stories_are_as_long_as_their_source_says(real: dict[str, Any]) -> None:
    passages = {q.source: q.passage or "" for q in QualityStories(**real).read()}
    assert len(passages) == 40
    assert 26_000 < sum(map(len, passages.values())) / 40 < 28_500
    assert not any(mark in text for text in passages.values() for mark in ("``", "''", "-LRB-", " ,", " n't "))


def test_each_question_is_asked_once_with_its_story(real: dict[str, Any]) -> None:
    questions = list(QualityStories(**real).stream(0))
    assert len(questions) == 544
    assert len({(q.source, plain(q.text)) for q in questions}) == 544
    assert {len(q.answers) for q in questions} == {2}
    rooms = {(r.fields["article_id"], plain(r.fields["question"])) for r in rows(real["rooms"])}
    assert sum(q.tags == ("room",) for q in questions) == len(rooms) == 138


def test_rooms_and_arguments_agree_on_what_is_right(real: dict[str, Any]) -> None:
    debated = QualityStories(path=real["path"], rooms=real["rooms"]).read()
    argued = {q.id: q for q in QualityStories(path=real["path"], arguments=real["arguments"]).read()}
    both = [(q, argued[q.id]) for q in debated if q.id in argued]
    assert len(both) == 132
    assert all(plain(one.answers[one.correct]) == plain(two.answers[two.correct]) for one, two in both)


def test_nothing_of_what_was_argued_is_read(write: Callable[..., str]) -> None:
    said = ROOM | {"rounds": "TELL", "setting": "TELL", "survey": "TELL", "title": "TELL"}
    (question,) = QualityStories(path=write(STORY), rooms=write(said, name="rooms.jsonl")).read()
    assert "TELL" not in question.model_dump_json()


def test_a_question_of_both_is_the_one_of_the_rooms(write: Callable[..., str]) -> None:
    rooms, arguments = write(ROOM, name="rooms.jsonl"), write(ARGUMENT, name="arguments.jsonl")
    (question,) = QualityStories(path=write(STORY), rooms=rooms, arguments=arguments).read()
    assert (question.text, question.answers, question.correct) == ("Why rain?", ("Clouds", "Luck"), 0)
    assert (question.passage, question.source, question.tags) == ("It rained.", "s", ("room",))


def test_a_disagreement_on_what_is_right_names_both_lines(write: Callable[..., str]) -> None:
    arguments = write(ARGUMENT | {"argue_for_correct": True}, name="arguments.jsonl")
    task = QualityStories(path=write(STORY), rooms=write(ROOM, name="rooms.jsonl"), arguments=arguments)
    with pytest.raises(DataError, match=r"arguments\.jsonl:1: 'luck' is right here and wrong at .*rooms\.jsonl:1"):
        task.stream(0)


def test_the_version_that_the_paper_used_is_taken(write: Callable[..., str]) -> None:
    later = STORY | {"used_in_paper_rooms": False, "latest_room_ms": 2, "tokens": ["Later", "."]}
    task = QualityStories(path=write(STORY, later), rooms=write(ROOM, name="rooms.jsonl"))
    assert next(task.stream(0)).passage == "It rained."


def test_stories_without_questions_are_an_error(write: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match="needs `rooms` or `arguments`"):
        QualityStories(path=write(STORY)).stream(0)
    with pytest.raises(DataError, match="asks about none of the stories"):
        QualityStories(path=write(STORY), rooms=write(ROOM | {"article_id": "t"}, name="rooms.jsonl")).stream(0)
