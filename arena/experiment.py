"""An experiment: a TOML file that names tasks, protocols, agents, judges and seeds; a lazy stream of matches."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Self

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from arena.agent import Agent
from arena.errors import ConfigError
from arena.judge import Judge
from arena.match import Match
from arena.nouns import JUDGE, Question, illegible
from arena.plugin import Frozen, key
from arena.protocol import Draw, Protocol
from arena.provider import Model, Provider
from arena.task import Task

Cast = dict[str, SerializeAsAny[Agent]]
"""Role (debater, consultant, questioner) or seat (alice, bob) -> agent; a seat goes before its role."""


class Workers(Frozen):
    """How the run is spread; changes no result."""

    count: int = Field(default=1, ge=1)
    """Worker processes."""
    matches: int = Field(default=4, ge=1)
    """Matches in play at a time in each."""


class Limits(Frozen):
    """When to stop paying; reached, the run keeps all and exits with 4."""

    max_cost: float | None = Field(default=None, gt=0)
    """US dollars, at the prices given with the models."""
    max_tokens: int | None = Field(default=None, gt=0)
    max_calls: int | None = Field(default=None, gt=0)


class Experiment(Frozen):
    """Tasks x protocols x casts x judges x repeats, from one seed."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    seed: int = 0
    """Draws the order of the questions, the order of the answers and who defends which, each apart."""
    repeats: int = Field(default=1, ge=1)
    """How often each match is played with fresh samples."""
    beliefs: bool = False
    """Ask every judge after every round, and not at the end alone."""
    models: dict[str, Model] = Field(default_factory=dict)
    """Names for models, to be used wherever a plugin takes one."""
    tasks: tuple[SerializeAsAny[Task], ...] = Field(min_length=1)
    protocols: tuple[SerializeAsAny[Protocol], ...] = Field(min_length=1)
    agents: tuple[Cast, ...] = ({},)
    judges: tuple[SerializeAsAny[Judge], ...] = Field(min_length=1)
    workers: Workers = Workers()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _seated(self) -> Self:
        for protocol in self.protocols:
            for cast in self.agents:
                _seat(protocol, cast, self.judges[0])
        for field in ("tasks", "protocols", "judges"):
            keys = [key(p) for p in getattr(self, field)]
            if len(set(keys)) < len(keys):
                raise ConfigError(f"{field} holds the same one twice")
        return self

    @model_validator(mode="after")
    def _priced(self) -> Self:
        """A limit in dollars cannot be kept where a price is unknown."""
        unknown = [p.model for p in self.providers() if p.price_in is None or p.price_out is None]
        if self.limits.max_cost is not None and unknown:
            raise ConfigError(f"limits.max_cost needs price_in and price_out of every model; {unknown[0]!r} lacks them")
        return self

    @property
    def key(self) -> str:
        """Content hash of everything that decides the results."""
        return key(self.model_dump(mode="json", exclude={"workers", "limits", "models"}, context={"identity": True}))

    @property
    def id(self) -> str:
        """The run's name in the store: the same experiment is the same run."""
        return f"{self.name}-{self.key[:8]}"

    def questions(self) -> Iterator[tuple[Task, Question]]:
        """Every question, task by task."""
        for task in self.tasks:
            for question in islice(task.stream(self.seed), task.questions):
                yield task, question

    def matches(self) -> Iterator[tuple[Task, Match]]:
        """Every match, question by question: a passage stays in a server's cache meanwhile."""
        for task, question in self.questions():
            for match in self.about(question):
                yield task, match

    def about(self, question: Question) -> Iterator[Match]:
        """The matches about one question; every protocol gets the same draws, and so protocols compare in pairs."""
        for repeat in range(self.repeats):
            shown, draw = self._draw(question, repeat)
            for protocol in self.protocols:
                for agents in _casts(protocol, self):
                    for order in (0,) if protocol.relabels else (0, 1):
                        for defends in _sides(protocol, draw if order == 0 else draw.turned(), question):
                            yield Match(
                                question=question,
                                protocol=protocol,
                                agents=agents,
                                defends=defends,
                                shown=shown if order == 0 else shown[::-1],
                                repeat=repeat,
                            )

    def _draw(self, question: Question, repeat: int) -> tuple[tuple[int, ...], Draw]:
        """The order in which the answers are shown, and who may defend which. Raises ConfigError if none is right."""
        if question.correct is None:
            raise ConfigError(f"question {question.id!r} has no known answer: no side of it can be right or wrong")
        name = f"{self.seed} {repeat} {question.id}"
        shown = list(range(len(question.answers)))
        Random(f"shown {name}").shuffle(shown)
        draw = Random(f"sides {name}")
        wrong = draw.choice([i for i in range(len(question.answers)) if i != question.correct])
        pair = (question.correct, wrong)
        pair = pair if draw.random() < 0.5 else pair[::-1]
        everyone = draw.sample(range(len(shown)), len(shown))
        return tuple(shown), Draw(pair, tuple(everyone))

    def ready(self) -> None:
        """Raise ConfigError for an agent that cannot speak as it is configured."""
        for agent in (agent for cast in self.agents for agent in cast.values()):
            for part in parts(agent):
                if isinstance(part, Agent):
                    part.ready()

    def providers(self) -> list[Provider]:
        """Every model that the experiment may call, each once."""
        return models([*self.judges, *(agent for cast in self.agents for agent in cast.values())])


