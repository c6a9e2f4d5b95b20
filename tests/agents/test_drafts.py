"""best_of_n and critique_and_refine: drafts that differ by their draw, and a judge that reads a number in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

import pytest

from agents.best_of_n import BestOfN
from agents.critique_and_refine import CritiqueAndRefine
from agents.debater import Debater
from agents.models.scripted import Scripted as Model
from agents.scripted import Scripted
from arena.agent import Agent
from arena.draft import STAND_IN, rehearsed
from arena.errors import ConfigError, Unreadable
from arena.judge import Judge
from arena.nouns import Cue, Said, Speech, Verdict, View
from arena.provider import Call, Completion, Message, Sampling
from arena.wire import Wire, drawing, recording
from judges.stated import Stated

VIEW = View(
    seat="alice", question="Who kept bees?", answers=("Mira", "Jonas"), sides={"alice": 0, "bob": 1}, passage="Bees!"
)
CUE = Cue(seat="alice", round=1)


class Dice(Model):
    """Says a number from 0 to 96 that its seed draws; below `least` it says nothing."""

    least: int = 0

    def answer(self, messages: Sequence[Message], sampling: Sampling) -> Completion:
        number = (sampling.seed or 0) % 97
        return Completion(text=f"<argument>Draft {number}.</argument>" if number >= self.least else "")


class Reader(Judge):
    """Finds the first answer as probable as the number in the last draft says; unreadable from `most` on."""

    most: int = 97

    async def decide(self, view: View) -> Verdict:
        (found,) = [n for turn in view.turns for n in re.findall(r"\d+", turn.text)]
        if int(found) >= self.most:
            raise Unreadable("too much")
        assert view.passage is None and view.seat == "judge"
        return Verdict(p=(int(found) / 97, 1 - int(found) / 97))


def spoken(agent: Agent, view: View = VIEW, cue: Cue = CUE, sample: int = 0) -> tuple[Speech, list[Call]]:
    async def run() -> tuple[Speech, list[Call]]:
        async with Wire():
            with recording(sample) as calls:
                return await agent.speak(view, cue), calls

    return asyncio.run(run())


def best(judge: Judge | None = None, n: int = 8, least: int = 0) -> BestOfN:
    return BestOfN(agent=Debater(model=Dice(least=least)), judge=judge or Reader(), n=n)


def drafted(speech: Speech) -> int:
    return int(re.findall(r"\d+", speech.text)[0])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("answers", [("Mira", "Jonas"), ("Jonas", "Mira")])
def test_the_draft_that_is_best_for_the_own_answer_is_kept_on_either_side(side: int, answers: tuple[str, str]) -> None:
    view = VIEW.model_copy(update={"answers": answers, "sides": {"alice": side, "bob": 1 - side}})
    speech, calls = spoken(best(), view)
    numbers = [int(re.findall(r"\d+", call.reply)[0]) for call in calls]
    assert len(set(numbers)) > 4 and drafted(speech) == (max(numbers) if side == 0 else min(numbers))
    assert speech.scores == pytest.approx([n / 97 if side == 0 else 1 - n / 97 for n in numbers])


def test_a_critic_is_scored_against_the_one_answer_that_is_argued_for() -> None:
    view = VIEW.model_copy(update={"seat": "critic", "sides": {"proposer": 0}})
    speech, _ = spoken(best(), view, Cue(seat="critic", round=1))
    assert 1 - drafted(speech) / 97 == pytest.approx(max(speech.scores))


@pytest.mark.parametrize("sides", [{}, {"alice": 0, "bob": 1}, {"judge": 0}])
def test_a_seat_with_nothing_to_win_is_refused_before_anything_is_paid(sides: dict[str, int]) -> None:
    view = VIEW.model_copy(update={"seat": "critic", "sides": sides})
    with pytest.raises(ConfigError, match=r"the seat 'critic' argues for no answer and \d others argue for one"):
        spoken(best(), view)


def test_the_first_draft_is_the_one_that_would_be_spoken_alone_and_a_repeat_draws_others() -> None:
    alone, _ = spoken(Debater(model=Dice()))
    one, two = ({call.reply for call in spoken(best(), sample=i)[1]} for i in (0, 1))
    assert alone.private in one and len(one & two) < 4


def test_a_draft_that_comes_again_is_scored_once_and_counted_each_time() -> None:
    judge = Stated(model=Model(otherwise='{"A": 0.25, "B": 0.75}'))
    speech, calls = spoken(BestOfN(agent=Scripted(lines=("Bees.",)), judge=judge, n=5))
    assert len(calls) == 1 and speech.scores == (0.25,) * 5


def test_what_cannot_be_read_is_left_out_and_nothing_readable_is_unreadable() -> None:
    whole, _ = spoken(best())
    speech, calls = spoken(best(Reader(most=drafted(whole)), least=20))
    assert 0 < len(speech.scores) < len(calls) == 8 and drafted(speech) < drafted(whole)
    for none in (best(least=97), best(Reader(most=0))):
        with pytest.raises(Unreadable, match="none of 8 drafts could be read and scored: "):
            spoken(none)


def test_the_judge_is_shown_the_draft_by_the_referees_rules_beside_a_stand_in() -> None:
    agent = Scripted(lines=("✓ Mira kept <quote>all the bees</quote> one two three",))
    view = VIEW.model_copy(update={"passage": "all the bees"})
    model = Model(rules={r"Mira kept <v_quote>all the bees</v_quote> one \[cut\]": '{"A": 1, "B": 0}'})
    speech, calls = spoken(
        BestOfN(agent=agent, judge=Stated(model=model), n=1), view, Cue(seat="alice", round=1, words=6)
    )
    assert speech.scores == (1.0,) and STAND_IN in calls[0].request and "line 1" not in calls[0].request


def test_the_stand_in_is_for_those_who_have_not_spoken_in_the_round() -> None:
    turns = tuple(Said(seat=seat, round=1, text=seat, private="secret") for seat in ("alice", "bob"))
    later = (*turns, Said(seat="alice", round=2, text="again", after=2))
    said = Said(seat="bob", round=2, text="mine")
    for heard, wanted in ((turns, [STAND_IN, "mine"]), (later, ["again", "mine"])):
        shown = rehearsed(VIEW.model_copy(update={"seat": "bob", "turns": heard}), Cue(seat="bob", round=2), said)
        assert [turn.text for turn in shown.turns] == ["alice", "bob", *wanted]
        assert not any(turn.private for turn in shown.turns)


def test_what_is_no_argument_is_not_drafted() -> None:
    speech, calls = spoken(best(), cue=Cue(seat="alice", round=1, act="ask"))
    assert len(calls) == 1 and speech.scores == ()


def test_draws_are_recorded_together_and_end_with_the_block() -> None:
    async def seeds() -> list[Any]:
        async with Wire() as wire:
            with recording() as calls:
                for number in (0, 1, 2):
                    with drawing(number):
                        await wire.complete(Dice(), [], Sampling(temperature=1, seed=1))
                await wire.complete(Dice(), [], Sampling(temperature=1, seed=1))
            return [call.reply for call in calls]

    first, second, third, last = asyncio.run(seeds())
    assert first == last and len({first, second, third}) == 3


CRITIC = Model(otherwise="Say a number.")


def refiner(critic: Model = CRITIC, **fields: Any) -> CritiqueAndRefine:
    return CritiqueAndRefine(agent=Debater(model=Dice()), judge=Reader(), critic=critic, **fields)


def test_the_best_of_draft_and_refinements_is_spoken() -> None:
    speech, calls = spoken(refiner(Dice(), critiques=3, refinements=2))
    numbers = [int(n) for call in calls[-4:] for n in re.findall(r"\d+", call.reply)]
    draft = int(re.findall(r"\d+", calls[0].reply)[0])
    assert len(calls) == 1 + 3 + 3 + 1 and len(speech.scores) == 5
    assert drafted(speech) == max([draft, *numbers])


def test_the_critic_reads_the_draft_and_the_refiner_reads_the_critique() -> None:
    _, calls = spoken(refiner(critiques=1, refinements=1))
    draft, critique, refined = calls
    assert re.findall(r"Draft \d+", draft.reply)[0] in critique.request
    assert "that the right answer is: Mira" in critique.request and "| Say a number." in refined.request
    against = VIEW.model_copy(update={"seat": "critic", "sides": {"alice": 0}})
    assert "that this answer is not right: Mira" in spoken(refiner(), against)[1][1].request


def test_without_a_critique_that_can_be_read_the_draft_is_spoken() -> None:
    speech, calls = spoken(refiner(Model(otherwise=" ")))
    assert speech.text == spoken(Debater(model=Dice()))[0].text and len(speech.scores) == 1
    assert len(calls) == 5
