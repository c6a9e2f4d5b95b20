"""Protocols compared: judge accuracy with its uncertainty, differences, what they take, the questions behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from arena.compare import Comparison, Pair, Row, table
from dashboards import address, comparing, exhibit, figures, reading, words
from dashboards.address import Choice
from dashboards.charts.dots import Dot, Rule, Scale, dots, reach
from dashboards.comparing import ident
from dashboards.exhibit import Exhibit
from dashboards.markup import plain
from dashboards.transcript import money

PLACE = 30
ROW = "row"
SHARE = Scale("share of rulings right", (0, 1), ".0%")


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Protocols compared")
    header(run)
    made = figures.comparison(run)
    if not made.rows:
        st.info("No ruling of this run is stored yet: nothing to compare. A run being played appears here by itself.")
        return
    baseline = choose(run, made)
    accuracy(run, made)
    differences(run, baseline)
    everything(baseline)


def header(run: reading.Run) -> None:
    """How far the run is and what it took."""
    counts, paid = run.counts, figures.spent(run)
    told = {
        "Matches played": f"{counts.over:,} / {counts.planned:,}",
        "Rulings": f"{counts.ruled:,} / {counts.rulings:,}",
        "Unreadable": f"{counts.unreadable:,}",
        "Matches failed": f"{counts.failed:,}",
        "Calls paid": f"{paid.calls:,}",
        "Tokens": words.short(paid.tokens),
        "Cost": money(paid.cost),
    }
    exhibit.metrics(told)
    if counts.ruled < counts.rulings:
        st.caption(f"Not finished: {counts.rulings - counts.ruled:,} rulings are to come or failed.")


def choose(run: reading.Run, made: Comparison) -> Comparison:
    """The comparison with the baseline that the reader chose."""
    labels = list(listing_labels(run, made))
    baseline = address.choose(st.columns([1, 2])[0], "Baseline", labels, "baseline")
    return made if baseline == made.baseline else figures.comparison(run, baseline)


def listing_labels(run: reading.Run, made: Comparison) -> list[str]:
    """The protocols of the run, the usual baseline first."""
    return figures.each([made.baseline, *(row.protocol for row in made.rows)])


def accuracy(run: reading.Run, made: Comparison) -> None:
    """A chart for each judge."""
    st.subheader("Judge accuracy")
    rule = _chance(figures.chance(run))
    names = comparing.protocols(run)
    keys = [ident(row) for row in made.rows]
    for judge, place in comparing.multiples(figures.each([row.judge for row in made.rows])):
        rows = [row for row in made.rows if row.judge == judge]
        shown = [_dot(row, made, names) for row in rows]
        chart = dots(shown, SHARE, rule, address.get(ROW))
        title = f"Share of rulings that are right, before judge {judge}"
        lines = [comparing.line(row) for row in rows]
        with place:
            exhibit.show(
                Exhibit(title, chart, comparing.spoken(shown), lines, f"accuracy {run.id} {judge}"), Choice(ROW, keys)
            )
    st.caption(
        "Bars are 95 % intervals that count each source once; n is the number of rulings read, a match being ruled on "
        "in both orders of its answers where it can be. Failed and unreadable rulings are unscored, and left out here; "
        "the table below counts them wrong as well."
    )
    _bare([row for row in made.rows if row.accuracy.value is not None and row.accuracy.low is None])


def _bare(rows: Sequence[Row]) -> None:
    """Say where an interval is missing, which a chart says too softly."""
    if rows:
        names = ", ".join(f"{words.name(row, False)} ({row.accuracy.sources} sources)" for row in rows)
        st.caption(plain(f"No interval, because too few sources are there to know the spread: {names}."))


def _dot(row: Row, made: Comparison, names: dict[str, str]) -> Dot:
    figure = row.accuracy
    kind = f"arm: {row.arm}" if row.arm else words.ROLES.get(names.get(row.protocol, ""), "protocol")
    label = f"↳ {words.ARMS[row.arm]}" if row.arm else words.name(row, comparing.many(row, made))
    return Dot(label, kind, figure.value, figure.low, figure.high, words.share(figure), ident(row))


def _chance(told: tuple[float, int, int]) -> Rule:
    share, least, most = told
    mixed = f", mean of questions with {least} to {most} answers" if least != most else ""
    return Rule(share, f"chance {100 * share:.0f} %{mixed}")


def differences(run: reading.Run, made: Comparison) -> None:
    """Every protocol against the baseline."""
    st.subheader("Paired differences")
    if not made.pairs:
        st.info("Nothing to pair with this baseline: no other protocol was ruled on by the same judge.")
        return
    every = [_gap(pair, made) for pair in made.pairs]
    scale = Scale("difference in percentage points", reach(every, 20), "+.0f")
    keys = [ident(pair) for pair in made.pairs]
    for judge, place in comparing.multiples(figures.each([pair.judge for pair in made.pairs])):
        pairs = [pair for pair in made.pairs if pair.judge == judge]
        shown = [_gap(pair, made) for pair in pairs]
        title = f"Accuracy minus that of {made.baseline} on the same questions, before judge {judge}"
        chart = dots(shown, scale, Rule(0, f"as good as {made.baseline}"), address.get(ROW))
        lines = [_pair(pair) for pair in pairs]
        with place:
            exhibit.show(
                Exhibit(title, chart, comparing.spoken(shown), lines, f"differences {run.id} {judge}"),
                Choice(ROW, keys),
            )
    exhibit.grid([_pair(pair) for pair in made.pairs])
    st.caption(
        "The same judge on the same questions, protocol minus baseline. p is two-sided; Holm's correction is over all "
        "rows of this table. A triangle points to the better side where the interval leaves 0 out."
    )


def _gap(pair: Pair, made: Comparison) -> Dot:
    figure = pair.difference
    value, low, high = (None if x is None else 100 * x for x in (figure.value, figure.low, figure.high))
    label = words.name(pair, comparing.many(pair, made))
    return Dot(label, comparing.sign(low, high), value, low, high, words.gap(figure), ident(pair))


def _pair(pair: Pair) -> dict[str, object]:
    figure = pair.difference
    return {
        "protocol": pair.protocol,
        "judge": pair.judge,
        "difference, points [95 %]": words.spread(figure, signed=True),
        "p": words.chance(figure.p),
        "p Holm": words.chance(pair.p_holm),
        "questions": figure.questions,
        "sources": figure.sources,
        "n": figure.rulings,
        "unscored": figure.unreadable + figure.failed,
        "method": figure.method,
        "cast": pair.cast,
    }


def everything(made: Comparison) -> None:
    """The whole table, and the same as files."""
    st.subheader("All figures")
    exhibit.grid([comparing.line(row) for row in made.rows])
    st.caption(
        "Tokens, seconds and cost are of all calls of the protocol with that cast, whichever judge and arm they served."
    )
    lines = table(made)
    with st.container(horizontal=True):
        exhibit.download(lines, made.run)
        text = json.dumps(lines, indent=2, ensure_ascii=False)
        st.download_button("Download JSON", text, f"{made.run}.json", "application/json", on_click="ignore")


if __name__ == "__main__":
    main()
