"""How judges ask and read: the text put to a judge, and the worked examples in the shape of the case at hand."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from arena.nouns import JUDGE, Said, View
from arena.prompt import LETTERS, case, fill, lettered, transcript


def ask(prompt: str, view: View, **values: object) -> str:
    """The prompt's section `ask` for a view; the transcript's section only where someone spoke.

    What the protocol tells the judge of its rules stands before the turns, unfenced: no speaker can write there.
    """
    turns = "\n\n".join(part for part in (view.brief, transcript(view)) if part)
    shown = f"\n{fill(prompt, 'transcript', turns=turns)}\n" if view.turns or view.brief else ""
    return fill(prompt, "ask", case=case(view), answers=lettered(view), transcript=shown, **values)


def letters(view: View) -> str:
    """The letters of the view's answers, in order."""
    return LETTERS[: len(view.answers)]


def turned(view: View) -> View:
    """The same view with the answers in the opposite order; what was said names no order, and stays."""
    last = len(view.answers) - 1
    sides = {seat: last - side for seat, side in view.sides.items()}
    return view.model_copy(update={"answers": view.answers[::-1], "sides": sides})


def examples(view: View, count: int) -> list[tuple[View, str]]:
    """Worked examples with their right letters, with a passage and with speakers where the view has them."""
    speakers = list(dict.fromkeys(turn.seat for turn in view.turns if turn.seat != JUDGE))
    return [_example(row, view, speakers, i) for i, row in enumerate(_rows()[:count])]


def _example(row: dict[str, Any], view: View, speakers: list[str], number: int) -> tuple[View, str]:
    """A lone speaker argues for the right answer in one example and for the wrong one in the next."""
    alone = (LETTERS.index(row["right"]) + number) % 2
    sides = dict(zip(speakers, (0, 1), strict=False)) if len(speakers) > 1 else dict.fromkeys(speakers, alone)
    turns = [Said(seat=seat, round=1, text=row[LETTERS[side]]) for seat, side in sides.items()]
    shown = View(
        seat=JUDGE,
        question=row["question"],
        answers=tuple(row["answers"]),
        sides=sides,
        passage=row["passage"] if view.passage is not None else None,
        turns=tuple(turns),
    )
    return shown, row["right"]


@cache
def _rows() -> list[dict[str, Any]]:
    text = (files("arena") / "examples.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomllib.loads(text)["example"]
    return rows
