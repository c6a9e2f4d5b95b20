"""Argues for the answer that it believes itself, where its seat is given none."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from arena.agent import Agent
from arena.moves import settle
from arena.nouns import Cue, Outcome, Speech, View


class Open(Agent):
    """The open choice of Kenton 2024, made by the agent, for protocols that do not ask for a belief themselves.

    A seat without a side argues for the answer that its agent finds most probable on reading question and passage, told
    of no side and of no turn; of equal ones the first by the alphabet. The belief is asked for at temperature 0 in the
    same words at every turn, so that the response cache answers all but the first. A seat with a side argues for that
    side, unless `always`.
    Deviation: the protocol does not know what was chosen, so neither the judge nor the match's arm does. Where that
    matters, the open protocols, in which the belief is a turn, are the ones to play.
    """

    agent: SerializeAsAny[Agent] = Field(default_factory=lambda: Agent.model_validate("debater"))
    always: bool = False
    """Argue for the belief even against the side assigned: such a turn is noted as off-side."""

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Raises Unreadable for a belief or a speech that cannot be read."""
        assigned = view.sides.get(view.seat)
        if cue.act == "believe" or (assigned is not None and not self.always):
            return await self.agent.speak(view, cue)
        belief = await self._belief(view)
        sided = view.model_copy(update={"sides": {**view.sides, view.seat: belief}})
        speech = await self.agent.speak(sided, cue)
        off: tuple[Outcome, ...] = ("off-side",) if assigned not in (None, belief) else ()
        return speech.model_copy(update={"outcomes": tuple(dict.fromkeys(speech.outcomes + off))})

    async def _belief(self, view: View) -> int:
        """Index of the answer believed."""
        cue = Cue(seat=view.seat, round=1, act="believe")
        alone = view.model_copy(update={"sides": {}, "turns": ()})
        p = settle(cue, await self.agent.speak(alone, cue), view.answers).p
        return min(range(len(p)), key=lambda i: (-p[i], view.answers[i]))
