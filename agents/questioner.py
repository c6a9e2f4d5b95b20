"""The judge's seat where a protocol lets the judge speak: asks questions, states beliefs, chooses."""

from __future__ import annotations

import json

from pydantic import Field, SerializeAsAny

from arena.agent import Agent
from arena.errors import Unreadable
from arena.judge import Judge
from arena.nouns import Cue, Speech, View
from arena.prompt import Prompt, case, fill, inert, lettered, load, title, transcript
from arena.provider import Message, Model, Sampling, scripted
from arena.wire import complete


class Questioner(Agent):
    """It sees what the judge sees and no more. Where an experiment casts nobody for it, its first judge sits there."""

    model: Model = Field(default_factory=scripted)
    """Asks and chooses: give it the judge's own."""
    judge: SerializeAsAny[Judge] | None = None
    """States the beliefs; none: a `token` judge with the same model."""
    prompt: Prompt = Field(default_factory=lambda: load("questioner"))
    temperature: float = Field(default=0.0, ge=0)

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Ask one question, state a belief or choose. Raises Unreadable for what cannot be used."""
        if cue.act == "believe":
            judge = self.judge or Judge.model_validate({"use": "token", "model": self.model})
            verdict = await judge.decide(view)
            return Speech(p=verdict.p, private=verdict.reason)
        if cue.act == "choose":
            return await self._choose(view, cue)
        sampling = Sampling(temperature=self.temperature, max_tokens=4 * cue.words)
        return Speech(**await self._said(self._asked(view, cue), sampling))

    def _asked(self, view: View, cue: Cue) -> str:
        told = {"case": case(view), "answers": lettered(view), "transcript": transcript(view), "words": cue.words}
        to = {"to": title(cue.to)} if cue.to else {}
        text = fill(self.prompt, "ask one" if to else "ask", **to, **told)
        return f"{text}\n\n{inert(cue.task)}" if cue.task else text

    async def _choose(self, view: View, cue: Cue) -> Speech:
        options = "\n".join(f"{i}. {inert(option)}" for i, option in enumerate(cue.options, start=1))
        told = {"case": case(view), "answers": lettered(view), "transcript": transcript(view)}
        schema = {"type": "integer", "enum": list(range(1, len(cue.options) + 1))}
        wanted = {
            "type": "object",
            "properties": {"choice": schema},
            "required": ["choice"],
            "additionalProperties": False,
        }
        sampling = Sampling(temperature=self.temperature, max_tokens=30, json_schema=wanted)
        said = await self._said(fill(self.prompt, "choose", options=options, **told), sampling)
        try:
            return Speech(choice=int(json.loads(said["text"])["choice"]) - 1, private=said["private"])
        except (ValueError, KeyError, TypeError):
            raise Unreadable(f"not the JSON asked for: {said['text'][:120]!r}") from None

    async def _said(self, text: str, sampling: Sampling) -> dict[str, str]:
        completion = await complete(self.model, [Message(role="user", content=text)], sampling)
        if not completion.text.strip():
            raise Unreadable(f"an empty question ({completion.finish})")
        return {"text": completion.text.strip(), "private": completion.text}
