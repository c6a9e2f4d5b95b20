"""Calibration: how often judges are right where they say how sure they are."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from arena.calibration import Bin, Mass
from arena.compare import Row
from arena.metric import Figure
from arena.samples import Group
from dashboards import address, comparing, exhibit, figures, reading, words
from dashboards.charts.dots import Dot, Scale, dots
from dashboards.charts.spots import Axis, Spot, scatter
from dashboards.exhibit import Exhibit
from dashboards.markup import plain

PLACE = 60
MEASURES = {
    "brier": "Brier score: squared error of the probability of the right answer, 0 is best",
    "log_score": "Log score in bits: 0 is best, one bit below for a coin between two answers",
    "ece": "Expected calibration error: mean gap between sure and right, 0 is best",
}
NAMES = {"brier": "Brier score", "log_score": "log score", "ece": "calibration error"}
MASSES: dict[str, Mass] = {"equally many rulings a bin": "equal", "bins of equal width": "width"}
MOST = 12
"""Diagrams on one page."""


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Calibration")
    made = figures.comparison(run)
    judges = comparing.judges([row for row in made.rows if row.accuracy.value is not None])
    if not judges:
        st.info("No ruling of this run could be held against the truth: none was read, or nobody knows what is right.")
        return
    judge, by = st.columns(2)
    chosen = address.choose(judge, "Judge", [*judges, comparing.ALL] if len(judges) > 1 else judges, "judge")
    mass = MASSES[address.choose(by, "Bins", list(MASSES), "bins")]
    whose = "" if chosen == comparing.ALL else chosen
    made = made if whose else figures.comparison(run, pooled=True)
    rows = [row for row in made.rows if row.judge == whose and not row.arm]
    scores(run, rows)
    diagrams(run, [row for row in rows if row.accuracy.value is not None], mass)


def scores(run: reading.Run, rows: Sequence[Row]) -> None:
    """One score of the probabilities, protocol by protocol."""
    st.subheader("Scores of the probabilities")
    name = address.switch(st, "Score", list(MEASURES), "score", format_func=NAMES.__getitem__)
    title = MEASURES[name]
    several = len(rows) > len({row.protocol for row in rows})
    found: list[tuple[Row, Figure]] = [(row, getattr(row, name)) for row in rows]
    shown = [
        Dot(words.name(row, several), "protocol", one.value, one.low, one.high, words.value(one)) for row, one in found
    ]
    scale = Scale(title.partition(":")[0], words.span([one for _, one in found]), ".2f")
    figures_ = [
        {"protocol": row.protocol, "judge": row.judge or comparing.ALL, **_scores(row), "cast": row.cast}
        for row in rows
    ]
    exhibit.show(Exhibit(title, dots(shown, scale, None), comparing.spoken(shown), figures_, f"{name} {run.id}"))


def _scores(row: Row) -> dict[str, object]:
    told: dict[str, object] = {}
    for name in MEASURES:
        one = getattr(row, name)
        told |= {name: one.value, f"{name} low": one.low, f"{name} high": one.high}
    return {**told, "n": row.brier.rulings, "unscored": row.brier.unreadable + row.brier.failed}


def diagrams(run: reading.Run, rows: Sequence[Row], mass: Mass) -> None:
    """A reliability diagram for each protocol."""
    st.subheader("Reliability")
    for number, place in comparing.multiples([str(i) for i in range(min(MOST, len(rows)))]):
        row = rows[int(number)]
        bins = figures.bins(run, Group(row.run, row.protocol, row.judge, row.cast), mass)
        with place:
            diagram(run, words.name(row, True), row, bins)
    if len(rows) > MOST:
        st.caption(f"The first {MOST} of {len(rows)} protocols and casts.")
    st.caption(
        "Each point is a bin of rulings by the probability of their most probable answer; the number beside it is how "
        "many. On the dashed line a judge is as often right as it says; below it, it is too sure."
    )


def diagram(run: reading.Run, name: str, row: Row, bins: Sequence[Bin]) -> None:
    """One of them."""
    spots = [
        Spot(name, one.mean_p, one.share_right, one.share_low, one.share_high, f"{one.rulings:,}",
             f"{one.rulings:,} rulings of {one.sources:,} sources")
        for one in bins
    ]  # fmt: skip
    least = min([0.5, *(one.mean_p for one in bins)])
    line = [Spot("as right as sure", end, end) for end in (least, 1.0)]
    said, right = Axis("said probability", ".0%", (least - 0.02, 1.02)), Axis("share right", ".0%", (0, 1.05))
    chart = scatter(spots, said, right, guides=line)
    told = "; ".join(f"said {one.mean_p:.2f}, right {one.share_right:.2f}, {one.rulings} rulings" for one in bins)
    table = [
        {"from": one.low, "to": one.high, "mean said": one.mean_p, "share right": one.share_right,
         "low": one.share_low, "high": one.share_high, "rulings": one.rulings, "sources": one.sources}
        for one in bins
    ]  # fmt: skip
    title = f"{name}: how often right, by how sure"
    exhibit.show(Exhibit(title, chart, told, table, f"reliability {comparing.ident(row)} {run.id}"))
    st.caption(plain(words.rests(row.brier)))


if __name__ == "__main__":
    main()
