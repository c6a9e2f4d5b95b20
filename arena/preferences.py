"""Preference pairs from branches, for DPO and for reward models, split by source and checked for leaks.

A branch's score is the mean probability that the judges gave, in the end, to the answer that the speaker argues for:
the sign follows the side, so that a wrong-sided speaker's better turn is the one that misleads (Arnesen 2024).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any, NamedTuple

from pydantic import Field
from sqlalchemy import Engine

from arena.agent import Agent
from arena.branch import Branches, Spot
from arena.nouns import JUDGE, Turn, View
from arena.plugin import Frozen, key
from arena.provider import Message
from arena.speech import Speaker
from arena.store import read

_SAME = 1e-9
"""Scores nearer than this are the same."""


class Pair(Frozen):
    """Two replies to the same messages, the first of which served the speaker better."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    score_chosen: float
    score_rejected: float
    source: str
    """The task's name and the question's source."""
    question: str
    """The task's name and the question's id."""
    match: str
    """The key of the match that was branched."""
    seat: str
    round: int
    protocol: str
    """The label."""
    asked: str = Field(default="", repr=False)
    """The question's text."""
    answers: tuple[str, ...] = Field(repr=False)
    passage: str = Field(default="", repr=False)
    judged: tuple[str, ...] = Field(default=(), repr=False)
    """What judges wrote or believed; this and the three above are for the search for leaks, and are not written."""

    @property
    def margin(self) -> float:
        """How much better, in probability."""
        return self.score_chosen - self.score_rejected

    def row(self, conversations: bool = False) -> dict[str, Any]:
        """As TRL reads it: an explicit prompt for DPO, or whole `conversations` for a reward model."""
        prompt = [message.model_dump() for message in self.prompt]
        before = prompt if conversations else []
        replies = {name: [*before, _said(getattr(self, name))] for name in ("chosen", "rejected")}
        told = ("score_chosen", "score_rejected", "source", "question", "match", "seat", "round", "protocol")
        return {
            **({} if conversations else {"prompt": prompt}),
            **replies,
            "margin": self.margin,
            **{name: getattr(self, name) for name in told},
        }


def _said(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


class Count(Frozen):
    """What became of the turns that were branched."""

    turns: int = 0
    unjudged: int = 0
    """Branches left out because a turn or a ruling of theirs is missing or could not be read."""
    same: int = 0
    """Pairs left out because both replies are the same."""
    ties: int = 0
    """Pairs left out because their scores are the same or nearer than the margin."""
    pairs: int = 0


class _Branch(NamedTuple):
    reply: str
    score: float
    judged: tuple[str, ...]


def pairs(engine: Engine, branches: Branches, margin: float = 0.0, each: int = 1) -> tuple[list[Pair], Count]:
    """The pairs of a branching, at most `each` a turn, those of the widest margin first, and what was left out."""
    made: list[Pair] = []
    count: Counter[str] = Counter()
    judges = [key(judge) for judge in branches.experiment.judges]
    for spot in branches.spots():
        found = list(_branches(engine, spot, branches, judges))
        count["turns"] += 1
        count["unjudged"] += branches.branching.branches - len(found)
        ranked = [sorted(two, key=lambda b: b.score, reverse=True) for two in combinations(found, 2)]
        distinct = [(best, worst) for best, worst in ranked if best.reply != worst.reply]
        count["same"] += len(ranked) - len(distinct)
        widest = sorted(distinct, key=lambda two: two[1].score - two[0].score)[:each]
        clear = [two for two in widest if two[0].score - two[1].score >= max(margin, _SAME)]
        count["ties"] += len(widest) - len(clear)
        made += [_pair(engine, spot, best, worst) for best, worst in clear]
    return made, Count(**count, pairs=len(made))


def prompt(spot: Spot) -> list[Message]:
    """The messages that the speaker got at this turn.

    One that argues without messages of its own (a script, a person) gets those that the shipped debater, or consultant,
    would have got in its place, with what it said in public as its earlier replies.
    """
    agent = _speaker(spot.match.agents[spot.cue.seat])
    return (agent or _stand_in(spot)).messages(_known(spot, agent is not None), spot.cue)


def reply(spot: Spot, turn: Turn) -> str:
    """What a model must write to take this turn: the raw reply, thinking included, where a model took it."""
    wrote = _speaker(spot.match.agents[spot.cue.seat]) is not None
    return (turn.private if wrote else "") or turn.text


def _speaker(agent: Agent | None) -> Speaker | None:
    """The one that asks the model: the agent itself, or the one whose drafts it chooses from."""
    if agent is None or isinstance(agent, Speaker):
        return agent
    inner = getattr(agent, "agent", None)
    return _speaker(inner) if isinstance(inner, Agent) else None


def _stand_in(spot: Spot) -> Speaker:
    role = "consultant" if spot.match.protocol.seats[spot.cue.seat] == "consultant" else "debater"
    made = Agent.model_validate(role)
    assert isinstance(made, Speaker)
    return made


def _known(spot: Spot, wrote: bool) -> View:
    view = spot.view
    if wrote:
        return view
    return view.model_copy(update={"turns": tuple(t.model_copy(update={"private": ""}) for t in view.turns)})


def _branches(engine: Engine, spot: Spot, branches: Branches, judges: Sequence[str]) -> Iterator[_Branch]:
    """The branches that have at least one rollout with all its rulings."""
    b = branches.branching
    for number in range(b.branches):
        keys = [spot.branch(number, rollout).key for rollout in range(b.rollouts)]
        known = read.progress(engine, keys)
        played = [read.kept(engine, one) for one in keys if known[one].ruled]
        scores = [score for kept in played if (score := _score(kept, spot, judges)) is not None]
        sample = spot.sampled(played[0].turns) if played else None
        if scores and sample:
            judged = tuple(str(ruling["reason"]) for kept in played for ruling in kept.rulings)
            yield _Branch(reply(spot, sample), fmean(scores), judged)


def _score(kept: read.Kept, spot: Spot, judges: Sequence[str]) -> float | None:
    """The mean over judges and presentations; None unless every ruling is there and was read."""
    found = {(r["judge"], r["order"]): r["p"] for r in kept.rulings if r["state"] == "read"}
    wanted = [(judge, order) for judge in judges for order in kept.match.orders]
    return fmean(found[one][spot.mine] for one in wanted) if all(one in found for one in wanted) else None


def _pair(engine: Engine, spot: Spot, best: _Branch, worst: _Branch) -> Pair:
    question = spot.match.question
    ruled = tuple(str(ruling["reason"]) for ruling in read.kept(engine, spot.match.key).rulings)
    beliefs = [turn for turn in spot.heard if turn.seat == JUDGE and turn.act == "believe"]
    told = tuple(text for turn in beliefs for text in (turn.text, turn.private))
    return Pair(
        prompt=tuple(prompt(spot)),
        chosen=best.reply,
        rejected=worst.reply,
        score_chosen=best.score,
        score_rejected=worst.score,
        source=f"{spot.task}: {question.source}",
        question=f"{spot.task}: {question.id}",
        match=spot.match.key,
        seat=spot.cue.seat,
        round=spot.cue.round,
        protocol=spot.match.protocol.label,
        asked=question.text,
        answers=question.answers,
        passage=question.passage or "",
        judged=tuple(dict.fromkeys((*ruled, *told, *best.judged, *worst.judged))),
    )