def load(path: Path) -> Experiment:
    """Read an experiment file. Raises ConfigError: one line for each fault, with file, key, value and choices."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return read(data, path)


def read(data: dict[str, Any], path: Path) -> Experiment:
    """An experiment from a table; `path` is named in errors, and its folder is where prompt files are looked for."""
    for place, text in _texts("", data):
        if why := illegible(text):
            raise ConfigError(f"{path}: {place}: holds {why}")
    models = data.get("models", {})
    context = {"provider": models if isinstance(models, dict) else {}, "folder": str(path.parent)}
    try:
        made = Experiment.model_validate(data, context=context)
    except ValidationError as error:
        raise fault(path, error) from None
    named(str(path), made.models, {"agents": made.agents, "judges": made.judges})
    return made


def named(source: str, models: Iterable[str], plugins: Mapping[str, Any]) -> None:
    """Raise ConfigError for a model, or a judge that scores, that nobody has named, one line for each.

    The plugins themselves fall back on a script, which can be tried unseen and whose verdicts mean nothing.
    """
    lacking = [one for place, value in plugins.items() for one in _unnamed(place, value)]
    have = ", ".join(models) or "there is none yet"
    how = f"NAME is one of [models] ({have}), or scripted for a script"
    if lacking:
        raise ConfigError("\n".join(f"{source}: {one}: {how}" for one in lacking))


def _example(default: Any) -> str:
    """How a model or a judge would be named in the place of a default; empty for any other default."""
    if isinstance(default, Provider):
        return '"NAME"'
    if isinstance(default, Judge):
        return f'{{use = "{default.name}", model = "NAME"}}'
    judges = isinstance(default, tuple) and any(isinstance(one, Judge) for one in default)
    return '[{use = "token", model = "NAME"}]' if judges else ""


def _unnamed(place: str, value: Any) -> Iterator[str]:
    """The fields below a place that hold a default where a model or a judge must be given."""
    if isinstance(value, tuple | dict):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in pairs:
            yield from _unnamed(f"{place}[{name}]" if isinstance(name, int) else f"{place}.{name}", one)
    if not isinstance(value, Agent | Judge):
        return
    for name in type(value).model_fields:
        inner = getattr(value, name)
        if name not in value.model_fields_set and (example := _example(inner)):
            yield f"{place}: {value.name} has no {name}; write {name} = {example}"
        else:
            yield from _unnamed(f"{place}.{name}", inner)


def _texts(place: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text in a table, with its place."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(f"{place}.{name}" if place else str(name), one)
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            yield from _texts(f"{place}[{i}]", one)
    elif isinstance(value, str):
        yield place, value


def fault(path: Path, error: ValidationError) -> ConfigError:
    """What is wrong, one line for each fault."""
    faults = error.errors()
    inner = [f["loc"] for f in faults if f["type"] != "too_short"]
    told = [f for f in faults if f["type"] != "too_short" or all(loc[:1] != f["loc"] for loc in inner)]
    return ConfigError("\n".join(_line(path, one) for one in told))


def _line(path: Path, fault: Any) -> str:
    place = ""
    for part in fault["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "tuple_type" and isinstance(fault["input"], dict):
        message = f"is a list of tables: write [[{place}]] and not [{place}]"
    value = fault["input"]
    got = f" (got {value!r})" if isinstance(value, str | int | float | bool) and repr(value) not in message else ""
    return f"{path}: {place}: {message}{got}" if place else f"{path}: {message}"


def stands_in(role: str) -> tuple[str, ...]:
    """The roles whose agent takes a role that nobody is cast for: critics and provers argue as debaters do."""
    return () if role in {"debater", "consultant", "questioner"} else ("debater", "consultant")


def _seat(protocol: Protocol, cast: Cast, judge: Judge) -> dict[str, Agent]:
    """The agents of a protocol's seats. Raises ConfigError for a seat that the cast has nobody for.

    In the judge's seat sits, where nobody is cast for it, the experiment's first judge.
    """
    seated: dict[str, Agent] = {}
    for seat, role in protocol.seats.items():
        wanted = (seat, *protocol.copies.get(seat, "").split(), role, *stands_in(role))
        found = next((cast[name] for name in wanted if name in cast), None)
        if found is None and seat == JUDGE:
            found = _chair(role, judge)
        if found is None:
            have = ", ".join(cast) or "nobody"
            near = "".join(f"; is {name!r} meant for it?" for name in get_close_matches(role, cast, n=1))
            raise ConfigError(
                f"agents: {protocol.name} needs a {role!r} (or one for the seat {seat!r}); there is {have}{near}"
            )
        seated[seat] = found
    return seated


def _chair(role: str, judge: Judge) -> Agent:
    """The judge itself as the speaker of its seat: its model asks (a panel's first), its verdicts are its beliefs."""
    model = next(_providers(judge), None)
    return Agent.model_validate({"use": role, "judge": judge, **({"model": model} if model else {})})


def _sides(protocol: Protocol, draw: Draw, question: Question) -> list[dict[str, int]]:
    """Who defends what in each match. Raises ConfigError for a fault, as a protocol may be of the user's own."""
    try:
        found = [dict(sides) for sides in protocol.sides(draw)]
        wrong = [f"{seat}: {side!r}" for sides in found for seat, side in sides.items() if side not in draw.answers]
        told = f"its sides say {wrong[0]}; choices: the indices 0 to {len(draw.answers) - 1}" if wrong else ""
    except Exception as error:
        told = f"its sides raise {type(error).__name__}: {error}"
    if told:
        raise ConfigError(f"{protocol.name} cannot be played on question {question.id!r}: {told}")
    return found


def _casts(protocol: Protocol, experiment: Experiment) -> list[dict[str, Agent]]:
    """The different casts for a protocol; one for a protocol in which nobody speaks."""
    made = (_seat(protocol, cast, experiment.judges[0]) for cast in experiment.agents)
    return list({key(agents): agents for agents in made}.values())


def models(plugins: Iterable[Agent | Judge]) -> list[Provider]:
    """Every model that these may call, each once."""
    return list({key(provider): provider for plugin in plugins for provider in _providers(plugin)}.values())


def _providers(plugin: Agent | Judge) -> Iterator[Provider]:
    for part in parts(plugin):
        yield from (value for name in type(part).model_fields if isinstance(value := getattr(part, name), Provider))


def parts(plugin: Agent | Judge) -> Iterator[Agent | Judge]:
    """An agent or a judge, and all that it holds."""
    yield plugin
    for name in type(plugin).model_fields:
        value = getattr(plugin, name)
        for inner in value if isinstance(value, tuple | list) else [value]:
            if isinstance(inner, Agent | Judge):
                yield from parts(inner)
