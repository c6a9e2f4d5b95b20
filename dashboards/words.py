"""How the pages write figures: intervals, p, counts, names of rows."""

from __future__ import annotations

from arena.compare import Pair, Row
from arena.metric import Figure
from arena.tables import interval

ROLES = {"direct": "floor: direct", "expert": "ceiling: expert"}
"""Name of a protocol -> the kind of its mark."""
ARMS = {"right": "argued the right answer", "wrong": "argued a wrong answer"}


def spread(figure: Figure, signed: bool = False) -> str:
    """A share in percent with its interval."""
    return interval(figure, signed).replace("-", "−") if figure.value is not None else "–"


def chance(p: float | None) -> str:
    """A p."""
    return "–" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def rests(figure: Figure) -> str:
    """What a figure rests on: never a number without its n and what was left out of it."""
    parts = [f"n {figure.rulings:,}"]
    if left := figure.unreadable + figure.failed:
        parts.append(f"{left:,} unscored")
    return " · ".join(parts)


def share(figure: Figure) -> str:
    """A share and what it rests on."""
    if figure.value is None:
        return f"nothing read: {figure.unreadable} unreadable, {figure.failed} failed"
    blank = " · no interval" if figure.low is None else ""
    return f"{100 * figure.value:.0f} % · {rests(figure)}{blank}"


def gap(figure: Figure) -> str:
    """A difference and what it rests on."""
    if figure.value is None:
        return "no question in common"
    blank = " · no interval" if figure.low is None else ""
    return f"{100 * figure.value:+.0f} points · {figure.questions:,} questions · {rests(figure)}{blank}".replace(
        "-", "−"
    )


def name(row: Row | Pair, many: bool) -> str:
    """The protocol and the arm; the cast as well where `many` casts play it."""
    arm = f", {ARMS[row.arm]}" if isinstance(row, Row) and row.arm else ""
    return f"{row.protocol}{f' · {row.cast}' if many and row.cast else ''}{arm}"


def short(number: int) -> str:
    """A count."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:,.1f} M"
