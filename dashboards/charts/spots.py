"""Points in a plane with their intervals: accuracy against what it took, and lines of what changes step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from dashboards.charts import ink

HEIGHT, LEGEND = 340, 28
"""Heights in pixels: of a chart, of each further line of its legend."""
PADDING = {"right": 24, "top": 18, "left": 4, "bottom": 6}
_ACROSS = 2
"""Series on a line of the legend."""


class Spot(NamedTuple):
    """One point of a series."""

    series: str
    x: float
    y: float
    low: float | None = None
    """Of the interval of y."""
    high: float | None = None
    label: str = ""
    """Written beside the point."""
    note: str = ""
    """What it rests on, for the tooltip."""
    left: float | None = None
    """Of the interval of x."""
    right: float | None = None


class Axis(NamedTuple):
    """One axis."""

    title: str
    """With the unit."""
    format: str = ""
    """A d3 number format."""
    domain: tuple[float, float] | None = None
    """None: what the points need."""
    kind: str = "linear"
    """`log` where the points differ by orders of magnitude."""


def scatter(spots: Sequence[Spot], x: Axis, y: Axis, front: Sequence[Spot] = (), guides: Sequence[Spot] = ()) -> Any:
    """Points with intervals; a stepped line joins those of the `front`, a dashed one the ends of `guides`."""
    base = alt.Chart()
    layers = [_guide(guides, x, y)] if guides else []
    layers += [*([_front(front, x, y)] if len(front) > 1 else []), *_intervals(base, x, y, spots)]
    layers += [_points(base, x, y, spots), _labels(base, x, y)]
    return alt.layer(*layers, data=_frame(spots)).properties(height=_height(spots), padding=PADDING)


def lines(spots: Sequence[Spot], x: Axis, y: Axis, guides: Sequence[Spot] = ()) -> Any:
    """A line for each series, its points with intervals; `guides` are the ends of a dashed line to compare with."""
    base = alt.Chart()
    layers = [*([_guide(guides, x, y)] if guides else []), *_joined(spots, x, y), *_intervals(base, x, y, spots)]
    layers += [_points(base, x, y, spots), _labels(base, x, y)]
    return alt.layer(*layers, data=_frame(spots)).properties(height=_height(spots), padding=PADDING)


def spread(values: Sequence[float]) -> str:
    """The kind of axis that shows these values: logarithmic where the largest is a hundred times the smallest."""
    return "log" if values and min(values) > 0 and max(values) / min(values) >= 100 else "linear"


def _frame(spots: Sequence[Spot]) -> pd.DataFrame:
    numbers = ("x", "y", "low", "high", "left", "right")
    return pd.DataFrame([spot._asdict() for spot in spots], columns=list(Spot._fields)).astype(
        dict.fromkeys(numbers, float)
    )


def room(values: Sequence[float]) -> tuple[float, float] | None:
    """What an axis shows where all values are the same, of which no scale could be made; else None."""
    if not values or max(values) > min(values):
        return None
    at = values[0]
    return (0, 2 * at) if at > 0 else (at - 1, at + 1)


def _axis(name: str, axis: Axis) -> Any:
    made = alt.X if name == "x" else alt.Y
    scale = alt.Scale(type=axis.kind, zero=False, nice=axis.domain is None, clamp=True)  # type: ignore[arg-type]  # a scale by name
    if axis.domain:
        scale.domain = list(axis.domain)
    return made(f"{name}:Q", scale=scale, axis=alt.Axis(title=axis.title, format=axis.format, tickCount=5))


def _names(spots: Sequence[Spot]) -> list[str]:
    return list(dict.fromkeys(spot.series for spot in spots))


def _legend(spots: Sequence[Spot]) -> alt.Legend | None:
    if len(_names(spots)) < 2:
        return None
    return alt.Legend(title=None, orient="bottom", labelLimit=320, symbolSize=110, columns=_ACROSS)


def _height(spots: Sequence[Spot]) -> int:
    return HEIGHT + LEGEND * max(0, -(-len(_names(spots)) // _ACROSS) - 1)


def _colour(spots: Sequence[Spot]) -> alt.Color:
    names = _names(spots)
    scale = alt.Scale(domain=names, range=ink.colours(len(names)))
    return alt.Color("series:N", scale=scale, legend=_legend(spots))


def _joined(spots: Sequence[Spot], x: Axis, y: Axis) -> list[Any]:
    """A line for each series with a pattern of its own: not by an encoding, which would break up the legend's marks."""
    names = _names(spots)
    return [
        alt.Chart()
        .transform_filter(alt.datum.series == name)
        .mark_line(strokeWidth=2, strokeDash=list(dash))
        .encode(x=_axis("x", x), y=_axis("y", y), color=_colour(spots))
        for name, dash in zip(names, ink.dashes(len(names)), strict=True)
    ]


def _points(base: alt.Chart, x: Axis, y: Axis, spots: Sequence[Spot]) -> Any:
    names = _names(spots)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=names, range=ink.shapes(len(names))), legend=_legend(spots))
    figures = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("x", "y", "low", "high")]
    return base.mark_point(filled=True, size=110, opacity=1).encode(
        x=_axis("x", x),
        y=_axis("y", y),
        color=_colour(spots),
        shape=shape,
        tooltip=[alt.Tooltip("series:N"), *figures, alt.Tooltip("note:N")],
    )


def _intervals(base: alt.Chart, x: Axis, y: Axis, spots: Sequence[Spot]) -> list[Any]:
    colour = _colour(spots)
    upright = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    level = base.transform_filter("isValid(datum.left) && isValid(datum.right)")
    made = [
        upright.mark_rule(strokeWidth=1.5).encode(x=_axis("x", x), y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=colour)
    ]
    if any(spot.left is not None for spot in spots):
        made.append(
            level.mark_rule(strokeWidth=1.5).encode(
                y=_axis("y", y), x=alt.X("left:Q"), x2=alt.X2("right:Q"), color=colour
            )
        )
    return made


def _labels(base: alt.Chart, x: Axis, y: Axis) -> Any:
    said = base.transform_filter("datum.label")
    drawn = said.mark_text(dy=-14, fontSize=12, limit=180, color=ink.text(), **ink.halo())
    return drawn.encode(x=_axis("x", x), y=_axis("y", y), text=alt.Text("label:N"))


def _front(front: Sequence[Spot], x: Axis, y: Axis) -> Any:
    ordered = sorted(front, key=lambda spot: spot.x)
    return (
        alt.Chart(_frame(ordered))
        .mark_line(interpolate="step-after", strokeDash=[5, 4], color=ink.faint())
        .encode(x=_axis("x", x), y=_axis("y", y))
    )


def _guide(guides: Sequence[Spot], x: Axis, y: Axis) -> Any:
    return (
        alt.Chart(_frame(guides))
        .mark_line(strokeDash=[5, 4], color=ink.faint())
        .encode(x=_axis("x", x), y=_axis("y", y), detail=alt.Detail("series:N"))
    )
