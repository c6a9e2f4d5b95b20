"""A language model that asks questions from the judge's seat between the rounds of a consultancy."""

from __future__ import annotations

from pydantic import Field

from arena.agent import Agent
from arena.errors import Unreadable
from arena.nouns import Cue, Speech, View
from arena.prompt import Prompt, case, fill, lettered, load, transcript
from arena.provider import Message, Model, Sampling, scripted
from arena.wire import complete


class Questioner(Agent):
    """Give it the judge's own model: it sees what the judge sees and no more."""

    model: Model = Field(default_factory=scripted)
    prompt: Prompt = Field(default_factory=lambda: load("questioner"))
    temperature: float = Field(default=0.0, ge=0)

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Ask one question. Raises Unreadable for an empty one."""
        text = fill(
            self.prompt,
            "ask",
            case=case(view),
            answers=lettered(view),
            transcript=transcript(view),
            words=cue.words,
        )
        sampling = Sampling(temperature=self.temperature, max_tokens=4 * cue.words)
        completion = await complete(self.model, [Message(role="user", content=text)], sampling)
        if not completion.text.strip():
            raise Unreadable(f"an empty question ({completion.finish})")
        return Speech(text=completion.text.strip(), private=completion.text)
