"""A transcript as a researcher reads it: sides, rounds, quotes verified or not, verdicts, and the truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from arena.match import Match, ordered
from arena.nouns import Question, Turn
from arena.prompt import LETTERS, who
from arena.quotes import marked
from arena.store.read import Kept

_MARK = re.compile(r"<([vu])_quote>(.*?)</\1_quote>", re.DOTALL)


def show(console: Console, kept: Kept, private: bool = False, passage: bool = False) -> None:
    """Print a match; `private` adds the speakers' replies as they wrote them, `passage` the hidden text."""
    for part in _parts(kept, private, passage):
        console.print(part)


def plain(kept: Kept) -> dict[str, Any]:
    """The same as JSON values, everything included."""
    return {
        "match": kept.match.key,
        **kept.match.model_dump(mode="json"),
        "over": kept.over,
        "turns": [turn.model_dump(mode="json") for turn in kept.turns],
        "rulings": kept.rulings,
        "beliefs": list(kept.beliefs),
        "failures": [{k: v for k, v in row.items() if k != "id"} for row in kept.failures],
    }


def _parts(kept: Kept, private: bool, passage: bool) -> Iterator[RenderableType]:
    match, question = kept.match, kept.match.question
    sides = match.sides(kept.turns)
    yield Text(f"{match.protocol.label}  match {match.key}", style="bold")
    yield Text(f"{question.id}  source {question.source}", style="dim")
    yield Text(f"\n{question.text}")
    for letter, index in zip(LETTERS, match.shown, strict=False):
        yield Text(f"  {letter}: {question.answers[index]}{_about(question, index, sides)}")
    if passage and question.passage:
        yield Panel(Text(question.passage), title="passage", title_align="left")
    for turn in ordered(match.protocol, kept.turns):
        side = sides.get(turn.seat)
        yield _turn(turn, "" if side is None else f" for {question.answers[side]!r}", private)
    for row in (*kept.beliefs, *kept.rulings):
        yield _verdict(match, row)
    for row in kept.failures:
        asked = "protocol" if row["stage"] == "speak" else f"judge, order {row['order']}{_after(row)}"
        where = row["seat"] or asked
        yield Text(f"failed: {where}: {row['kind']}: {row['message']}", style="red")
    if not kept.over:
        lost = any(row["stage"] == "speak" and not row["passing"] for row in kept.failures)
        recorded = any(getattr(agent, "transcript", "") for agent in kept.match.agents.values())
        told = "it ends here, for good" if lost or recorded else "`arena run` goes on from here"
        yield Text(f"not finished: {told}", style="yellow")


def _about(question: Question, index: int, sides: dict[str, int]) -> str:
    notes = ["right"] if index == question.correct else []
    notes += [seat for seat, answer in sides.items() if answer == index]
    return f"  ({', '.join(notes)})" if notes else ""


def _turn(turn: Turn, side: str, private: bool) -> RenderableType:
    body: list[RenderableType] = [_coloured(marked(turn))]
    notes = [f"{sum(q.verified for q in turn.quotes)} of {len(turn.quotes)} quotes verified"]
    notes += ["cut at the limit"] if turn.cut else []
    notes += [f"{turn.forged} forged marks removed"] if turn.forged else []
    notes += turn.outcomes
    if private and turn.private:
        body.append(Text(f"\nas written: {turn.private}", style="dim"))
    title = f"round {turn.round}  {who(turn, side)}"
    return Panel(Group(*body), title=Text(title), subtitle=Text(", ".join(notes)), title_align="left")


def _coloured(text: str) -> Text:
    """Quotes with a word before them, so that colour is not all that tells them apart."""
    shown, at = Text(), 0
    for found in _MARK.finditer(text):
        verified = found[1] == "v"
        shown.append(text[at : found.start()])
        shown.append("[verified] " if verified else "[unverified] ", style="green bold" if verified else "red bold")
        shown.append(f"“{found[2]}”", style="green" if verified else "red")
        at = found.end()
    shown.append(text[at:])
    return shown


def _after(row: dict[str, Any]) -> str:
    """Of a belief, the round that it followed."""
    if "round" not in row:
        return ""
    return f", after round {row['round']}" if row["round"] else ", before anyone spoke"


def _verdict(match: Match, row: dict[str, Any]) -> Text:
    order = ("as played" if row["order"] == 0 else "swapped") + _after(row)
    if row["state"] != "read":
        return Text(f"{row['label']} ({order}): unreadable: {row['reason']}", style="yellow")
    p = "  ".join(f"{match.question.answers[i]!r} {x:.2f}" for i, x in enumerate(row["p"]))
    best = max(row["p"])
    right = match.question.correct in [i for i, p in enumerate(row["p"]) if p == best]
    flags = f"  [{', '.join(row['flags'])}]" if row["flags"] else ""
    if match.question.correct is None:
        return Text(f"{row['label']} ({order}): nobody knows a right answer  {p}{flags}")
    verdict = "tie" if row["p"].count(best) > 1 else "right" if right else "wrong"
    return Text(f"{row['label']} ({order}): {verdict}  {p}{flags}", style="green" if right else "red")
