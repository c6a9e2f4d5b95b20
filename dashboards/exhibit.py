"""A chart as the pages show one: what it says as its title, the chart, and its figures as a table and a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from dashboards import address
from dashboards.address import Choice
from dashboards.charts import spec
from dashboards.markup import plain

Line = Mapping[str, object]


WHOSE = ("cast", "judge", "arm", "group", "run")
"""Columns that tell rows about one protocol apart."""


class Exhibit(NamedTuple):
    """One chart with everything that goes with it."""

    title: str
    """What it shows, in a sentence."""
    chart: Any
    told: str
    """What a reader who cannot see it is told."""
    lines: Sequence[Line]
    """The figures that it draws, with their units in the names."""
    file: str
    """Name of the file that they are offered as, and the key of the chart in its page."""


def show(exhibit: Exhibit, choice: Choice | None = None) -> None:
    """Draw it."""
    st.markdown(f"**{plain(exhibit.title)}**")
    if choice:
        address.mark(exhibit.chart, choice, exhibit.file, exhibit.told)
    else:
        st.vega_lite_chart(spec(exhibit.chart), width="stretch", alt=exhibit.told, key=f"chart {exhibit.file}")
    with st.expander("Figures of this chart"):
        grid(exhibit.lines)
        download(exhibit.lines, exhibit.file)


def metrics(told: Mapping[str, str]) -> None:
    """Figures side by side, below one another where there is no room."""
    with st.container(horizontal=True):
        for name, value in told.items():
            st.metric(name, plain(value), border=True, width=170)


def grid(lines: Sequence[Line], **columns: Any) -> None:
    """A table; whole numbers have separators. `columns` are settings of single columns."""
    data = frame(lines)
    st.dataframe(data, hide_index=True, width="stretch", placeholder="", column_config=settings(data) | columns)


def frame(lines: Sequence[Line]) -> pd.DataFrame:
    """The lines as a table: who judges and who speaks is left out where it is the same in every row, and comes after
    the protocol where that alone would not tell rows apart."""
    data = pd.DataFrame([dict(line) for line in lines])
    same = [name for name in WHOSE if len(data) > 1 and name in data and data[name].nunique() <= 1]
    data = data.drop(columns=same)
    if "protocol" not in data:
        return data
    several = data.groupby("protocol", sort=False).nunique()
    first = ["protocol", *(name for name in WHOSE if name in data and several[name].max() > 1)]
    return data[first + [name for name in data if name not in first]]


def settings(data: pd.DataFrame) -> dict[str, Any]:
    """How the columns of a table are shown."""
    numbers = [name for name in data if pd.api.types.is_numeric_dtype(data[name])]
    columns: dict[str, Any] = {str(name): st.column_config.NumberColumn(format="localized") for name in numbers}
    if "protocol" in data:
        columns["protocol"] = st.column_config.TextColumn(pinned=True)
    return columns


def download(lines: Sequence[Line], name: str) -> None:
    """Offer the lines as a file of comma-separated values."""
    key = f"csv {name}"
    st.download_button("Download CSV", table(lines), f"{name}.csv", "text/csv", on_click="ignore", key=key)


def table(lines: Sequence[Line]) -> str:
    """The lines as comma-separated values; a text that a spreadsheet would run as a formula is quoted with an
    apostrophe."""
    file = io.StringIO()
    names = list(dict.fromkeys(name for line in lines for name in line))
    writer = csv.DictWriter(file, names, restval="")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in line.items()} for line in lines)
    return file.getvalue()


def _inert(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
