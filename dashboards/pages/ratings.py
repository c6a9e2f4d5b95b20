"""Ratings: how strong debaters and judges are, on Elo's scale, from who turned which verdict."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from arena.ratings import Rating, Ratings
from dashboards import comparing, exhibit, figures, reading, words
from dashboards.charts.dots import Dot, Rule, Scale, dots, reach
from dashboards.exhibit import Exhibit
from dashboards.markup import clean, plain

PLACE = 70
LISTS = {
    "debaters": "Debaters, whichever side they argued for",
    "right": "As speakers for a right answer",
    "wrong": "As speakers for a wrong answer: how well they mislead (Engels 2025: Houdini)",
    "judges": "Judges: how well they tell right from wrong (Engels 2025: Guard)",
}
MOST = 20
"""Rows of one chart."""
VOTED = {"debaters": "Those whose texts were voted on, by which of two was preferred"}
"""The list of a run in which nobody knows a right answer."""


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Ratings")
    found = figures.ratings(run)
    if not any(getattr(found, name) for name in LISTS):
        st.info("Nobody to rate: ratings need speakers for two answers, or judges, with verdicts that could be read.")
        return
    warn(found)
    lists = LISTS if found.right or found.wrong or found.judges else VOTED
    for (name, title), (_, place) in zip(lists.items(), comparing.multiples(list(lists)), strict=True):
        with place:
            listed(run, name, title, getattr(found, name))
    st.caption(
        "Elo points above the mean of each list; 400 points are odds ten times as good. Bars are 95 % intervals by the "
        "bootstrap over sources; n is the number of verdicts that a player took part in."
    )
    comparing.left_out(run)


def warn(found: Ratings) -> None:
    """Say where ratings cannot be compared, or stand on the model's prior alone."""
    if not found.connected:
        groups = "; ".join(", ".join(group) for group in found.components)
        st.warning(
            plain(
                "Not every two debaters are linked by verdicts, directly or through others. Ratings can be compared "
                f"within each of these groups only: {clean(groups, 2_000)}."
            ),
            icon="⚠️",
        )
    if found.unbeaten:
        names = clean(", ".join(found.unbeaten), 2_000)
        st.warning(plain(f"Won or lost every verdict, so that only the ridge keeps the rating finite: {names}."))


def listed(run: reading.Run, name: str, title: str, found: Sequence[Rating]) -> None:
    """One list, the strongest first."""
    if not found:
        st.markdown(f"**{plain(title)}**")
        st.caption("None.")
        return
    ordered = sorted(found, key=lambda one: -one.value)
    shown = [Dot(clean(one.name, 200), "protocol", one.value, one.low, one.high, _note(one)) for one in ordered[:MOST]]
    scale = Scale("Elo points", reach(shown, 100), "+,.0f")
    table = [
        {"name": one.name, "Elo points": one.value, "low": one.low, "high": one.high, "verdicts": one.games}
        for one in ordered
    ]
    chart = dots(shown, scale, Rule(0, "mean of the list"))
    exhibit.show(Exhibit(title, chart, comparing.spoken(shown), table, f"ratings {name} {run.id}"))
    if len(ordered) > MOST:
        st.caption(f"The first {MOST} of {len(ordered)}; the figures of the chart have all.")


def _note(one: Rating) -> str:
    blank = " · no interval" if one.low is None else ""
    return f"{words.points(one.value)} · n {one.games:,}{blank}"


if __name__ == "__main__":
    main()
