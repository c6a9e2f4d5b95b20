"""A probability for each answer, stated as JSON."""

from __future__ import annotations

import json
import re

from pydantic import Field

from arena.errors import Unreadable
from arena.moves import normalised
from arena.nouns import Verdict, View
from arena.prompt import Prompt, load
from arena.provider import Sampling
from arena.verdict import Asked, Example, ask, letters, seed
from arena.wire import complete


class Stated(Asked):
    """The model says how probable each answer is; numbers that do not sum to 1 within 0.01 are unreadable."""

    prompt: Prompt = Field(default_factory=lambda: load("stated"))
    max_tokens: int = Field(default=100, ge=8)
    temperature: float = Field(default=0.0, ge=0)

    async def _once(self, view: View) -> Verdict:
        """Raises Unreadable for anything but one JSON object with a probability for every letter."""
        wanted = letters(view)
        sampling = Sampling(
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=seed(view, self.temperature),
            json_schema=_schema(wanted),
        )
        completion = await complete(self.model, self.messages(view), sampling)
        return _read(completion.text, wanted)

    def _ask(self, view: View) -> str:
        return ask(self.prompt, view, letters=", ".join(f'"{letter}"' for letter in letters(view)))

    def _told(self, example: Example) -> str:
        rest = (100 - example.sure) / (len(example.view.answers) - 1)
        wanted = letters(example.view)
        return json.dumps({letter: (example.sure if letter == example.letter else rest) / 100 for letter in wanted})


def _schema(wanted: str) -> dict[str, object]:
    numbers = {letter: {"type": "number"} for letter in wanted}
    return {"type": "object", "properties": numbers, "required": list(wanted), "additionalProperties": False}


def _read(text: str, wanted: str) -> Verdict:
    stated = {p for part in re.findall(r"\{[^{}]*\}", text) if (p := _numbers(part, wanted))}
    if len(stated) != 1:
        number = f"{len(stated)} different objects of" if stated else "no"
        raise Unreadable(f"{number} JSON with a probability for each of {', '.join(wanted)}: {text[:120]!r}")
    return Verdict(p=normalised(stated.pop()), reason=text.strip())


def _numbers(text: str, wanted: str) -> tuple[float, ...]:
    """The numbers of a JSON object by letter; none where one is missing or not a number."""
    try:
        stated = json.loads(text)
        if any(isinstance(stated[letter], bool) for letter in wanted):
            return ()
        return tuple(float(stated[letter]) for letter in wanted)
    except (ValueError, KeyError, TypeError, OverflowError):
        return ()
