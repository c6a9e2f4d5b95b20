"""Protocols compared: judge accuracy with its uncertainty, differences, cost and failures of one run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from arena.compare import Comparison, Pair, Row, table
from arena.metric import Figure
from arena.tables import interval
from dashboards import reading
from dashboards.charts import Dot, Rule, dots
from dashboards.markup import clean, plain

ROLES = {"direct": "floor: direct", "expert": "ceiling: expert"}
ARMS = {"right": "argued the right answer", "wrong": "argued a wrong answer"}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Protocols compared")
    header(run)
    made = reading.comparison(run, None)
    if made.rows:
        accuracy(run, made)
        differences(run, made)
        everything(made)
    else:
        st.info("No ruling of this run is stored yet: nothing to compare. A run being played appears here by itself.")
    failures(run)


def header(run: reading.Run) -> None:
    """How far the run is and what it took."""
    counts, paid = run.counts, reading.spent(run)
    figures = {
        "Matches played": f"{counts.over:,} / {counts.planned:,}",
        "Rulings": f"{counts.ruled:,} / {counts.rulings:,}",
        "Unreadable": f"{counts.unreadable:,}",
        "Matches failed": f"{counts.failed:,}",
        "Calls paid": f"{paid.calls:,}",
        "Tokens": _short(paid.tokens),
        "Cost": _money(paid.cost),
    }
    for column, (name, value) in zip(st.columns([3, 3, 2, 2, 2, 2, 2]), figures.items(), strict=True):
        column.metric(name, plain(value))
    if counts.ruled < counts.rulings:
        st.caption(f"Not finished: {counts.rulings - counts.ruled:,} rulings are to come or failed.")


def accuracy(run: reading.Run, made: Comparison) -> None:
    """A chart for each judge."""
    st.subheader("Judge accuracy")
    rule = _chance(reading.choices(run))
    judges = list(dict.fromkeys(row.judge for row in made.rows))
    names = reading.protocols(run)
    for judge in judges:
        rows = [row for row in made.rows if row.judge == judge]
        st.markdown(f"Judge **{plain(judge)}**")
        chart = dots([_dot(row, made, names) for row in rows], (0, 1.06), rule, "share of rulings right", ".0%")
        st.altair_chart(chart, width="stretch", alt=_spoken(rows))
    st.caption(
        "Bars are 95 % intervals that count each source once; n is the number of rulings read, a match being ruled on "
        "in both orders of its answers where it can be. Failed and unreadable rulings are left out here; the table "
        "below counts them wrong as well."
    )
    _bare([row for row in made.rows if row.accuracy.value is not None and row.accuracy.low is None])


def _bare(rows: Sequence[Row]) -> None:
    """Say where an interval is missing, which a chart says too softly."""
    if rows:
        names = ", ".join(f"{_name(row)} ({row.accuracy.sources} sources)" for row in rows)
        st.caption(plain(f"No interval, because too few sources are there to know the spread: {names}."))


def _name(row: Row) -> str:
    return f"{row.protocol}, {ARMS[row.arm]}" if row.arm else row.protocol


def _dot(row: Row, made: Comparison, names: dict[str, str]) -> Dot:
    figure = row.accuracy
    kind = f"arm: {row.arm}" if row.arm else ROLES.get(names.get(row.protocol, ""), "protocol")
    label = f"↳ {ARMS[row.arm]}" if row.arm else _label(row, made)
    return Dot(label, kind, figure.value, figure.low, figure.high, _note(figure))


def _label(row: Row | Pair, made: Comparison) -> str:
    """The protocol; with its cast in a second line where several casts play it."""
    casts = {other.cast for other in made.rows if other.protocol == row.protocol}
    return f"{row.protocol}\n{row.cast}" if len(casts) > 1 else row.protocol


def _note(figure: Figure) -> str:
    if figure.value is None:
        return f"nothing read: {figure.unreadable} unreadable, {figure.failed} failed"
    parts = [f"{100 * figure.value:.0f} %", f"n = {figure.rulings}"]
    return " · ".join([*parts, *(["no interval"] if figure.low is None else [])])


def _chance(choices: dict[int, int]) -> Rule:
    total = sum(choices.values()) or 1
    chance = sum(count / answers for answers, count in choices.items()) / total
    mixed = f", mean of questions with {min(choices)} to {max(choices)} answers" if len(choices) > 1 else ""
    return Rule(chance, f"chance {100 * chance:.0f} %{mixed}")


def _spoken(rows: Sequence[Row]) -> str:
    return "; ".join(f"{_name(row)}: {interval(row.accuracy)}, n {row.accuracy.rulings}" for row in rows)


def differences(run: reading.Run, made: Comparison) -> None:
    """Every protocol against a baseline that the reader may choose."""
    st.subheader("Paired differences")
    labels = list(reading.protocols(run))
    where, _ = st.columns([1, 2])
    index = labels.index(made.baseline)
    baseline = where.selectbox("Baseline", labels, index=index, key="baseline", bind="query-params")
    chosen = made if baseline == made.baseline else reading.comparison(run, baseline)
    if not chosen.pairs:
        st.info("Nothing to pair with this baseline: no other protocol was ruled on by the same judge.")
        return
    names = reading.protocols(run)
    reach = _reach([_gap(pair, made, names) for pair in chosen.pairs])
    for judge in dict.fromkeys(pair.judge for pair in chosen.pairs):
        pairs = [pair for pair in chosen.pairs if pair.judge == judge]
        rows = [_gap(pair, made, names) for pair in pairs]
        rule = Rule(0, f"as good as {baseline}")
        st.markdown(f"Judge **{plain(judge)}**")
        chart = dots(rows, reach, rule, "difference in percentage points", "+.0f")
        told = "; ".join(f"{pair.protocol}: {_range(pair.difference, signed=True)}" for pair in pairs)
        st.altair_chart(chart, width="stretch", alt=told)
    _grid([_pair(pair) for pair in chosen.pairs])
    st.caption(
        "The same judge on the same questions, protocol minus baseline. p is two-sided; Holm's correction is over all "
        "rows of this table."
    )


def _gap(pair: Pair, made: Comparison, names: dict[str, str]) -> Dot:
    figure = pair.difference
    value, low, high = (None if x is None else 100 * x for x in (figure.value, figure.low, figure.high))
    note = "no question in common"
    if value is not None:
        parts = [f"{value:+.0f} points", f"n = {figure.questions} questions"]
        note = " · ".join([*parts, *(["no interval"] if low is None else [])])
    return Dot(_label(pair, made), ROLES.get(names.get(pair.protocol, ""), "protocol"), value, low, high, note)


def _reach(rows: Sequence[Dot]) -> tuple[float, float]:
    """From the lowest to the highest end, in steps of twenty points, zero always among them."""
    ends = [x for row in rows for x in (row.value, row.low, row.high) if x is not None]
    return 20 * (min([-20, *ends]) // 20), -20 * (-max([20, *ends]) // 20)


def _pair(pair: Pair) -> dict[str, object]:
    figure = pair.difference
    return {
        "protocol": pair.protocol,
        "judge": pair.judge,
        "difference, points [95 %]": _range(figure, signed=True),
        "p": _p(figure.p),
        "p Holm": _p(pair.p_holm),
        "questions": figure.questions,
        "sources": figure.sources,
        "method": figure.method,
        "cast": pair.cast,
    }


def everything(made: Comparison) -> None:
    """The whole table, and the same as files."""
    st.subheader("All figures")
    _grid([_line(row) for row in made.rows])
    st.caption(
        "Tokens, seconds and cost are of all calls of the protocol with that cast, whichever judge and arm they served."
    )
    lines = table(made)
    with st.container(horizontal=True):
        st.download_button("Download CSV", _csv(lines), f"{made.run}.csv", "text/csv", on_click="ignore")
        text = json.dumps(lines, indent=2, ensure_ascii=False)
        st.download_button("Download JSON", text, f"{made.run}.json", "application/json", on_click="ignore")


def _line(row: Row) -> dict[str, object]:
    figure, shared = row.accuracy, not row.arm
    return {
        "protocol": f"↳ {ARMS[row.arm]}" if row.arm else row.protocol,
        "judge": row.judge,
        "accuracy % [95 %]": _range(figure),
        "n": figure.rulings,
        "questions": figure.questions,
        "sources": figure.sources,
        "unreadable": figure.unreadable,
        "failed": figure.failed,
        "failures wrong % [95 %]": _range(row.strict),
        "flips % [95 %]": _range(row.flips),
        "tokens": row.tokens if shared else None,
        "judge tokens": row.judge_tokens,
        "seconds": round(row.seconds) if shared else None,
        "cost": _money(row.cost) if shared else "",
        "interval": figure.method,
        "cast": row.cast,
    }


def failures(run: reading.Run) -> None:
    """What did not come about, by stage, kind, protocol and arm."""
    st.subheader("Failures")
    if not (lost := reading.losses(run)):
        st.caption("None.")
        return
    rows = [
        {
            "stage": loss.stage,
            "kind": loss.kind,
            "protocol": loss.protocol,
            "arm": ARMS.get(loss.arm, ""),
            "times": loss.times,
            "tried again by the next run": loss.again,
            "for example": clean(loss.example, 300),
        }
        for loss in lost
    ]
    _grid(rows)


def _grid(rows: Sequence[dict[str, object]]) -> None:
    """A table without the columns that say the same in every row about who judges and who speaks."""
    data = pd.DataFrame(rows)
    same = [name for name in ("judge", "cast", "arm") if name in data and data[name].nunique() == 1]
    data = data.drop(columns=same if len(data) > 1 else [])
    whole = [name for name in data if pd.api.types.is_numeric_dtype(data[name])]
    columns: dict[str, Any] = {str(name): st.column_config.NumberColumn(format="localized") for name in whole}
    columns["protocol"] = st.column_config.TextColumn(pinned=True)
    st.dataframe(data, hide_index=True, width="stretch", placeholder="", column_config=columns)


def _range(figure: Figure, signed: bool = False) -> str:
    return interval(figure, signed).replace("-", "−") if figure.value is not None else "–"


def _p(p: float | None) -> str:
    return "–" if p is None else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _money(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.4f}" if 0 < cost < 1 else f"${cost:,.2f}"


def _short(number: int) -> str:
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:,.1f} M"


def _csv(lines: Sequence[dict[str, object]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(lines[0]))
    writer.writeheader()
    writer.writerows(lines)
    return file.getvalue()


if __name__ == "__main__":
    main()
