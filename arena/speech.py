"""How a language model speaks: messages that only ever grow, quotes chosen or free, replies read or refused.

A later turn's messages extend the earlier turn's byte for byte, so that a server with a prefix cache reads the passage
once. Agents that argue differ in their prompts and in nothing else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationInfo

from arena import plugin
from arena.agent import Agent
from arena.errors import Unreadable
from arena.judge import Judge
from arena.nouns import JUDGE, Cue, Said, Speech, View
from arena.prompt import Prompt, bare, case, fill, heard, inert, load
from arena.provider import Completion, Message, Model, Sampling
from arena.quotes import check as quoted
from arena.quotes import strip_marks
from arena.wire import complete

_SENTENCE = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n+")
_WORD = re.compile(r"\w+")
_THOUGHT = re.compile(
    r"\A(?:(?!<think(?:ing)?>).)*</think(?:ing)?>|<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE
)
_THINKS = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_ARGUMENT = re.compile(r".*<argument>(.*?)(?:</argument>|\Z)", re.DOTALL | re.IGNORECASE)


def _aside(value: object, info: ValidationInfo) -> object:
    """A text of several words stays, a name or a path becomes the text, and nothing stays nothing."""
    named = isinstance(value, str) and value and (value.endswith(".md") or not re.search(r"\s", value))
    return load(str(value), Path((info.context or {}).get("folder", "."))) if named else value


Aside = Annotated[str, BeforeValidator(_aside)]
"""The type of a prompt that may be left out, and that has no placeholders."""


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
    forms: Prompt = Field(default_factory=lambda: load("forms"))
    """How it is told what it heard and asked for moves: statements, choices, beliefs."""
    persona: Aside = ""
    """Who it is, told before its role: a prompt's name, a path or the text."""
    shots: Aside = ""
    """Examples of good turns, told before persona and role: a prompt's name, a path or the text."""
    scratchpad: bool | None = None
    """Whether it thinks in private before it argues; left out: with free quotes it does, with chosen ones not."""
    check: SerializeAsAny[Judge] | None = None
    """Reads each argument alone, under a neutral name, and says for which answer it is: another than its own is noted
    as off-side. Its calls count to the seat; a reply of it that cannot be read notes nothing."""

    async def speak(self, view: View, cue: Cue) -> Speech:
        """Argue, or make the move that is asked for.

        Raises Unreadable for an empty argument or broken JSON, CallError where no reply came.
        """
        sampling = Sampling(
            temperature=0.0 if cue.act == "believe" else self.temperature,
            max_tokens=self.max_tokens,
            seed=_seed(view, cue),
            json_schema=self._schema(view, cue),
        )
        completion = await complete(self.model, self.messages(view, cue), sampling)
        speech = self._read(completion, view, cue).model_copy(update={"private": completion.text})
        off = self.check and cue.act in _SPOKEN and view.seat in view.sides and await _off(self.check, view, speech)
        return speech.model_copy(update={"outcomes": (*speech.outcomes, "off-side")}) if off else speech

    def messages(self, view: View, cue: Cue) -> list[Message]:
        """The chat so far, from this seat's side, ending with what the cue asks."""
        own = [turn for turn in view.turns if turn.seat == view.seat]
        cues = [*(turn.cue or _as_now(turn, cue) for turn in own), cue]
        chat: list[Message] = []
        for i, asked in enumerate(cues):
            since, until = own[i - 1].after if i else 0, own[i].after if i < len(own) else math.inf
            news = [t for t in view.turns if t.seat != view.seat and since <= t.after < until]
            chat.append(Message(role="user", content=self._message(view, asked, cues[:i], news)))
            if i < len(own):
                chat.append(Message(role="assistant", content=own[i].private or own[i].text))
        return chat

    def _message(self, view: View, cue: Cue, before: list[Cue], news: list[Said]) -> str:
        """What the seat is told with one cue: its case and role once, what is new, what it must do, in which form."""
        argued = [one for one in before if one.act != "believe"]
        parts = [] if before else [fill(self.prompt, "case", case=case(view), answers=bare(view))]
        if cue.act != "believe" and not argued:
            parts += [part.strip() for part in (self.shots, self.persona) if part.strip()]
            parts.append(self._role(view, cue))
        if cue.act in _SPOKEN and not any(one.act in _SPOKEN for one in before):
            parts += self._manner(view)
        if cue.act in _SPOKEN and argued and cue.words != argued[0].words:
            parts.append(fill(self.forms, "limit", words=cue.words))
        parts += self._task(cue, news)
        if cue.act == "ask":
            parts.append(fill(self.forms, "limit", words=cue.words))
        if cue.act not in _SPOKEN and cue.act != "ask":
            parts.append(self._form(view, cue))
        return "\n\n".join(parts)

    def _role(self, view: View, cue: Cue) -> str:
        """Who it is: by its own prompt, or by less where the protocol says in its task what the seat is there for."""
        if view.seat in view.sides:
            told = (self.forms, "side") if cue.task else (self.prompt, "role")
            return fill(*told, mine=inert(view.mine), words=cue.words)
        return "\n".join((fill(self.forms, "neutral"), fill(self.forms, "limit", words=cue.words)))

    def _manner(self, view: View) -> list[str]:
        """How to reply with an argument."""
        if self._picks(view):
            return [fill(self.prompt, "chosen"), *([fill(self.forms, "thinking")] if self.scratchpad else [])]
        return [fill(self.forms, "plain") if self.scratchpad is False else fill(self.prompt, "free")]

    def _task(self, cue: Cue, news: list[Said]) -> list[str]:
        """What the others said since, and what is to be done now: in the protocol's words, or in the prompt's own."""
        if cue.task or cue.act not in _SPOKEN:
            told = [fill(self.forms, "heard", heard=heard(news))] if news else []
            return [*told, *([inert(cue.task)] if cue.task else [])]
        if not news:
            return [fill(self.prompt, "opening")]
        section = "answer" if cue.act == "answer" else "rebuttal"
        return [fill(self.prompt, section, heard=heard(news), round=cue.round)]

    def _form(self, view: View, cue: Cue) -> str:
        """How to reply with a move."""
        if cue.act == "claim":
            return fill(self.forms, "claim", most=cue.most, words=cue.words)
        if cue.act == "choose":
            return fill(self.forms, "choose", options=_numbered(cue.options))
        return fill(self.forms, "estimate" if cue.task else "believe", numbered=_numbered(sorted(view.answers)))

    def _picks(self, view: View) -> bool:
        """Whether quotes are chosen from a list: not where there is nothing to quote."""
        return self.quotes == "chosen" and bool(view.passage)

    def _schema(self, view: View, cue: Cue) -> dict[str, Any] | None:
        if cue.act == "claim":
            most = min(6 * max(4, cue.words // cue.most), max(8, 2 * self.max_tokens // cue.most))
            free = {"type": "string", "minLength": 8, "maxLength": most}
            statement = {"type": "string", "pattern": f"^{cue.form}$"} if cue.form else free
            return _object(claims={"type": "array", "items": statement, "minItems": 1, "maxItems": cue.most})
        if cue.act == "choose":
            return _object(choice={"type": "integer", "enum": list(range(1, len(cue.options) + 1))})
        if cue.act == "believe":
            number = {"type": "integer", "enum": list(range(1, len(view.answers) + 1))}
            return _object(answer=number, confidence={"type": "integer", "enum": list(range(0, 101))})
        if cue.act == "ask" or not self._picks(view):
            return None
        quote = {"type": "string", "enum": candidates(view, self.candidates)}
        argument = {"type": "string", "minLength": 20, "maxLength": min(6 * cue.words, 2 * self.max_tokens)}
        most = min(6 * cue.words, self.max_tokens)
        thinking = {"thinking": {"type": "string", "maxLength": most}} if self.scratchpad else {}
        return _object(**thinking, quote=quote, argument=argument)

    def _read(self, completion: Completion, view: View, cue: Cue) -> Speech:
        if cue.act in _SPOKEN | {"ask"}:
            if cue.act != "ask" and self._picks(view):
                return Speech(text=_chosen(completion))
            text, tagged = _free(completion)
            return Speech(text=text, outcomes=() if tagged or cue.act == "ask" else ("untagged",))
        reply = _json(completion)
        try:
            if cue.act == "claim":
                return Speech(claims=tuple(str(claim) for claim in reply["claims"]))
            if cue.act == "choose":
                return Speech(choice=int(reply["choice"]) - 1)
            best, sure = sorted(view.answers)[int(reply["answer"]) - 1], int(reply["confidence"]) / 100
        except (KeyError, TypeError, ValueError, IndexError):
            raise Unreadable(f"not the JSON asked for ({completion.finish}): {completion.text[-120:]!r}") from None
        rest = (1 - sure) / (len(view.answers) - 1)
        return Speech(p=tuple(sure if answer == best else rest for answer in view.answers))


_SPOKEN = frozenset({"argue", "answer"})
"""Acts whose replies are prose with quotes."""


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{i}. {inert(line)}" for i, line in enumerate(lines, start=1))


def _as_now(turn: Said, cue: Cue) -> Cue:
    """What a turn was asked for, where the store does not say: as now."""
    return Cue(seat=turn.seat, round=turn.round, act=turn.act, words=cue.words)


def candidates(view: View, most: int) -> list[str]:
    """The sentences of the passage that share most words with the question and the own answer, in their own order."""
    sentences = list(dict.fromkeys(s.strip() for s in _SENTENCE.split(view.passage or "") if len(s.split()) > 1))
    mine = view.mine if view.seat in view.sides else ""
    wanted = {word.casefold() for word in _WORD.findall(f"{view.question} {mine}") if len(word) > 3}

    def shared(sentence: str) -> int:
        return len(wanted & {word.casefold() for word in _WORD.findall(sentence)})

    best = set(sorted(sentences, key=shared, reverse=True)[:most])
    return [s for s in sentences if s in best] or ["(nothing to quote)"]


def _seed(view: View, cue: Cue) -> int:
    """A sampling seed from all that the speaker knows: the same turn is asked for in the same words and drawn alike."""
    return int(plugin.key(view, cue)[:7], 16)


def _free(completion: Completion) -> tuple[str, bool]:
    """What is for all, and whether it was tagged: the thinking goes first, as it may speak of the tags."""
    spoken = _THOUGHT.sub("", completion.text)
    match = _ARGUMENT.match(spoken)
    if not match and _THINKS.search(spoken):
        raise Unreadable(f"the reply ends ({completion.finish}) within its thinking: {completion.text[-80:]!r}")
    return _some(match.group(1) if match else spoken, completion), bool(match)


async def _off(judge: Judge, view: View, speech: Speech) -> bool:
    """Whether the judge finds that the speech argues for another answer than that of its seat."""
    text = strip_marks(speech.text)[0]
    alone = Said(seat="speaker", round=1, text=text, quotes=quoted(text, view.passage))
    shown = View(seat=JUDGE, question=view.question, answers=view.answers, turns=(alone,), brief=_CHECKED)
    try:
        p = (await judge.decide(shown)).p
    except Unreadable:
        return False
    return len(p) == len(view.answers) and max(p) > p[view.sides[view.seat]]


_CHECKED = "Take as right the answer that this one speech argues for, whether it is true or not."


def _json(completion: Completion) -> dict[str, Any]:
    try:
        reply = json.loads(completion.text)
    except ValueError:
        reply = None
    if not isinstance(reply, dict):
        raise Unreadable(f"not the JSON asked for ({completion.finish}): {completion.text[-120:]!r}")
    return reply


def _chosen(completion: Completion) -> str:
    reply = _json(completion)
    try:
        quote, argument = reply["quote"].strip(), reply["argument"].strip()
    except (KeyError, AttributeError):
        raise Unreadable(f"not the JSON asked for ({completion.finish}): {completion.text[-120:]!r}") from None
    return f"<quote>{quote}</quote> {_some(argument, completion)}"


def _some(text: str, completion: Completion) -> str:
    if not text.strip():
        raise Unreadable(f"an empty argument ({completion.finish}): {completion.text[:80]!r}")
    return text.strip()
