"""An importer reads what was published elsewhere as matches of the arena: who said what, and who judged it how."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, ClassVar, NamedTuple

from arena.agent import Agent
from arena.judge import Judge
from arena.match import Match
from arena.nouns import Act
from arena.plugin import OPERATIONAL, Plugin, key


class Utterance(NamedTuple):
    """Something that a seat said or chose."""

    seat: str
    text: str = ""
    act: Act = "argue"
    choice: int | None = None
    """Index of the option, where the act is to choose."""


class Judgement(NamedTuple):
    """A verdict, or what a judge held on the way to one."""

    judge: Judge
    p: tuple[float, ...]
    """A probability for each answer, in the order of the question; empty where the verdict cannot be read."""
    reason: str = ""
    """The judge's reason, or what stands in the place of a verdict that cannot be read."""
    after: int | None = None
    """After which round it was held, 0 before the first; None for a verdict."""
    order: int = 0
    """The presentation: 0 as the match is shown, 1 swapped."""
    flags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The judge's name in the store."""
        return _key(self.judge)


@lru_cache(4096)
def _key(judge: Judge) -> str:
    return key(judge)


class Imported(NamedTuple):
    """A match that was played elsewhere."""

    place: str
    """Where it was read, for errors: `file:line`."""
    match: Match
    said: tuple[Utterance, ...] = ()
    """Seat by seat in the order in which it spoke; as far as it went."""
    judged: tuple[Judgement, ...] = ()


class Importer(Plugin):
    """One published format."""

    kind: ClassVar[str] = "importer"
    origin: ClassVar[str] = ""
    """What may be read: the set, where it comes from, its files and columns. The end of a message without a path."""
    task: ClassVar[str] = ""
    """The task whose questions these are; empty for the importer's own name."""

    path: Annotated[str, OPERATIONAL] = ""
    """A data file, or a folder that holds it."""

    @abstractmethod
    def read(self) -> Iterator[Imported]:
        """Every match, in the order of the source. Raises DataError with file and line for what cannot be read."""


def speaker(name: str, group: str, transcript: str, said: tuple[Utterance, ...]) -> Agent:
    """Whoever `name` was in a transcript of the source; what was said is part of its content key."""
    about = {"speaker": name, "group": group, "transcript": transcript, "digest": key([list(one) for one in said])}
    return Agent.model_validate({"use": "recorded", **about})


def judge(name: str, of: str, mode: str = "") -> Judge:
    """Whoever `name` was among the judges of a set, judging in this mode; a person's name begins with `human`."""
    return Judge.model_validate({"use": "recorded", "judge": name, "of": of, "mode": mode})


def called(label: str) -> tuple[str, str]:
    """Name and mode of an imported judge, by its label."""
    name, _, mode = label.removeprefix("recorded(").removesuffix(")").rpartition(", ")
    return name, mode
