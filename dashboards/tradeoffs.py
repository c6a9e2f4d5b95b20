"""Accuracy against what it took and against who argued: the charts of the comparison with two axes."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from arena.compare import Comparison, Row
from arena.front import front
from arena.strength import Advantage
from dashboards import address, comparing, exhibit, figures, reading, words
from dashboards.charts.spots import Axis, Spot, room, scatter, spread
from dashboards.exhibit import Exhibit
from dashboards.markup import plain

EFFORTS = {
    "judge tokens": "tokens that the judge read and wrote, a ruling",
    "cost": "US dollars, all calls of the protocol, a ruling",
    "tokens": "tokens of all calls of the protocol, a ruling",
    "rounds": "rounds spoken, mean",
}
FEW = 6
"""Models that are named where many have no strength."""
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)
"""A number of parameters in the name of a model."""


def efforts(run: reading.Run, made: Comparison) -> None:
    """Accuracy against effort: what is on the dashed line is beaten by nothing."""
    st.subheader("Accuracy against effort")
    name = address.switch(st, "Effort", list(EFFORTS), "effort")
    rows = [row for row in made.rows if not row.arm and row.accuracy.value is not None]
    judges = words.each([row.judge for row in rows])
    for judge, place in comparing.multiples(judges):
        found = [(row, x) for row in rows if row.judge == judge for x in [_effort(row, made, name)] if x is not None]
        with place:
            if found:
                _against(run, judge, name, found, made)
            else:
                st.caption(plain(f"No {name} known, {comparing.whom(judge)}."))
    st.caption(
        "The dashed line joins what no other protocol beats on both counts, by the point estimates; bars are 95 % "
        "intervals of the accuracy. Effort is counted whether or not the response cache served it."
    )


def _against(run: reading.Run, judge: str, name: str, found: Sequence[tuple[Row, float]], made: Comparison) -> None:
    spots = [
        Spot(comparing.label(row, made), x, row.accuracy.value or 0.0, row.accuracy.low,
             row.accuracy.high, row.protocol, words.rests(row.accuracy))
        for row, x in found
    ]  # fmt: skip
    best = front([(spot.x, spot.y) for spot in spots])
    across = [spot.x for spot in spots]
    axis = Axis(EFFORTS[name], "~g" if name == "rounds" else "~s", room(across), spread(across))
    chart = scatter(spots, axis, Axis("share of rulings right", ".0%"), [spots[i] for i in best])
    told = "; ".join(f"{spot.series}: {spot.x:,.4g}, {spot.y:.0%}" for spot in spots)
    table = [
        {"protocol": row.protocol, "judge": row.judge or comparing.ALL, EFFORTS[name]: x, "on the front": i in best,
         **words.cells("accuracy", row.accuracy), "cast": row.cast}
        for i, (row, x) in enumerate(found)
    ]  # fmt: skip
    title = f"Accuracy against {name}, {comparing.whom(judge)}"
    exhibit.show(Exhibit(title, chart, told, table, f"effort {name} {run.id} {judge}"))


def _effort(row: Row, made: Comparison, name: str) -> float | None:
    """What one ruling took. Calls of a protocol serve all judges that rule on it."""
    rulings = row.accuracy.rulings + row.accuracy.unreadable
    alike = [r for r in made.rows if not r.arm and (r.run, r.protocol, r.cast) == (row.run, row.protocol, row.cast)]
    served = sum(r.accuracy.rulings + r.accuracy.unreadable for r in alike)
    if name == "rounds" or not rulings:
        return row.rounds if name == "rounds" else None
    if name == "judge tokens":
        return None if row.judge_tokens is None else row.judge_tokens / rulings
    total = row.cost if name == "cost" else row.tokens
    return None if total is None else total / served


def gaps(run: reading.Run) -> None:
    """Accuracy against how much stronger the debaters are than the judge."""
    st.subheader("Accuracy against the strength gap")
    models = figures.speakers(run)
    if not models:
        st.caption("No model speaks or judges in this run: nothing has a strength.")
        return
    usual = ", ".join(f"{name}={size:g}" for name in models if (size := parameters(name)) is not None)
    said = address.words(
        st,
        "Strength of each model",
        "strengths",
        placeholder=usual or ", ".join(f"{name}=…" for name in models[:FEW]),
        help="model=number, ...: an Elo rating, an accuracy without help; left empty, billions of parameters where the "
        "names tell them.",
    )
    strengths = stated(said or usual)
    if unknown := [name for name in models if name not in dict(strengths)]:
        more = f" and {len(unknown) - FEW} more" if len(unknown) > FEW else ""
        st.caption(plain(f"No strength is known of: {', '.join(unknown[:FEW])}{more}. What they play in is left out."))
    found = figures.advantages(run, strengths) if strengths else ()
    if not found:
        st.caption("Nothing to draw: no protocol has debaters and a judge whose strengths are known.")
        return
    _gap(run, found)


def _gap(run: reading.Run, found: Sequence[Advantage]) -> None:
    spots = [
        Spot(f"{one.protocol}, judge {one.judge}", one.gap, one.accuracy.value, one.accuracy.low, one.accuracy.high, "",
             words.rests(one.accuracy))
        for one in found
        if one.accuracy.value is not None
    ]  # fmt: skip
    across = Axis("strength of the debaters minus that of the judge", "~g", room([spot.x for spot in spots]))
    told = "; ".join(f"{spot.series}: gap {spot.x:.3g}, {spot.y:.0%}" for spot in spots)
    table = [
        {"protocol": one.protocol, "judge": one.judge, "debaters": one.debaters, "judge's strength": one.overseer,
         "gap": one.gap, **words.cells("accuracy", one.accuracy), "cast": one.cast}
        for one in found
    ]  # fmt: skip
    title = "Accuracy against how much stronger the debaters are than the judge"
    exhibit.show(
        Exhibit(title, scatter(spots, across, Axis("share of rulings right", ".0%")), told, table, f"gap {run.id}")
    )


def parameters(model: str) -> float | None:
    """Billions of parameters, where the name of a model tells them."""
    found = _SIZE.findall(model)
    return float(found[-1][0]) * (1e-3 if found[-1][1].lower() == "m" else 1) if found else None


def stated(said: str) -> tuple[tuple[str, float], ...]:
    """The strengths in `model=number, ...`; what cannot be read is told and left out."""
    read, wrong = {}, []
    for part in filter(None, (part.strip() for part in said.split(","))):
        name, _, number = part.rpartition("=")
        try:
            read[name.strip()] = float(number)
        except ValueError:
            wrong.append(part)
    if wrong:
        st.warning(plain(f"Not of the form model=number: {', '.join(wrong)}."))
    return tuple(read.items())
