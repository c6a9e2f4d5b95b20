"""How judges ask and read: the text put to a judge, worked examples in the shape of the case, verdicts pooled."""

from __future__ import annotations

import asyncio
import math
import tomllib
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from statistics import fmean
from typing import Any, Literal, NamedTuple

from pydantic import Field

from arena.errors import Unreadable
from arena.judge import Judge
from arena.nouns import JUDGE, Said, Verdict, View
from arena.plugin import key
from arena.prompt import LETTERS, case, fill, lettered, pasted, sections, transcript
from arena.provider import Message, Model, scripted
from arena.quotes import check


class Example(NamedTuple):
    """A worked example."""

    view: View
    letter: str
    """Of the right answer."""
    why: str
    """What there is to think, given what the view holds."""
    sure: int
    """Percent: how sure that leaves one."""


class Asked(Judge):
    """A language model that is asked for a verdict: after worked examples, in one order or in both."""

    model: Model = Field(default_factory=scripted)
    shots: int = Field(default=0, ge=0, le=2)
    """Worked examples before the question, as earlier messages of the chat; with none the prompt begins with the
    passage, as the debaters' do, and a server with a prefix cache reads that once for all."""
    orders: Literal["one", "both"] = "one"
    """`both`: ask with the answers in both orders and take the mean of the log-probabilities, for two answers the mean
    log-odds, so that position alone decides nothing. Where no two sides spoke, the other presentation asks the same two
    prompts, and the response cache serves them."""

    async def decide(self, view: View) -> Verdict:
        """Raises Unreadable where a reply cannot be read."""
        one = await self._once(view)
        if self.orders == "one":
            return one
        other = await self._once(turned(view))
        p = pooled([one.p, other.p[::-1]], 1e-12)
        reason = "\n\nWith the answers in the opposite order: ".join(r for r in (one.reason, other.reason) if r)
        return Verdict(p=p, reason=reason, flags=tuple(dict.fromkeys(one.flags + other.flags)))

    def messages(self, view: View) -> list[Message]:
        """The chat: worked examples, then the case."""
        chat = []
        for one in examples(view, self.shots):
            chat.append(Message(role="user", content=self._ask(one.view)))
            chat.append(Message(role="assistant", content=self._told(one)))
        return [*chat, Message(role="user", content=self._ask(view))]

    @abstractmethod
    async def _once(self, view: View) -> Verdict:
        """The verdict with the answers in the order of the view."""

    @abstractmethod
    def _ask(self, view: View) -> str:
        """The question about a view."""

    @abstractmethod
    def _told(self, example: Example) -> str:
        """What a good judge replies to an example."""


class Joint(Judge):
    """Several verdicts on one view made into one."""

    rule: Literal["mean", "majority"] = "mean"
    """`mean`: of the log-probabilities, renormalised: for two answers the mean log-odds. `majority`: an answer's
    probability is the share of the verdicts that find it the most probable; a verdict that is tied shares its vote."""
    least: float = Field(default=0.01, gt=0, lt=0.5)
    """With `mean` a lower probability counts as this, so that no verdict outweighs all others by stating 0."""
    quorum: int = Field(default=0, ge=0)
    """How many verdicts must be readable, the others being left out; 0: all of them."""

    async def decide(self, view: View) -> Verdict:
        """Raises Unreadable where fewer verdicts than the quorum can be read, and CallError where one did not come."""
        replies = await asyncio.gather(*self._verdicts(view), return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException) and not isinstance(reply, Unreadable):
                raise reply
        read = [reply for reply in replies if isinstance(reply, Verdict)]
        missing = [reply for reply in replies if isinstance(reply, Unreadable)]
        if not read or len(read) < (self.quorum or len(replies)):
            raise Unreadable(f"{len(missing)} of {len(replies)} verdicts cannot be read: {missing[0]}")
        p = [verdict.p for verdict in read]
        return Verdict(
            p=pooled(p, self.least) if self.rule == "mean" else shares(p),
            reason="\n\n".join(f"{', '.join(f'{x:.2f}' for x in one.p)}: {one.reason}" for one in read),
            flags=(f"{len(missing)} of {len(replies)} unreadable",) if missing else (),
        )

    @abstractmethod
    def _verdicts(self, view: View) -> list[Coroutine[Any, Any, Verdict]]:
        """The verdicts, yet to be reached."""


