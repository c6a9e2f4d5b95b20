"""Drafts a turn, has it criticised, refines it, and speaks the version that a judge finds most convincing."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny

from arena.agent import Agent
from arena.draft import ARGUED, drawn, kept, public, readable, target, weighed
from arena.errors import Unreadable
from arena.judge import Judge
from arena.nouns import Cue, Said, Speech, View
from arena.plugin import key
from arena.prompt import Prompt, bare, case, fenced, fill, heard, load
from arena.provider import Message, Model, Sampling, scripted
from arena.quotes import marked
from arena.wire import complete, drawing


class CritiqueAndRefine(Agent):
    """Critique-and-refine as in Khan 2024: draft, critiques, the most helpful one, refinements, the best of all.

    Deviation: a critique is as helpful as the turn that it leads to is convincing, so each is refined with once; in
    the paper a model prefers among the critiques' texts. The score is that of `best_of_n`, for the draft as well: a
    refinement that is worse than the draft is not spoken. Only arguments and answers are refined.
    """

    agent: SerializeAsAny[Agent] = Field(default_factory=lambda: Agent.model_validate("debater"))
    """Who drafts and refines: it must follow a cue's task."""
    judge: SerializeAsAny[Judge] = Field(default_factory=lambda: Judge.model_validate("token"))
    """Who scores."""
    critic: Model = Field(default_factory=scripted)
    """Criticises the drafts; it reads what the seat reads."""
    prompt: Prompt = Field(default_factory=lambda: load("critique_and_refine"))
    critiques: int = Field(default=4, ge=1)
    refinements: int = Field(default=2, ge=1)
    """With the most helpful critique, the one that showed it to be so included."""
    temperature: float = Field(default=0.7, ge=0)
    """Of the critic."""
    max_tokens: int = Field(default=300, ge=16)
    """Of a critique."""

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Raises Unreadable for a draft that cannot be read; critiques and refinements that cannot be are left out."""
        if cue.act not in ARGUED:
            return await self.agent.speak(view, cue)
        target(view)
        draft = await self.agent.speak(view, cue)
        said = public(view, cue, draft)
        criticised = await readable(self._critique(view, said, i) for i in range(self.critiques))
        cues = [self._again(cue, said, text) for text in dict.fromkeys(t for t in criticised if isinstance(t, str))]
        speeches: list[Speech | Unreadable] = [draft, *await readable(self.agent.speak(view, one) for one in cues)]
        scores = await weighed(self.judge, view, cue, speeches)
        rated = [(score, i) for i, score in enumerate(scores[1:]) if not isinstance(score, Unreadable)]
        if rated:
            helpful = cues[max(rated, key=lambda pair: (pair[0], -pair[1]))[1]]
            more = await readable(drawn(self.agent, view, helpful, i) for i in range(1, self.refinements))
            speeches += more
            scores += await weighed(self.judge, view, cue, more)
        return kept(speeches, scores)

    async def _critique(self, view: View, said: Said, number: int) -> str:
        answer, own = target(view)
        parts = [
            fill(self.prompt, "case", case=case(view), answers=bare(view)),
            *([fill(self.prompt, "heard", heard=heard(view.turns))] if view.turns else []),
            fill(self.prompt, "for" if own else "against", answer=view.answers[answer]),
            fill(self.prompt, "critique", draft=fenced(marked(said))),
        ]
        seed = int(key(view, said)[:7], 16)
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens, seed=seed)
        with drawing(number):
            reply = await complete(self.critic, [Message(role="user", content="\n\n".join(parts))], sampling)
        if not reply.text.strip():
            raise Unreadable(f"an empty critique ({reply.finish})")
        return reply.text.strip()

    def _again(self, cue: Cue, said: Said, critique: str) -> Cue:
        """The cue for a refinement: what it asked for, and the draft with what is wrong with it."""
        refine = fill(self.prompt, "refine", draft=fenced(marked(said)), critique=fenced(critique))
        return cue.model_copy(update={"task": "\n\n".join(filter(None, (cue.task, refine)))})
