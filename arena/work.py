"""Plays one match and has it judged: the referee. Knows no store and no cluster, and says what happened as it happens.

Only the referee turns what an agent says into a turn: forged marks removed, cut at the limit, quotes checked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import SerializeAsAny

from arena.agent import Agent
from arena.cache import Kept
from arena.errors import ArenaError, CallError, ConfigError, LimitError, Unreadable
from arena.judge import Judge
from arena.match import Failure, Match, Ruling, ruling
from arena.moves import normalised, settle
from arena.nouns import Case, Cue, Speech, Turn, View
from arena.outcome import noted
from arena.plugin import Frozen, key
from arena.protocol import due
from arena.provider import Call, total
from arena.quotes import check, cut, strip_marks
from arena.wire import recording

EVERY = -1
"""Every round but the last."""


class Ask(Frozen):
    """A ruling that is wanted."""

    judge: SerializeAsAny[Judge]
    order: int
    round: int = 0
    """After which round: 0 is the verdict on the whole transcript, any other a belief on the way. EVERY stands for as
    many as there will be, in a match that is yet to be played."""

    @cached_property
    def key(self) -> str:
        """The judge's name in the store."""
        return key(self.judge)


class Reply(NamedTuple):
    """A reply in the ledger."""

    seat: str
    """As in an event: who asked."""
    key: str
    """The call's content key."""
    kept: Kept


class Job(Frozen):
    """A match, what is already there of it, and the rulings that are wanted."""

    match: Match
    turns: tuple[Turn, ...] = ()
    asks: tuple[Ask, ...] = ()
    replies: tuple[Reply, ...] = ()
    """That were paid for, and have not become a turn or a ruling yet: whoever plays on need not ask again."""


class Event(Frozen):
    """Something that happened in a match: a call, turns of a round, a ruling, a failure, or its end."""

    match: str
    turns: tuple[Turn, ...] = ()
    over: bool = False
    """The last turn has been spoken."""
    arm: str = ""
    """With the last turn: the match's arm, which may have depended on what was said."""
    ruling: Ruling | None = None
    failure: Failure | None = None
    calls: tuple[Call, ...] = ()
    seat: str = ""
    """Whose calls they are; a judge goes by the word judge and its key."""
    stop: str = ""
    """The configuration cannot work: the message, for the whole run."""
    short: bool = False
    """A limit of the run has been reached: the match goes on another time."""
    ended: bool = False
    """Nothing more will happen in it."""


Tell = Callable[[Event], None]


async def play(job: Job, tell: Tell) -> None:
    """Play what is left of the match and ask for the rulings; tell of each call as it ends, each round and ruling."""
    try:
        turns = await _transcript(job, tell)
        if turns is not None:
            asks = [one for ask in job.asks for one in _each(ask, job.match.rounds(turns))]
            await asyncio.gather(*(_decide(job.match, ask, turns, tell) for ask in asks))
    except Exception as error:
        tell(_failed(job.match, error, [], {"stage": "speak"}))
    tell(Event(match=job.match.key, ended=True))


async def _transcript(job: Job, tell: Tell) -> list[Turn] | None:
    """The whole transcript; None where it cannot be completed."""
    turns, case = list(job.turns), job.match.case()
    while True:
        step = due(job.match.protocol, case, turns)
        if not step.cues:
            return turns
        events = await asyncio.gather(*(_speak(job.match, case, cue, step.heard, tell) for cue in step.cues))
        turns += [turn for event in events for turn in event.turns]
        broken = not all(event.turns for event in events)
        end = None if broken else _end(job.match, turns)
        for event in events[:-1]:
            tell(event)
        tell(events[-1].model_copy(update=end if isinstance(end, dict) else {}))
        if isinstance(end, Event):
            tell(end)
        if broken or isinstance(end, Event):
            return None


def _end(match: Match, turns: Sequence[Turn]) -> dict[str, Any] | Event:
    """What the last event of a finished match says; a fault in the protocol is a failure of this match alone."""
    try:
        return {"over": True, "arm": match.arm(turns)} if match.over(turns) else {}
    except Exception as error:
        return _failed(match, error, [], {"stage": "speak"})


