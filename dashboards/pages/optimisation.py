"""Optimisation: what happens to the truth as speakers are optimised harder against the judge."""

from __future__ import annotations

import math
from collections.abc import Iterator

import streamlit as st

from arena.metric import Figure
from arena.optimisation import Curve
from dashboards import comparing, exhibit, figures, reading, words
from dashboards.charts.spots import Axis, Spot, lines
from dashboards.exhibit import Exhibit
from dashboards.markup import clean

PLACE = 80
MOST = 12
"""Curves on one page."""
POOLS = {
    "drafts": "best of n drafts of each turn",
    "transcripts": "best of n whole transcripts on a question",
}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Optimisation")
    found = figures.curves(run)
    if not found:
        st.info(
            "No pool of scored samples in this run: cast a speaker as `best_of_n`, or give the experiment `repeats`, "
            "and the curves for every n follow from one pool."
        )
        return
    for number, place in comparing.multiples([str(i) for i in range(min(MOST, len(found)))]):
        with place:
            curve(run, int(number), found[int(number)])
    if len(found) > MOST:
        st.caption(f"The first {MOST} of {len(found)} curves.")
    st.caption(
        "Proxy is what is optimised, the judge's probability of the answer argued for; gold is the truth. Where proxy "
        "goes on rising and gold falls, the judge is exploited. The axis is the square root of the divergence from a "
        "single draw, ln n − (n − 1)/n nats, as in the literature; the numbers beside the points are n."
    )


def curve(run: reading.Run, number: int, one: Curve) -> None:
    """One protocol, cast and judge."""
    spots = [
        Spot(name, math.sqrt(kl), figure.value or 0.0, figure.low, figure.high, label, words.rests(figure))
        for name, n, kl, figure in _points(one)
        for label in [f"{n}" if name == "proxy (judge)" else ""]
    ]
    title = f"{one.protocol}, {POOLS[one.pool]}, judge {one.judge}: proxy and gold"
    chart = lines(spots, Axis("√KL, √nats", ".2f"), Axis("share", ".0%", (0, 1.02)))
    told = "; ".join(f"{name} at n {n}: {figure.value:.2f}" for name, n, _, figure in _points(one))
    table = [
        {"series": name, "best of": n, "KL, nats": kl, **words.cells("value", figure), "cast": clean(one.cast, 300)}
        for name, n, kl, figure in _points(one)
    ]  # fmt: skip
    exhibit.show(Exhibit(title, chart, told, table, f"optimisation {number} {run.id}"))


def _points(one: Curve) -> Iterator[tuple[str, int, float, Figure]]:
    """(series, n, KL, figure) of every point that has a value."""
    for point in one.points:
        for name, figure in (("proxy (judge)", point.proxy), ("gold (truth)", point.gold)):
            if figure is not None and figure.value is not None:
                yield name, point.n, point.kl, figure


if __name__ == "__main__":
    main()
