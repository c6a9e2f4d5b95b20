"""How a language model speaks: messages that only ever grow, quotes chosen or free, replies read or refused.

A later turn's messages extend the earlier turn's byte for byte, so that a server with a prefix cache reads the passage
once. Agents that argue differ in their prompts and in nothing else.
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import Field

from arena import plugin
from arena.agent import Agent
from arena.errors import Unreadable
from arena.nouns import Cue, Said, Speech, View
from arena.prompt import Prompt, bare, case, fill
from arena.provider import Completion, Message, Model, Sampling
from arena.quotes import marked
from arena.wire import complete

_SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n+")
_WORD = re.compile(r"\w+")
_THOUGHT = re.compile(
    r"\A(?:(?!<think(?:ing)?>).)*</think(?:ing)?>|<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE
)
_THINKS = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_ARGUMENT = re.compile(r".*<argument>(.*?)(?:</argument>|\Z)", re.DOTALL | re.IGNORECASE)


class Speaker(Agent):
    """A language model that argues for the answer its seat defends."""

    model: Model
    prompt: Prompt
    temperature: float = Field(default=0.7, ge=0)
    quotes: Literal["free", "chosen"] = "free"
    """`free`: the model writes its quotes, which are then checked. `chosen`: it picks a sentence of the passage from a
    list that the server enforces, so that the quote cannot be false; for small models."""
    candidates: int = Field(default=40, ge=1)
    """With `chosen`: how many sentences to choose from, those that share most words with question and answer."""
    max_tokens: int = Field(default=600, ge=16)

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Argue. Raises Unreadable for an empty argument or broken JSON; CallError where no reply came."""
        sampling = Sampling(
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=_seed(view, cue),
            json_schema=self._schema(view, cue),
        )
        completion = await complete(self.model, self.messages(view, cue), sampling)
        read = _chosen if self.quotes == "chosen" and view.passage else _free
        return Speech(text=read(completion), private=completion.text)

    def messages(self, view: View, cue: Cue) -> list[Message]:
        """The chat so far, from this seat's side, ending with what the cue asks."""
        own = [turn for turn in view.turns if turn.seat == view.seat]
        heard = [*(turn.after for turn in own), len(view.turns)]
        rounds = [*(turn.round for turn in own), cue.round]
        chat = [Message(role="user", content=self._opening(view, cue))]
        for i, turn in enumerate(own):
            news = [t for t in view.turns[heard[i] : heard[i + 1]] if t.seat != view.seat]
            chat.append(Message(role="assistant", content=turn.private or turn.text))
            chat.append(Message(role="user", content=self._reply(news, rounds[i + 1])))
        return chat

    def _opening(self, view: View, cue: Cue) -> str:
        parts = [
            fill(self.prompt, "case", case=case(view), answers=bare(view)),
            fill(self.prompt, "role", mine=view.mine, words=cue.words),
            fill(self.prompt, "chosen" if self.quotes == "chosen" and view.passage else "free"),
            fill(self.prompt, "opening"),
        ]
        return "\n\n".join(parts)

    def _reply(self, news: list[Said], now: int) -> str:
        """What the others said since the own last turn, and the task of round `now`."""
        section = "answer" if any(t.act == "ask" for t in news) else "rebuttal"
        return fill(self.prompt, section, heard="\n".join(marked(t) for t in news), round=now)

    def _schema(self, view: View, cue: Cue) -> dict[str, Any] | None:
        if self.quotes == "free" or not view.passage:
            return None
        quote = {"type": "string", "enum": candidates(view, self.candidates)}
        argument = {"type": "string", "minLength": 20, "maxLength": cue.words * 6}
        fields = {"quote": quote, "argument": argument}
        return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def candidates(view: View, most: int) -> list[str]:
    """The sentences of the passage that share most words with the question and the own answer, in their own order."""
    sentences = list(dict.fromkeys(s.strip() for s in _SENTENCE.split(view.passage or "") if len(s.split()) > 1))
    wanted = {word.casefold() for word in _WORD.findall(f"{view.question} {view.mine}") if len(word) > 3}

    def shared(sentence: str) -> int:
        return len(wanted & {word.casefold() for word in _WORD.findall(sentence)})

    best = set(sorted(sentences, key=shared, reverse=True)[:most])
    return [s for s in sentences if s in best] or ["(nothing to quote)"]


def _seed(view: View, cue: Cue) -> int:
    """A sampling seed from all that the speaker knows: the same turn is asked for in the same words and drawn alike."""
    return int(plugin.key(view, cue)[:7], 16)


def _free(completion: Completion) -> str:
    """What is for all: the thinking goes first, as it may speak of the tags; models mark it in two ways."""
    spoken = _THOUGHT.sub("", completion.text)
    match = _ARGUMENT.match(spoken)
    if not match and _THINKS.search(spoken):
        raise Unreadable(f"the reply ends ({completion.finish}) within its thinking: {completion.text[-80:]!r}")
    return _some(match.group(1) if match else spoken, completion)


def _chosen(completion: Completion) -> str:
    try:
        reply = json.loads(completion.text)
        quote, argument = reply["quote"].strip(), reply["argument"].strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unreadable(f"not the JSON asked for ({completion.finish}): {completion.text[-120:]!r}") from None
    return f"<quote>{quote}</quote> {_some(argument, completion)}"


def _some(text: str, completion: Completion) -> str:
    if not text.strip():
        raise Unreadable(f"an empty argument ({completion.finish}): {completion.text[:80]!r}")
    return text.strip()
