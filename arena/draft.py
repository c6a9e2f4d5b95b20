"""Drafts: how a judge would take a turn that is not spoken yet, and which of several it would take best."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

from arena.agent import Agent
from arena.errors import ConfigError, Unreadable
from arena.judge import Judge
from arena.nouns import JUDGE, Cue, Said, Speech, View
from arena.wire import drawing
from arena.work import turn

T = TypeVar("T")

ARGUED = frozenset({"argue", "answer"})
"""The acts whose turns move a judge, and so are worth more than one draft."""
STAND_IN = "(This turn is not shown yet.)"
"""In place of what another seat says at the same time: neutral, and the same for every seat."""


def target(view: View) -> tuple[int, bool]:
    """The answer that the seat's drafts are scored by, and whether the seat is for it or against it.

    A seat with a side is for its own answer; one without, such as a critic, is against the only answer that is argued
    for. Raises ConfigError where there is no such answer or more than one.
    """
    if view.seat in view.sides:
        return view.sides[view.seat], True
    argued = {seat: side for seat, side in view.sides.items() if seat != JUDGE}
    if len(argued) != 1:
        told = f"{len(argued)} others argue for one ({', '.join(argued) or 'nobody'})"
        raise ConfigError(
            f"the seat {view.seat!r} argues for no answer and {told}: drafts can be scored where the protocol gives "
            "the seat a side, or exactly one other seat; cast an agent without drafts for it"
        )
    return next(iter(argued.values())), False


def public(view: View, cue: Cue, speech: Speech) -> Said:
    """The draft as the others would read it, by the referee's rules. Raises Unreadable.

    A seat that does not read the passage cannot have its quotes checked: they are shown as unverified.
    """
    return turn(cue, speech, view, view.passage, len(view.turns)).said(own=False)


def rehearsed(view: View, cue: Cue, said: Said) -> View:
    """What the judge's seat would see of the draft: the turns so far and this round, nothing private, no passage.

    Another seat with a side that has not spoken in this round is there with the stand-in, whether it speaks at the same
    time or later, so that the draft is not favoured by standing alone. What the protocol tells the judge of its rules
    an agent does not know.
    """
    past = [one.model_copy(update={"private": "", "cue": None}) for one in view.turns if one.act != "believe"]
    spoken = {one.seat for one in past if (one.round, one.act) == (cue.round, cue.act)}
    now = {
        seat: Said(seat=seat, round=cue.round, act=cue.act, text=STAND_IN, after=said.after)
        for seat in view.sides
        if seat not in spoken | {JUDGE}
    }
    turns = (*past, *{**now, view.seat: said}.values())
    return view.model_copy(update={"seat": JUDGE, "passage": None, "turns": turns})


async def readable(tries: Iterable[Awaitable[T]]) -> list[T | Unreadable]:
    """What came of each, together; a fault that is not in the reply is raised when all have ended."""
    found: list[T | Unreadable] = []
    for result in await asyncio.gather(*tries, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, Unreadable):
            raise result
        found.append(result)
    return found


async def drawn(agent: Agent, view: View, cue: Cue, draft: int) -> Speech:
    """One draft of several, each another draw."""
    with drawing(draft):
        return await agent.speak(view, cue)


async def weighed(
    judge: Judge, view: View, cue: Cue, drafts: Sequence[Speech | Unreadable]
) -> list[float | Unreadable]:
    """The score of each draft: the judge's probability of the seat's answer, or of any but the one it is against.

    The same draft twice is scored once. A draft or a verdict that cannot be read has no score.
    """
    answer, own = target(view)

    async def score(said: Said) -> float:
        verdict = await judge.decide(rehearsed(view, cue, said))
        if len(verdict.p) != len(view.answers):
            raise Unreadable(f"{len(verdict.p)} probabilities for {len(view.answers)} answers")
        return verdict.p[answer] if own else 1 - verdict.p[answer]

    shown = [_shown(view, cue, draft) for draft in drafts]
    distinct = list(dict.fromkeys(said for said in shown if isinstance(said, Said)))
    scores = dict(zip(distinct, await readable(map(score, distinct)), strict=True))
    return [scores[said] if isinstance(said, Said) else said for said in shown]


def _shown(view: View, cue: Cue, draft: Speech | Unreadable) -> Said | Unreadable:
    try:
        return draft if isinstance(draft, Unreadable) else public(view, cue, draft)
    except Unreadable as error:
        return error


def kept(drafts: Sequence[Speech | Unreadable], scores: Sequence[float | Unreadable]) -> Speech:
    """The draft with the highest score, the first of those that tie, with every score. Raises Unreadable for none."""
    pairs = [
        (score, draft)
        for draft, score in zip(drafts, scores, strict=True)
        if isinstance(draft, Speech) and not isinstance(score, Unreadable)
    ]
    if not pairs:
        last = next((fault for fault in reversed(scores) if isinstance(fault, Unreadable)), "there is none")
        raise Unreadable(f"none of {len(drafts)} drafts could be read and scored: {last}")
    best = max(score for score, _ in pairs)
    chosen = next(draft for score, draft in pairs if score == best)
    return chosen.model_copy(update={"scores": tuple(score for score, _ in pairs)})
