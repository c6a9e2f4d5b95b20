"""What an experiment would come to: matches, calls by role, tokens and cost, without paying for anything.

The agents and judges themselves write their prompts, to a wire that measures them and sends nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice, product
from typing import Any

from arena.course import size
from arena.errors import CallError, Unreadable
from arena.experiment import Experiment
from arena.match import Match
from arena.moves import mute
from arena.nouns import JUDGE, Turn
from arena.plugin import Frozen
from arena.prompt import LETTERS
from arena.protocol import due
from arena.provider import Completion, Message, Provider, Sampling
from arena.wire import Wire
from arena.work import turn

_SAMPLE = 5
"""Questions whose prompts are measured; the rest are taken to be alike."""
_CHARACTERS = 3.6
"""Of English prose in a token of a language model's vocabulary, roughly."""


class Line(Frozen):
    """What one role does in one protocol, over the whole experiment."""

    protocol: str
    role: str
    model: str
    calls: int
    prompt_tokens: int
    """Estimated from the prompts' characters."""
    completion_tokens: int
    """At most: every reply as long as its limit."""
    cost: float | None
    """US dollars, at most; None where a price is unknown."""


class Plan(Frozen):
    """What an experiment would come to."""

    run: str
    questions: int
    cells: int
    """Protocols x casts x judges."""
    matches: int
    rulings: int
    sources: int
    """Documents or seeds that the questions come from."""
    pairs: int
    """Of a protocol and a baseline, before the same judge: what Holm's correction is over."""
    lines: tuple[Line, ...]


class _Meter(Wire):
    """Measures what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Provider, int, int]] = []

    async def complete(self, provider: Provider, messages: Sequence[Message], sampling: Sampling) -> Completion:
        tokens = int(sum(len(m.content) for m in messages) / _CHARACTERS) + 4 * len(messages)
        self.seen.append((provider, tokens, sampling.max_tokens))
        text = json.dumps(_instance(sampling.json_schema)) if sampling.json_schema else _REPLY
        return Completion(text=text, top=(_TOP,) if sampling.top_logprobs else None)


_REPLY = "Words.\nVerdict: A\nConfidence: 50%"
_TOP = dict.fromkeys(LETTERS, -math.log(len(LETTERS)))
"""A reply that agents and judges can read, so that those who ask several times ask as often as they will."""


def _instance(schema: dict[str, Any]) -> Any:
    """The first value that a JSON schema allows, of the kinds that are asked for here."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        parts = {name: _instance(part) for name, part in schema["properties"].items()}
        numbers = [name for name, part in schema["properties"].items() if part.get("type") == "number"]
        return parts | dict.fromkeys(numbers, 1 / max(1, len(numbers)))
    if schema.get("type") == "array":
        count = schema.get("minItems", 1)
        number = schema["items"].get("type") == "number"
        return [1 / count if number else _instance(schema["items"])] * count
    return {"integer": schema.get("minimum", 1), "number": 1.0}.get(schema.get("type", ""), "words")


def plan(experiment: Experiment) -> Plan:
    """Measure a few questions and multiply. Raises ConfigError for what would stop the run."""
    whole = size(experiment)
    measured = asyncio.run(_measure(experiment))
    sampled = min(_SAMPLE, whole.questions)
    lines = [_line(*group, seen, whole.questions / sampled) for group, seen in measured.items()]
    casts = {(m.protocol.label, tuple(a.label for a in m.agents.values())) for m in _sample(experiment)}
    direct = [protocol.label for protocol in experiment.protocols if protocol.name == "direct"]
    base = (direct or [experiment.protocols[0].label])[0]
    return Plan(
        run=experiment.id,
        questions=whole.questions,
        cells=len(casts) * len(experiment.judges),
        matches=whole.matches,
        rulings=whole.rulings,
        sources=whole.sources,
        pairs=sum(label != base for label, _ in casts) * len(experiment.judges),
        lines=tuple(lines),
    )


def _sample(experiment: Experiment) -> list[Match]:
    """The matches of a few questions, in equal steps over the first hundred."""
    questions = [question for _, question in islice(experiment.questions(), 20 * _SAMPLE)]
    step = max(1, len(questions) // _SAMPLE)
    return [match for question in questions[::step][:_SAMPLE] for match in experiment.about(question)]


_Group = tuple[str, str, str]
_Seen = list[tuple[Provider, int, int]]


async def _measure(experiment: Experiment) -> dict[_Group, _Seen]:
    found: dict[_Group, _Seen] = defaultdict(list)
    async with _Meter() as meter:
        for match in _sample(experiment):
            turns = await _speak(match, meter, found)
            before = match.rounds(turns) if experiment.beliefs else ()
            for heard in [turns, *(match.until(turns, number) for number in before)]:
                for judge, order in product(experiment.judges, match.orders):
                    meter.seen = []
                    with contextlib.suppress(CallError, Unreadable):
                        await judge.decide(match.verdict_view(heard, order))
                    _group(found, match, JUDGE, meter)
    return found


async def _speak(match: Match, meter: _Meter, found: dict[_Group, _Seen]) -> list[Turn]:
    """Play with turns as long as their limits."""
    turns: list[Turn] = []
    while (step := due(match.protocol, match.case(), turns)).cues:
        for cue in step.cues:
            meter.seen = []
            view = match.protocol.view(cue.seat, match.case(), step.heard)
            with contextlib.suppress(CallError, Unreadable):
                await match.agents[cue.seat].speak(view, cue)
            _group(found, match, match.protocol.seats[cue.seat], meter)
            turns.append(turn(cue, mute(cue, len(view.answers)), view, None, len(step.heard)))
    return turns


def _group(found: dict[_Group, _Seen], match: Match, role: str, meter: _Meter) -> None:
    for provider, prompt, completion in meter.seen:
        found[match.protocol.label, role, provider.model].append((provider, prompt, completion))


def _line(protocol: str, role: str, model: str, seen: _Seen, times: float) -> Line:
    costs = [provider.cost(prompt, completion) for provider, prompt, completion in seen]
    known = [cost for cost in costs if cost is not None]
    return Line(
        protocol=protocol,
        role=role,
        model=model,
        calls=round(len(seen) * times),
        prompt_tokens=round(sum(prompt for _, prompt, _ in seen) * times),
        completion_tokens=round(sum(completion for _, _, completion in seen) * times),
        cost=sum(known) * times if len(known) == len(costs) else None,
    )
