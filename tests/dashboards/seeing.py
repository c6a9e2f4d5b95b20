"""What a page that is drawn without a browser shows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from streamlit.testing.v1 import AppTest

import dashboards

FIRST = "runs"
"""The page that an address without one opens."""
PAGES = sorted(file.stem for file in (Path(dashboards.__file__).parent / "pages").glob("[!_]*.py"))
KINDS = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "html", "metric", "dataframe")


class Drawn(NamedTuple):
    """A chart."""

    data: str
    """What it draws, as comma-separated values."""
    told: str
    """What a reader who cannot see it is told."""
    spec: str


def words(at: AppTest) -> str:
    """Everything that the browser would get, but for the charts."""
    shown = [block for kind in KINDS for block in at.get(kind)]
    return "\n".join(f"{b.label} {b.value}" if b.type == "metric" else str(_body(b)) for b in shown)


def marked(at: AppTest) -> str:
    """What the browser reads as markdown or HTML."""
    return "\n".join(str(_body(block)) for kind in KINDS if kind != "dataframe" for block in at.get(kind))


def _body(block: object) -> object:
    if getattr(block, "type", "") == "dataframe":
        return block.value.to_csv()  # type: ignore[attr-defined]
    return getattr(block, "value", None) or getattr(block, "proto", "")


def charts(at: AppTest) -> list[Drawn]:
    """The charts of a page."""
    found = []
    for block in at.get("vega_lite_chart"):
        tables = [pa.ipc.open_stream(one.data.data).read_pandas() for one in block.proto.datasets]
        found.append(Drawn("\n".join(table.to_csv() for table in tables), block.proto.alt, block.proto.spec))
    return found


def fine(at: AppTest) -> None:
    """No fault, and no error told."""
    assert not at.exception
    assert not at.error, at.error[0].value
