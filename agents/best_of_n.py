"""Drafts a turn n times with any agent and speaks the draft that a judge finds most convincing."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from arena.agent import Agent
from arena.draft import ARGUED, drawn, kept, readable, target, weighed
from arena.judge import Judge
from arena.nouns import Cue, Speech, View


class BestOfN(Agent):
    """Best-of-n as in Khan 2024: a draft's score is the judge's probability of the answer that the seat argues for.

    The judge sees the draft as the judge's seat would, with a neutral stand-in for what opponents say in that round.
    All scores stay with the turn, so that `arena.best` gives the curve for every smaller n; fewer than n scores mean
    that the other drafts or their verdicts could not be read. Deviations: any judge scores, in the order shown (a
    `token` judge asks in both with `orders = "both"`); a seat without a side, such as a critic, is scored by the
    probability that the one answer argued for is not right. Statements, choices, questions and beliefs are not
    drafted: the first is passed on.
    """

    agent: SerializeAsAny[Agent] = Field(default_factory=lambda: Agent.model_validate("debater"))
    """Who drafts; at temperature 0 all drafts are one."""
    judge: SerializeAsAny[Judge] = Field(default_factory=lambda: Judge.model_validate("token"))
    """Who scores. Where it also rules on the transcript, its ruling is what was optimised."""
    n: int = Field(default=4, ge=1)

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Raises Unreadable where no draft could be read and scored, ConfigError for a seat with nothing to win."""
        if cue.act not in ARGUED:
            return await self.agent.speak(view, cue)
        target(view)
        drafts = await readable(drawn(self.agent, view, cue, i) for i in range(self.n))
        return kept(drafts, await weighed(self.judge, view, cue, drafts))
