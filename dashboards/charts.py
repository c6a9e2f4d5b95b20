"""A dot with its interval for each row: the chart of accuracies and that of differences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd
import streamlit as st

KINDS = {
    "floor: direct": ("triangle-down", "#6b7280"),
    "ceiling: expert": ("triangle-up", "#6b7280"),
    "protocol": ("circle", "#1f5fbf"),
    "arm: right": ("square", "#8fb3ea"),
    "arm: wrong": ("diamond", "#8fb3ea"),
}
"""Kind of a row -> shape and colour; the shape alone tells them apart."""

ROW, MARGIN = 48, 170
"""Heights in pixels: of a row, and of the axis and the legend together."""

GREY = "#808895"


class Dot(NamedTuple):
    """One row of a chart."""

    label: str
    """Lines are parted by line feeds."""
    kind: str
    value: float | None
    low: float | None
    high: float | None
    note: str
    """Written beside the mark, or in its place where there is no value."""


class Rule(NamedTuple):
    """A vertical line to compare with."""

    at: float
    label: str


def dots(rows: Sequence[Dot], domain: tuple[float, float], rule: Rule, title: str, unit: str) -> Any:
    """The chart; `unit` is a d3 number format."""
    data = pd.DataFrame([row._asdict() for row in rows]).astype({"value": float, "low": float, "high": float})
    data["row"] = range(len(rows))
    data["at"] = data["value"].fillna(domain[0])
    axis = alt.Axis(format=unit, title=title, grid=True, tickCount=6, labelFlush=False)
    x = alt.X("value:Q", scale=alt.Scale(domain=list(domain), nice=False), axis=axis)
    base = alt.Chart(data).encode(y=_names(rows))
    layers = [_reference(rule, x), *_marks(base, rows, x), *_notes(base)]
    return alt.layer(*layers).properties(height=ROW * len(rows) + MARGIN, padding={"right": 60, "top": 8})


def _names(rows: Sequence[Dot]) -> alt.Y:
    labels = json.dumps([row.label.split("\n") if "\n" in row.label else row.label for row in rows])
    axis = alt.Axis(
        labelExpr=f"{labels}[datum.value]",
        labelLimit=280,
        labelFlush=False,
        labelFontSize=13,
        title=None,
        ticks=False,
        domain=False,
    )
    return alt.Y("row:O", axis=axis)


def _marks(base: alt.Chart, rows: Sequence[Dot], x: alt.X) -> list[Any]:
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in rows)]
    shapes, colours = ([KINDS[kind][i] for kind in kinds] for i in (0, 1))
    legend = (
        alt.Legend(title=None, orient="bottom", labelLimit=260, symbolSize=110, symbolOpacity=1, offset=4)
        if len(kinds) > 1
        else None
    )
    colour = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colours), legend=legend)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=shapes), legend=legend)
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    ends = [
        known.mark_tick(orient="vertical", thickness=2, size=12).encode(x=f"{end}:Q", color=colour)
        for end in ("low", "high")
    ]
    tips = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("value", "low", "high")]
    return [
        known.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=colour),
        *ends,
        base.transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=130, opacity=1)
        .encode(x=x, color=colour, shape=shape, tooltip=tips),
    ]


def _notes(base: alt.Chart) -> list[Any]:
    said = base.transform_filter("isValid(datum.value)")
    none = base.transform_filter("!isValid(datum.value)")
    styles = {"color": paper(), "stroke": paper(), "strokeWidth": 5}, {"color": GREY}  # the first is a halo
    return [
        layer
        for style in styles
        for layer in (
            said.mark_text(dy=-15, fontSize=12, **style).encode(x="at:Q", text="note:N"),
            none.mark_text(dx=6, fontSize=12, align="left", **style).encode(x="at:Q", text="note:N"),
        )
    ]


def paper() -> str:
    """The colour behind the chart."""
    return "#0e1117" if st.context.theme.type == "dark" else "#ffffff"


def _reference(rule: Rule, x: alt.X) -> Any:
    base = alt.Chart(pd.DataFrame([{"value": rule.at, "label": rule.label}]))
    line = base.mark_rule(strokeDash=[5, 4], color=GREY).encode(x=x)
    return line + base.mark_text(dy=-8, fontSize=12, color=GREY).encode(x=x, y=alt.value(0), text="label:N")