def turn(cue: Cue, speech: Speech, view: View, passage: str | None, after: int, published: bool = False) -> Turn:
    """Make a turn of what was said, by the arena's rules and not by the speaker's (`arena.outcome` lists them).

    What was published elsewhere is not cut, and may be empty. Raises Unreadable for any other empty turn and for a move
    that cannot be read.
    """
    text, forged = strip_marks(speech.text)
    cleaned = [strip_marks(claim) for claim in speech.claims]
    stripped = {"text": text.strip(), "claims": tuple(claim.strip() for claim, _ in cleaned)}
    settled = settle(cue, speech.model_copy(update=stripped), view.answers)
    said, shortened = (settled, False) if published else _limited(cue, settled, view)
    if not (said.text or published):
        raise Unreadable("an empty turn")
    sided = cue.seat in view.sides and cue.act in {"argue", "answer"}
    seen = noted(said.text, view.answers, view.sides[cue.seat]) if sided else ()
    return Turn(
        **said.model_dump(include={"p", "choice", "claims", "text", "private", "scores"}),
        seat=cue.seat,
        round=cue.round,
        act=cue.act,
        to=cue.to,
        quotes=check(said.text, passage),
        after=after,
        cue=cue,
        cut=shortened,
        forged=forged + sum(count for _, count in cleaned),
        outcomes=tuple(dict.fromkeys(speech.outcomes + seen)),
    )


def _limited(cue: Cue, said: Speech, view: View) -> tuple[Speech, bool]:
    """The speech within the cue's words, each statement of a claim within its share, and whether that cut anything.

    A belief and a choice have the arena's own words and no limit.
    """
    if cue.act in {"believe", "choose"}:
        return said, False
    if cue.act == "claim":
        parts = [cut(claim, max(1, cue.words // cue.most)) for claim in said.claims]
        claims = tuple(claim for claim, _ in parts)
        return settle(cue, said.model_copy(update={"claims": claims}), view.answers), any(short for _, short in parts)
    public, shortened = cut(said.text, cue.words)
    return said.model_copy(update={"text": public}), shortened


def _sink(match: Match, seat: str, tell: Tell) -> Callable[[Call], None]:
    return lambda call: tell(Event(match=match.key, seat=seat, calls=(call,)))


async def _speak(match: Match, case: Case, cue: Cue, heard: tuple[Turn, ...], tell: Tell) -> Event:
    agent: Agent = match.agents[cue.seat]
    with recording(match.sample, _sink(match, cue.seat, tell)) as calls:
        try:
            view = match.protocol.view(cue.seat, case, heard)
            speech = await agent.speak(view, cue)
            said = turn(cue, speech, view, case.passage, len(heard))
            if why := match.protocol.refuses(case, said):
                raise Unreadable(why)
        except Exception as error:
            fault: dict[str, Any] = {"stage": "speak", "seat": cue.seat}
            return _failed(match, error, calls, fault)
    return Event(match=match.key, turns=(said.model_copy(update={"usage": total(calls)}),))


def _each(ask: Ask, rounds: tuple[int, ...]) -> list[Ask]:
    """The ask itself, or one for every round that was played."""
    return [ask.model_copy(update={"round": number}) for number in rounds] if ask.round == EVERY else [ask]


async def _decide(match: Match, ask: Ask, turns: list[Turn], tell: Tell) -> None:
    tell(await _decided(match, ask, turns, tell))


async def _decided(match: Match, ask: Ask, turns: list[Turn], tell: Tell) -> Event:
    asked = {"judge": ask.key, "order": ask.order, "round": ask.round}
    with recording(match.sample, _sink(match, f"judge {ask.key}", tell)) as calls:
        try:
            heard = match.until(turns, ask.round) if ask.round else turns
            view: View = match.verdict_view(heard, ask.order)
            verdict = await ask.judge.decide(view)
            if len(verdict.p) != len(view.answers):
                raise Unreadable(f"{len(verdict.p)} probabilities for {len(view.answers)} answers")
            verdict = verdict.model_copy(update={"p": normalised(verdict.p)})
            read = ruling(match, ask.key, ask.order, verdict, total(calls))
            decided = read.model_copy(update={"round": ask.round})
        except Unreadable as error:
            decided = Ruling(match=match.key, **asked, state="unreadable", reason=str(error), usage=total(calls))
        except Exception as error:
            return _failed(match, error, calls, {"stage": "believe" if ask.round else "decide", **asked})
    return Event(match=match.key, ruling=decided)


def _failed(match: Match, error: Exception, calls: list[Call], fault: dict[str, Any]) -> Event:
    """What went wrong, as data: exceptions of libraries do not survive the way between processes."""
    if isinstance(error, LimitError):
        return Event(match=match.key, short=True)
    kind, passing = _kind(error)
    message = str(error) if isinstance(error, ArenaError) else f"{type(error).__name__}: {error}"
    failure = Failure(match=match.key, kind=kind, message=message, passing=passing, usage=total(calls), **fault)
    stop = message if isinstance(error, ConfigError) else ""
    return Event(match=match.key, failure=failure, stop=stop)


def _kind(error: Exception) -> tuple[str, bool]:
    """The failure's kind, and whether the next run tries again: always, but where the model would answer the same."""
    if isinstance(error, CallError):
        return error.kind, True
    return ("unreadable", False) if isinstance(error, Unreadable) else ("error", True)
