"""How the pages write figures: intervals, p, counts, names of rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from arena.compare import Pair, Row
from arena.metric import Figure
from arena.tables import interval

ROLES = {"direct": "floor: direct", "expert": "ceiling: expert"}
"""Name of a protocol -> the kind of its mark."""
SIDES = {"right": "argued the right answer", "wrong": "argued a wrong answer", "": "argued for no answer"}
"""What a seat stood for, in words."""
ARMS = {"right": "argued the right answer", "wrong": "argued a wrong answer"}


def spread(figure: Figure, signed: bool = False) -> str:
    """A share in percent with its interval."""
    return interval(figure, signed).replace("-", "−") if figure.value is not None else "–"


def chance(p: float | None) -> str:
    """A p."""
    return "–" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def rests(figure: Figure) -> str:
    """What a figure rests on: never a number without its n and what was left out of it."""
    return f"n {figure.rulings:,} · {figure.unreadable + figure.failed:,} unscored"


def cells(name: str, figure: Figure) -> dict[str, object]:
    """A figure in a table: its value, which is called so, its interval and what it rests on."""
    left = figure.unreadable + figure.failed
    return {name: figure.value, "low": figure.low, "high": figure.high, "n": figure.rulings, "unscored": left}


def number(figure: Figure) -> str:
    """A figure on its own scale with its interval."""
    if figure.value is None:
        return "–"
    ends = "" if figure.low is None or figure.high is None else f" [{figure.low:.2f}, {figure.high:.2f}]"
    return f"{figure.value:.2f}{ends}".replace("-", "−")


def value(figure: Figure) -> str:
    """A figure on its own scale, and what it rests on."""
    if figure.value is None:
        return "nothing to measure"
    blank = " · no interval" if figure.low is None else ""
    return f"{figure.value:.2f} · {rests(figure)}{blank}".replace("-", "−")


def span(found: Sequence[Figure]) -> tuple[float, float]:
    """A scale on which all of these figures and their intervals lie, and 0."""
    ends = [x for one in found for x in (one.value, one.low, one.high) if x is not None]
    return math.floor(min([0.0, *ends])), math.ceil(max([0.0, *ends]))


def share(figure: Figure) -> str:
    """A share and what it rests on."""
    if figure.value is None:
        return f"nothing read: {figure.unreadable} unreadable, {figure.failed} failed"
    blank = " · no interval" if figure.low is None else ""
    return f"{100 * figure.value:.0f} % · {rests(figure)}{blank}"


def points(value: float) -> str:
    """A signed number of points; nothing has no sign."""
    return (f"{value:+,.0f}" if round(value) else "0").replace("-", "−")


def gap(figure: Figure) -> str:
    """A difference and what it rests on."""
    if figure.value is None:
        return "no question in common"
    blank = " · no interval" if figure.low is None else ""
    return f"{points(100 * figure.value)} points · {rests(figure)}{blank}"


def name(row: Row | Pair, many: bool) -> str:
    """The protocol and the arm; the cast as well where `many` casts play it."""
    arm = f", {ARMS[row.arm]}" if isinstance(row, Row) and row.arm else ""
    return f"{row.protocol}{f' · {row.cast}' if many and row.cast else ''}{arm}"


def progress(done: tuple[int, int], matches: tuple[int, int]) -> float:
    """How far a run is, by (rulings there are, asked for), or by its matches where it asks for no ruling."""
    there, asked = done if done[1] else matches
    return min(1.0, there / asked) if asked else 0.0


def short(number: int) -> str:
    """A count."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:,.1f} M"


def each(values: Sequence[str]) -> list[str]:
    """The different ones, in their order."""
    return list(dict.fromkeys(values))
