from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.capitals import _CITIES, Capitals


def test_the_right_answer_is_the_capital_and_its_place_is_drawn() -> None:
    seen = list(Capitals().stream(1))
    assert {question.text for question in seen} == {f"What is the capital of {country}?" for country in _CITIES}
    for question in seen:
        capital, other = _CITIES[question.source.removeprefix("capitals ")]
        assert question.answers[question.correct] == capital
        assert set(question.answers) == {capital, other}
    assert 10 <= sum(question.correct for question in seen) <= 30


def test_no_city_stands_twice_and_questions_are_a_beginning_of_the_same_stream() -> None:
    cities = [city for pair in _CITIES.values() for city in pair]
    assert len(set(cities)) == len(cities)
    assert list(Capitals(questions=5).stream(3)) == list(Capitals().stream(3))[:5]
    assert list(Capitals().stream(3)) != list(Capitals().stream(4))


def test_more_questions_than_there_are_countries_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 40"):
        Capitals(questions=41)
