"""Protocols compared: judge accuracy with its uncertainty, differences, what they take, the questions behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from arena.compare import Comparison, Pair, Row, table
from dashboards import address, comparing, drill, exhibit, figures, ledger, reading, tradeoffs, words
from dashboards.address import Choice
from dashboards.charts.dots import Dot, Rule, Scale, dots, reach
from dashboards.comparing import ident
from dashboards.drill import PART, ROW
from dashboards.exhibit import Exhibit
from dashboards.markup import plain

PLACE = 30
SHARE = Scale("share of rulings right", (0, 1), ".0%")
SPLITS = ("task", "agent", "tag")
APART, TOGETHER = "apart", "together"
MANY = 8
"""Judges up to which they stand apart unless the reader asks for all together; more have too few rulings each."""
MOST = 24
"""Charts of one kind on the page."""


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Protocols compared")
    header(run)
    usual = figures.comparison(run)
    if not usual.rows:
        st.info("No ruling of this run is stored yet: nothing to compare. A run being played appears here by itself.")
        return
    made = choose(run, usual)
    accuracy(run, made)
    differences(run, made)
    drill.behind(run, made)
    tradeoffs.efforts(run, made)
    tradeoffs.gaps(run)
    everything(made)


def header(run: reading.Run) -> None:
    """How far the run is and what it took."""
    counts, paid = run.counts, ledger.spent(run)
    told = {
        "Matches played": f"{counts.over:,} / {counts.planned:,}",
        "Rulings": f"{counts.ruled:,} / {counts.rulings:,}",
        "Unreadable": f"{counts.unreadable:,}",
        "Matches failed": f"{counts.failed:,}",
        "Calls paid": f"{paid.calls:,}",
        "Tokens": words.short(paid.tokens),
        "Cost": ledger.dollars(paid),
    }
    exhibit.metrics(told)
    if counts.ruled < counts.rulings:
        st.caption(f"Not finished: {counts.rulings - counts.ruled:,} rulings are to come or failed.")


def choose(run: reading.Run, usual: Comparison) -> Comparison:
    """The comparison that the reader asked for: against what, split by what, before whom, beside which runs."""
    where, split, whom = st.columns([3, 2, 2])
    beside, before = st.columns(2)
    runs = [row["id"] for row in reading.runs() if row["id"] != run.id]
    others = address.several(beside, "Beside the runs", runs, "with")
    every = figures.comparison(run, others) if others else usual
    labels = words.each([usual.baseline, *(row.protocol for row in every.rows)])
    baseline = address.choose(where, "Baseline", labels, "baseline")
    pooled = _pooled(whom, comparing.judges(every.rows))
    whole = "nothing" if pooled else "judge"
    by = address.choose(split, "Split by", [whole, *SPLITS], "by")
    if (baseline, by, pooled) != (usual.baseline, "judge", False):
        every = figures.comparison(run, others, baseline, "" if by == whole else by, pooled)
    return every if pooled else _before(before, every)


def _pooled(where: Any, judges: Sequence[str]) -> bool:
    """Whether all judges are taken together, as repeated measures within a source."""
    if len(judges) < 2:
        return False
    ways = [TOGETHER, APART] if len(judges) > MANY else [APART, TOGETHER]
    return address.switch(where, f"The {len(judges)} judges", ways, "pool") == TOGETHER


def _before(where: Any, made: Comparison) -> Comparison:
    """The same before some judges: those that the reader chose, else those with the most rulings."""
    chosen = comparing.before(where, comparing.judges(made.rows))
    rows = tuple(row for row in made.rows if row.judge in chosen)
    return made.model_copy(update={"rows": rows, "pairs": tuple(pair for pair in made.pairs if pair.judge in chosen)})


def parts(made: Comparison, rows: Sequence[Any]) -> Iterator[tuple[str, str, list[Any], Any]]:
    """For each chart: what it is about, the key of its file, its rows, and its place."""
    judges = words.each([row.judge for row in rows])
    groups = [(row.group, row.judge) for row in rows]
    found = list(dict.fromkeys(groups))
    for number, place in comparing.multiples([str(i) for i in range(min(MOST, len(found)))]):
        group, judge = found[int(number)]
        before = f", {comparing.whom(judge)}" if len(judges) > 1 or not group else ""
        about = f", {made.by} {group}{before}" if group else before
        yield about, f"{group} {judge}", [row for row in rows if (row.group, row.judge) == (group, judge)], place
    if len(found) > MOST:
        st.caption(f"The first {MOST} of {len(found)} charts; the table below has all figures.")


def accuracy(run: reading.Run, made: Comparison) -> None:
    """A chart for each judge, or for what else the reader splits by."""
    st.subheader("Judge accuracy")
    rule = _chance(figures.chance(run))
    choice = Choice(ROW, [ident(row) for row in made.rows], (PART,))
    names = comparing.protocols(run)
    every = [_dot(row, made, names) for row in made.rows]
    for about, name, rows, place in parts(made, made.rows):
        shown = [_dot(row, made, names) for row in rows]
        chart = dots(shown, SHARE, rule, address.get(ROW), every)
        title = f"Share of rulings that are right{about}"
        lines = [comparing.line(row) for row in rows]
        with place:
            file = f"accuracy {run.id} {name}"
            exhibit.show(Exhibit(title, chart, comparing.spoken(shown), lines, file), choice)
    st.caption(
        "Choose a row to see what lies behind it. Bars are 95 % intervals that count each source once; n is the number "
        "of rulings read, a match being ruled on in both orders of its answers where it can be. Failed and unreadable "
        "rulings are unscored, and left out here; the table below counts them wrong as well."
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
    label = f"↳ {words.ARMS[row.arm]}" if row.arm else comparing.label(row, made)
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
    choice = Choice(ROW, [ident(pair) for pair in made.pairs], (PART,))
    for about, name, pairs, place in parts(made, made.pairs):
        shown = [_gap(pair, made) for pair in pairs]
        title = f"Accuracy minus that of {made.baseline} on the same questions{about}"
        chart = dots(shown, scale, Rule(0, f"as good as {made.baseline}"), address.get(ROW), every)
        with place:
            told, file = comparing.spoken(shown), f"differences {run.id} {name}"
            exhibit.show(Exhibit(title, chart, told, [_pair(pair) for pair in pairs], file), choice)
    exhibit.grid([_pair(pair) for pair in made.pairs])
    st.caption(
        "The same judge on the same questions, protocol minus baseline. p is two-sided; Holm's correction is over all "
        "rows of this table. A triangle points to the better side where the interval leaves 0 out."
    )


def _gap(pair: Pair, made: Comparison) -> Dot:
    figure = pair.difference
    value, low, high = (None if x is None else 100 * x for x in (figure.value, figure.low, figure.high))
    kind = comparing.sign(low, high)
    return Dot(comparing.label(pair, made), kind, value, low, high, words.gap(figure), ident(pair))


def _pair(pair: Pair) -> dict[str, object]:
    figure = pair.difference
    return {
        "protocol": pair.protocol,
        "judge": pair.judge or comparing.ALL,
        "group": pair.group,
        "difference, points [95 %]": words.spread(figure, signed=True),
        "p": words.chance(figure.p),
        "p Holm": words.chance(pair.p_holm),
        "seen with 80 % power, points": None if pair.smallest is None else round(100 * pair.smallest, 1),
        "questions": figure.questions,
        "sources": figure.sources,
        "n": figure.rulings,
        "unscored": figure.unreadable + figure.failed,
        "method": figure.method,
        "cast": pair.cast,
        "run": pair.run,
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