def pooled(p: Sequence[Sequence[float]], least: float) -> tuple[float, ...]:
    """The logarithmic pool with equal weights (Genest & Zidek 1986): the geometric means, renormalised."""
    mass = [math.exp(fmean(math.log(max(x, least)) for x in column)) for column in zip(*p, strict=True)]
    return tuple(m / sum(mass) for m in mass)


def shares(p: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Each answer's share of the votes."""
    votes = [[x == max(one) for x in one] for one in p]
    return tuple(fmean(vote[i] / sum(vote) for vote in votes) for i in range(len(p[0])))


def seed(view: View, temperature: float) -> int | None:
    """What a judge's draw begins from, where it draws: the same question is drawn alike."""
    return int(key(view)[:7], 16) if temperature else None


def ask(prompt: str, view: View, section: str = "ask", **values: object) -> str:
    """A section of the prompt for a view; the transcript's section only where someone spoke.

    What the protocol tells the judge of its rules stands before the turns, unfenced: no speaker can write there.
    """
    shown = f"\n{_shown(prompt, view)}\n" if view.turns or view.brief else ""
    return fill(prompt, section, case=case(view), answers=lettered(view), transcript=shown, **values)


def _shown(prompt: str, view: View) -> str:
    """The transcript's section: `$turns` frames what was said, `$pasted` gives it raw, for a judge with no defence."""
    raw = "$pasted" in sections(prompt).get("transcript", "")
    turns = "\n\n".join(part for part in (view.brief, (pasted if raw else transcript)(view)) if part)
    return fill(prompt, "transcript", **{"pasted" if raw else "turns": turns})


def letters(view: View) -> str:
    """The letters of the view's answers, in order."""
    return LETTERS[: len(view.answers)]


def turned(view: View) -> View:
    """The same view with the answers in the opposite order; what was said names no order, and stays."""
    last = len(view.answers) - 1
    sides = {seat: last - side for seat, side in view.sides.items()}
    return view.model_copy(update={"answers": view.answers[::-1], "sides": sides})


def examples(view: View, count: int) -> list[Example]:
    """Worked examples with their right letters, with a passage and with speakers where the view has them."""
    speakers = tuple(dict.fromkeys(turn.seat for turn in view.turns if turn.seat != JUDGE))
    sided = frozenset(view.sides)
    return [_example(i, speakers, sided, view.passage is not None) for i in range(min(count, len(_rows())))]


@lru_cache(256)
def _example(number: int, speakers: tuple[str, ...], sided: frozenset[str], expert: bool) -> Example:
    """A lone speaker argues for the right answer in one example and for the wrong one in the next.

    Who has no side in the case, such as a critic, is shown without one here too.
    """
    row = _rows()[number]
    alone = (LETTERS.index(row["right"]) + number) % 2
    sides = dict(zip(speakers, (0, 1), strict=False)) if len(speakers) > 1 else dict.fromkeys(speakers, alone)
    told = {seat: row[LETTERS[side]] for seat, side in sides.items()}
    turns = [Said(seat=seat, round=1, text=text, quotes=check(text, row["passage"])) for seat, text in told.items()]
    shown = View(
        seat=JUDGE,
        question=row["question"],
        answers=tuple(row["answers"]),
        sides={seat: side for seat, side in sides.items() if seat in sided},
        passage=row["passage"] if expert else None,
        turns=tuple(turns),
    )
    return Example(shown, row["right"], *_thought(row, shown, list(sides.values())))


def _thought(row: dict[str, Any], shown: View, argued: Sequence[int]) -> tuple[str, int]:
    """What the example comes down to, and how sure that is: its evidence, a lone false speaker, or nothing at all."""
    right = LETTERS.index(row["right"])
    if shown.passage is not None or right in argued:
        return row["why"], 95
    if shown.turns:
        return row["doubt"], 80
    return "Nothing here tells the answers apart.", 50


@cache
def _rows() -> list[dict[str, Any]]:
    text = (files("arena") / "examples.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["example"]
    return rows
