"""A comparison as a figure for a manuscript: accuracies and differences with their intervals, as SVG, PNG or PDF.

Drawn by Altair and vl-convert in this process: no browser, no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt

from arena.comparison import Comparison, Pair, Row
from arena.errors import ConfigError, choices
from arena.metric import Figure

SUFFIXES = (".pdf", ".png", ".svg")

_DARK, _GREY = "#1f5fbf", "#808895"
_HUNDREDTHS = {
    True: "format(100 * datum.value, '.0f')",
    False: "format(100 * datum.value, datum.value ? '+.0f' : '.0f')",
}
"""Labels of an axis without a sign, and with one."""
_ROW = 26
"""Height of a row, in pixels."""


def save(made: Comparison, target: Path) -> None:
    """Write the figure in the format of the file's ending. Raises ConfigError for others, and where it cannot be."""
    if target.suffix not in SUFFIXES:
        raise ConfigError(f"{target}: unknown ending {target.suffix!r}; {choices(target.suffix, SUFFIXES)}")
    if not made.rows:
        raise ConfigError(f"{', '.join(made.runs)}: no rulings yet")
    try:
        drawn(made).save(str(target), scale_factor=3 if target.suffix == ".png" else 1)
    except OSError as error:
        raise ConfigError(f"{target}: {error.strerror or error}") from None


def drawn(made: Comparison) -> Any:
    """The chart: accuracy by protocol, beside it the paired differences; a panel for each judge and group."""
    panels = list(dict.fromkeys((row.group if made.by != "judge" else "", row.judge) for row in made.rows))
    parts = [_panel(made, *panel, titled=len(panels) > 1) for panel in panels]
    whole = alt.vconcat(*parts, spacing=14).resolve_scale(x="shared")
    told = f"Judge accuracy by protocol with 95 % intervals, and differences from {made.baseline}"
    return whole.properties(description=f"{told}; {', '.join(made.runs)}.").configure_view(stroke=None)


def _panel(made: Comparison, group: str, judge: str, titled: bool) -> Any:
    rows = [row for row in made.rows if row.judge == judge and group in ("", row.group)]
    pairs = [pair for pair in made.pairs if pair.judge == judge and group in ("", pair.group)]
    places = {_whose(row, made): i for i, row in enumerate(rows)}
    accuracy = [_dot(_whose(row, made), row.accuracy, _counted(row.accuracy)) for row in rows]
    title = " · ".join(filter(None, (group, judge))) if titled else ""
    left = _dots(accuracy, list(places), "judge accuracy, %", 0.5)
    if not pairs:
        return left.properties(title=title)
    told = [_dot(_whose(pair, made), pair.difference, _p(pair)) for pair in pairs]
    right = _dots(told, list(places), f"difference from {made.baseline}, percentage points", 0.0)
    return alt.hconcat(left, right, spacing=24).properties(title=title)


def _whose(one: Row | Pair, made: Comparison) -> str:
    """What stands beside a row; arms are indented below their protocol."""
    arm = one.arm if isinstance(one, Row) else ""
    casts = {row.cast for row in made.rows if (row.run, row.protocol) == (one.run, one.protocol)}
    run = f"{one.run}: " if len(made.runs) > 1 else ""
    cast = f" [{one.cast}]" if len(casts) > 1 else ""
    return f"{run}{one.protocol}{cast}" + (f", {arm}" if arm else "")


def _dot(label: str, figure: Figure, note: str) -> dict[str, Any]:
    return {"label": label, "value": figure.value, "low": figure.low, "high": figure.high, "note": note}


def _counted(figure: Figure) -> str:
    lost = figure.unreadable + figure.failed
    return f"n = {figure.rulings}" + (f", {lost} unscored" if lost else "")


def _p(pair: Pair) -> str:
    return "" if pair.p_holm is None else "p (Holm) < 0.001" if pair.p_holm < 0.001 else f"p (Holm) = {pair.p_holm:.3f}"


def _dots(rows: Sequence[dict[str, Any]], order: Sequence[str], title: str, rule: float) -> Any:
    """A dot and its interval in each row, with a note above; a dashed line at `rule`, which is 0 for differences."""
    data = _data(rows)
    shown = rule == 0.5
    axis = alt.Axis(title=None, labels=shown, ticks=False, domain=False, labelLimit=320)
    base = alt.Chart(data).encode(y=alt.Y("label:N", sort=list(order), scale=alt.Scale(domain=list(order)), axis=axis))
    ends = [row[name] for row in rows for name in ("low", "high", "value") if row[name] is not None] or [0.0, 1.0]
    span = [0.0, 1.0] if shown else [min(*ends, -0.05), max(*ends, 0.05)]
    scale = alt.Scale(domain=span, nice=not shown)
    x = alt.X("value:Q", scale=scale, axis=alt.Axis(title=title, labelExpr=_HUNDREDTHS[shown], tickCount=5))
    line = alt.Chart(_data([{"at": rule}])).mark_rule(strokeDash=[4, 4], color=_GREY)
    known = base.transform_filter("isValid(datum.value)")
    noted = base.transform_calculate(at=f"isValid(datum.value) ? datum.value : {rule}")
    note = {"x": "at:Q", "text": "note:N"}
    layers = [
        line.encode(x=alt.X("at:Q", scale=scale)),
        noted.mark_text(dy=-9, fontSize=9, stroke="white", strokeWidth=3).encode(**note),  # keeps lines off the letters
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2, color=_DARK)
        .encode(x="low:Q", x2="high:Q"),
        known.mark_point(filled=True, size=60, color=_DARK, opacity=1).encode(x=x),
        noted.mark_text(dy=-9, fontSize=9, color=_GREY).encode(**note),
    ]
    return alt.layer(*layers).properties(width=260, height=_ROW * len(order))


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Data(values=list(rows))  # type: ignore[no-untyped-call]  # Altair's own
