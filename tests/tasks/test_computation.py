from __future__ import annotations

from itertools import islice

import pytest

from arena.chain import ACCEPTS, Chain
from arena.nouns import Question
from tasks.computation import Computation


def some(count: int = 400, **fields: object) -> list[Question]:
    return list(islice(Computation.model_validate(fields).stream(1), count))


@pytest.mark.parametrize("variant", ["chain", "votes"])
def test_the_right_answer_follows_from_the_text(variant: str) -> None:
    for question in some(50, variant=variant, steps=40):
        chain = Chain.read(question.text)
        assert chain is not None and chain.steps == 40
        end = chain.trace(0, chain.start, chain.moves)[-1]
        assert question.answers[question.correct] == chain.answer(end)


@pytest.mark.parametrize("variant", ["chain", "votes"])
def test_both_places_and_both_answers_are_right_as_often(variant: str) -> None:
    questions = some(variant=variant, steps=10)
    assert 160 < sum(question.correct for question in questions) < 240


def test_neither_the_start_nor_the_size_of_a_state_tells_which_is_right() -> None:
    questions = some(steps=10)
    near = [
        min(q.answers, key=lambda answer: abs(int(answer) - Chain.read(q.text).start))  # type: ignore[union-attr]
        for q in questions
    ]
    assert 160 < sum(guess == q.answers[q.correct] for guess, q in zip(near, questions, strict=True)) < 240


def test_where_the_machine_accepts_the_mean_of_the_votes_is_at_least_c() -> None:
    for question in some(40, variant="votes", steps=20, c=0.7, s=0.3):
        chain = Chain.read(question.text)
        assert chain is not None and (chain.c, chain.s) == (0.7, 0.3)
        end = chain.trace(0, chain.start, chain.moves)[-1]
        lowest, highest = min(chain.odds(end, n) for n in (0, 1)), max(chain.odds(end, n) for n in (0, 1))
        assert lowest >= 0.7 if question.answers[question.correct] == ACCEPTS else highest <= 0.3


def test_the_thresholds_must_be_apart() -> None:
    with pytest.raises(ValueError, match=r"s is 0\.8; it must be below c"):
        Computation(c=0.5, s=0.8)
