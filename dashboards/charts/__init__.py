"""The charts: each takes named tuples and gives an Altair chart, with shapes beside its colours."""

from __future__ import annotations

from typing import Any

from altair.utils import schemapi

schemapi.disable_debug_mode()


def spec(chart: Any) -> dict[str, Any]:
    """A chart as Vega-Lite, with its data.

    Altair would hold every part of it against the schema, which takes longer than all else that a page does; charts
    differ by their data alone, so that the tests do it once and for all.
    """
    return dict(chart.to_dict(validate=False))
