"""Bars made of parts, one row each: tokens and dollars by role, failures by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from dashboards.charts import ink

ROW, MARGIN, LEGEND = 48, 100, 30
"""Heights in pixels: of a row, of the axis with its title, of a line of the legend."""
_ACROSS = 2
"""Parts on a line of the legend."""


class Bar(NamedTuple):
    """One part of a row."""

    label: str
    """Of the row."""
    part: str
    value: float
    key: str = ""
    """What the address calls the row when it is chosen."""


def bars(parts: Sequence[Bar], title: str, unit: str, chosen: str = "") -> Any:
    """The chart: `title` names the axis with its unit, `unit` is a d3 number format."""
    names = list(dict.fromkeys(bar.part for bar in parts))
    rows = list(dict.fromkeys(bar.label for bar in parts))
    data = pd.DataFrame([{**bar._asdict(), "at": names.index(bar.part)} for bar in parts])
    data["chosen"] = [bool(chosen) and bar.key == chosen for bar in parts]
    y = alt.Y("label:N", sort=rows, axis=None, scale=alt.Scale(paddingInner=0))
    base = alt.Chart().encode(y=y)
    legend = alt.Legend(title=None, orient="bottom", labelLimit=320, columns=_ACROSS) if len(names) > 1 else None
    colour = alt.Color("part:N", scale=alt.Scale(domain=names, range=ink.colours(len(names))), legend=legend)
    tips = [alt.Tooltip("label:N"), alt.Tooltip("part:N"), alt.Tooltip("value:Q", format=unit)]
    x = alt.X("sum(value):Q", axis=alt.Axis(title=title, format=unit, tickCount=4, labelFlush=True))
    drawn = base.mark_bar(height=14, yOffset=10, stroke=ink.paper(), strokeWidth=1).encode(
        x=x, color=colour, order=alt.Order("at:Q"), tooltip=tips
    )
    layers = [base.transform_filter("datum.chosen").mark_rect(color=ink.band()), drawn, _words(data, y)]
    if any(bar.key for bar in parts):
        layers.append(_target(data, y))
    return alt.layer(*layers, data=data).properties(
        height=ROW * len(rows) + MARGIN, padding={"right": 12, "top": 8, "left": 4, "bottom": 6}
    )


def _words(data: pd.DataFrame, y: alt.Y) -> Any:
    rows = alt.Chart(data.drop_duplicates("label")).encode(y=y, text=alt.Text("label:N"))
    wide = alt.ExprRef("width")
    return rows.mark_text(align="left", dy=-9, fontSize=13, limit=wide, x=2, color=ink.text(), **ink.halo())


def _target(data: pd.DataFrame, y: alt.Y) -> Any:
    pick = alt.selection_point(name="pick", fields=["key"], on="click", clear=False, toggle=False)
    rows = alt.Chart(data.drop_duplicates("label")).encode(y=y)
    return rows.mark_rect(opacity=0.001, cursor="pointer").encode(tooltip=[alt.Tooltip("label:N")]).add_params(pick)
