from __future__ import annotations

import asyncio
import contextlib
import json
import math

import pytest
from lab import decided
from server import Server

from agents.models.openai import OpenAI
from agents.models.scripted import Scripted as Model
from arena.errors import CallError, Unreadable
from arena.nouns import JUDGE, View
from arena.wire import Wire, recording
from judges.panel import Panel
from judges.reasoned import Reasoned
from judges.sampled import Sampled
from judges.stated import Stated

VIEW = View(seat=JUDGE, question="Who?", answers=("x", "y"))


def saying(*a: float | str) -> tuple[Stated, ...]:
    """Members who find the first answer so probable; one who says something else cannot be read."""
    texts = (json.dumps({"A": p, "B": round(1 - p, 6)}) if isinstance(p, float) else p for p in a)
    return tuple(Stated(model=Model(otherwise=text)) for text in texts)


def test_the_mean_is_of_log_odds() -> None:
    odds = math.exp((math.log(0.9 / 0.1) + math.log(0.6 / 0.4) + math.log(0.2 / 0.8)) / 3)
    assert decided(Panel(judges=saying(0.9, 0.6, 0.2))).p == pytest.approx((odds / (1 + odds), 1 / (1 + odds)))


def test_a_member_that_is_certain_does_not_outweigh_the_others() -> None:
    assert decided(Panel(judges=saying(1.0, 0.005, 0.01))).p[0] < 0.5
    assert decided(Panel(judges=saying(1.0, 0.005, 0.01), least=1e-9)).p[0] > 0.5


def test_a_majority_is_the_share_of_votes_and_a_tie_is_shared() -> None:
    verdict = decided(Panel(judges=saying(0.51, 0.6, 0.0, 0.5), rule="majority"))
    assert verdict.p == pytest.approx((2.5 / 4, 1.5 / 4)) and verdict.flags == ()


def test_one_unreadable_member_makes_a_panel_unreadable_unless_there_is_a_quorum() -> None:
    members = saying(0.9, "no idea", 0.9)
    with pytest.raises(Unreadable, match="1 of 3 verdicts cannot be read: no JSON"):
        decided(Panel(judges=members))
    verdict = decided(Panel(judges=members, quorum=2))
    assert verdict.p == pytest.approx((0.9, 0.1)) and verdict.flags == ("1 of 3 unreadable",)
    with pytest.raises(Unreadable, match="2 of 3"):
        decided(Panel(judges=saying(0.9, "no", "no"), quorum=2))


def test_a_quorum_beyond_the_members_is_refused() -> None:
    with pytest.raises(ValueError, match="a quorum of 4 in a panel of 3"):
        Panel(quorum=4)
    with pytest.raises(ValueError, match="a quorum of 6 of 5 draws"):
        Sampled(quorum=6)


def test_a_member_that_does_not_answer_is_a_failure_and_no_verdict(server: Server) -> None:
    server.faults.append("500")
    away = Stated(model=OpenAI(base_url=server.url, model="tiny", key_env=None, retries=0))
    with pytest.raises(CallError):
        decided(Panel(judges=(*saying(0.9), away), quorum=1))


def test_every_draw_of_a_sampled_judge_is_a_fresh_one_and_the_same_again(server: Server) -> None:
    judge = Sampled(judge=Reasoned(model=OpenAI(base_url=server.url, model="tiny", key_env=None)), draws=4)

    async def seeds(sample: int) -> list[int]:
        with recording(sample) as calls, contextlib.suppress(Unreadable):
            await judge.decide(VIEW)
        return sorted(json.loads(call.request)["seed"] for call in calls)

    async def run() -> list[list[int]]:
        async with Wire():
            return [await seeds(sample) for sample in (0, 0, 1)]

    first, again, other = asyncio.run(run())
    assert first == again and len(set(first)) == 4 and not set(first) & set(other)
    assert {json.loads(body)["temperature"] for body in server.bodies} == {0.7}


def test_self_consistency_is_the_share_of_draws() -> None:
    judge = Reasoned(model=Model(otherwise="Verdict: B\nConfidence: 60%"))
    assert decided(Sampled(judge=judge)).p == (0, 1)
    assert decided(Sampled(judge=judge, rule="mean")).p == pytest.approx((0.4, 0.6))
