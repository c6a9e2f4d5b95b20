"""A dot with its interval for each row: accuracies, differences, ratings, biases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from dashboards.charts import ink

KINDS = {
    "floor: direct": ("triangle-down", 7),
    "ceiling: expert": ("triangle-up", 7),
    "protocol": ("circle", 0),
    "arm: right": ("square", 2),
    "arm: wrong": ("diamond", 4),
    "above 0": ("triangle-right", 0),
    "below 0": ("triangle-left", 1),
    "interval holds 0": ("circle", 7),
}
"""Kind of a row -> shape and colour; the shape alone tells them apart."""

ROW, MARGIN, LEGEND = 46, 92, 30
"""Heights in pixels: of a row, of the axis with its title, of a line of the legend."""

_LETTER = 6.5
"""Width of a letter in pixels, on average: a row's label leaves room for its note."""
_ACROSS = 3
"""Kinds on a line of the legend."""
_DOWN = 10
"""A mark stands so far below the middle of its row, under the row's words."""


class Dot(NamedTuple):
    """One row of a chart."""

    label: str
    kind: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    """Written at the end of the row's words."""
    key: str = ""
    """What the address calls it when it is chosen."""


class Rule(NamedTuple):
    """A vertical line to compare with."""

    at: float
    label: str


class Scale(NamedTuple):
    """The axis of a chart."""

    title: str
    """With the unit."""
    domain: tuple[float, float]
    format: str
    """A d3 number format."""


def kind(low: float | None, high: float | None) -> str:
    """Of a difference: on which side of 0 its interval lies."""
    if low is None or high is None:
        return "interval holds 0"
    return "above 0" if low > 0 else "below 0" if high < 0 else "interval holds 0"


def reach(rows: Sequence[Dot], step: float) -> tuple[float, float]:
    """From the lowest to the highest end, in steps, zero always among them."""
    ends = [x for row in rows for x in (row.value, row.low, row.high) if x is not None]
    return step * (min([-step, *ends]) // step), -step * (-max([step, *ends]) // step)


def dots(rows: Sequence[Dot], scale: Scale, rule: Rule | None, chosen: str = "", beside: Sequence[Dot] = ()) -> Any:
    """The chart. Each row can be chosen where its rows have keys; the one that is `chosen` has a band behind it.

    `beside` are the rows of all charts that stand side by side: they have one legend.
    """
    data = pd.DataFrame([row._asdict() for row in rows]).astype({"value": float, "low": float, "high": float})
    data["row"] = range(len(rows))
    data["noted"] = [_LETTER * len(row.note) + 16 for row in rows]
    data["chosen"] = [bool(chosen) and row.key == chosen for row in rows]
    axis = alt.Axis(format=scale.format, title=scale.title, grid=True, tickCount=5, labelFlush=True)
    x = alt.X("value:Q", scale=alt.Scale(domain=list(scale.domain), nice=False, clamp=True), axis=axis)
    base = alt.Chart().encode(y=alt.Y("row:O", axis=None))
    layers = [_band(base), *([_reference(rule, x)] if rule else []), *_marks(base, beside or rows, x), *_words(base)]
    if any(row.key for row in rows):
        layers.append(_target(base))
    kinds = len({row.kind for row in beside or rows})
    height = ROW * len(rows) + MARGIN + (LEGEND * -(-kinds // _ACROSS) if kinds > 1 else 0)
    return alt.layer(*layers, data=data).properties(
        height=height, padding={"right": 12, "top": 18, "left": 4, "bottom": 6}
    )


def _band(base: alt.Chart) -> Any:
    return base.transform_filter("datum.chosen").mark_rect(color=ink.band(), opacity=1)


def _marks(base: alt.Chart, rows: Sequence[Dot], x: alt.X) -> list[Any]:
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in rows)]
    every = ink.colours(8)
    legend = (
        alt.Legend(
            title=None, orient="bottom", labelLimit=260, symbolSize=110, symbolOpacity=1, offset=4, columns=_ACROSS
        )
        if len(kinds) > 1
        else None
    )
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[every[KINDS[kind][1]] for kind in kinds]), legend=legend
    )
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=[KINDS[kind][0] for kind in kinds]), legend=legend)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    return [
        known.mark_rule(strokeWidth=2, yOffset=_DOWN).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), color=colour),
        base.transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=130, opacity=1, yOffset=_DOWN)
        .encode(x=x, color=colour, shape=shape, tooltip=_tips()),
    ]


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N"),
        *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high")),
        alt.Tooltip("note:N"),
    ]


def _words(base: alt.Chart) -> list[Any]:
    """What the row is at the left, its figure at the right: they need no room beside the chart."""
    room, width = alt.ExprRef("max(60, width - datum.noted)"), alt.ExprRef("width")
    said = base.mark_text(align="left", color=ink.text(), limit=room, x=2, dy=-10, fontSize=13, **ink.halo())
    noted = base.mark_text(align="right", color=ink.faint(), limit=width, x=width, dy=-10, fontSize=13, **ink.halo())
    return [said.encode(text=alt.Text("label:N")), noted.encode(text=alt.Text("note:N"))]


def _target(base: alt.Chart) -> Any:
    """The whole row takes the click, since a dot is small; it lies on top and cannot be seen."""
    pick = alt.selection_point(name="pick", fields=["key"], on="click", clear=False, toggle=False)
    return base.mark_rect(opacity=0.001, cursor="pointer").encode(tooltip=_tips()).add_params(pick)


def _reference(rule: Rule, x: alt.X) -> Any:
    base = alt.Chart(pd.DataFrame([{"value": rule.at, "label": rule.label}]))
    line = base.mark_rule(strokeDash=[5, 4], color=ink.faint()).encode(x=x)
    named = base.mark_text(dy=-8, fontSize=12, color=ink.faint())
    return line + named.encode(x=x, y=alt.value(0), text=alt.Text("label:N"))
