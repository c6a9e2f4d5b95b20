"""What the pages that compare share: names of rows, lines of tables, charts side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from arena.compare import Comparison, Pair, Row
from arena.plugin import key
from dashboards import address, listing, reading, words
from dashboards.charts.dots import Dot, kind
from dashboards.transcript import money

ALL = "all together"
"""In place of a judge's name, where the judges are pooled."""
JUDGES = 4
"""Judges that are shown unless the reader chooses."""
ACROSS = 2
"""Charts side by side, where the window has room."""


def ident(one: Row | Pair) -> str:
    """How the address calls a row, the same for the row and for its difference: labels may be long."""
    return _named(one, one.arm if isinstance(one, Row) else "")


def whole(row: Row) -> str:
    """The same of the row about all arms."""
    return _named(row, "")


def _named(one: Row | Pair, arm: str) -> str:
    return key(one.run, one.group, one.protocol, one.judge, one.cast, arm)[:10]


def protocols(run: reading.Run) -> dict[str, str]:
    """Label -> name of the run's protocols."""
    return listing.protocols(run)


def many(one: Row | Pair, made: Comparison) -> bool:
    """Whether several casts play the protocol."""
    return len({row.cast for row in made.rows if row.protocol == one.protocol}) > 1


def label(one: Row | Pair, made: Comparison) -> str:
    """What a mark is called: the protocol, with the cast and the run where several play it."""
    run = f" · {one.run}" if len(made.runs) > 1 else ""
    return f"{words.name(one, many(one, made))}{run}"


def sign(low: float | None, high: float | None) -> str:
    """The kind of mark of a difference."""
    return kind(low, high)


def multiples(names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """A place for each of several charts of one kind: side by side, and one below the other in a narrow window."""
    if len(names) == 1:
        yield names[0], st.container()
        return
    for start in range(0, len(names), ACROSS):
        yield from zip(names[start : start + ACROSS], st.columns(ACROSS), strict=False)


def whom(judge: str) -> str:
    """Before whom: a judge, or all of them."""
    return f"before judge {judge}" if judge else f"before the judges {ALL}"


def left_out(run: reading.Run) -> None:
    """Say what no figure of a page is made of, where its figures do not each say so."""
    counts = run.counts
    st.caption(
        f"Unscored in this run, and in none of these figures: {counts.unreadable:,} rulings that could not be read, "
        f"and those of {counts.failed:,} matches that failed."
    )


def judges(rows: Sequence[Row]) -> list[str]:
    """The judges, those of whom the most rulings could be read first."""
    read: Counter[str] = Counter()
    for row in rows:
        read[row.judge] += 0 if row.arm else row.accuracy.rulings
    return [judge for judge, _ in read.most_common()]


def before(where: Any, every: Sequence[str]) -> Sequence[str]:
    """The judges that the reader chose, else the first few."""
    chosen = address.several(where, "Judges", every, "judges") or every[:JUDGES]
    if len(chosen) < len(every):
        st.caption(f"{len(chosen)} of {len(every)} judges are shown: those with the most rulings, unless you choose.")
    return chosen


def spoken(rows: Sequence[Dot]) -> str:
    """What a chart says, for a reader who cannot see it."""

    def interval(row: Dot) -> str:
        return "" if row.low is None or row.high is None else f", interval {row.low:.3g} to {row.high:.3g}"

    return "; ".join(f"{row.label}: {row.note}{interval(row)}" for row in rows)


def line(row: Row) -> dict[str, object]:
    """A row of the comparison, for a table."""
    figure, shared = row.accuracy, not row.arm
    return {
        "protocol": f"↳ {words.ARMS[row.arm]}" if row.arm else row.protocol,
        "judge": row.judge or ALL,
        "group": row.group,
        "accuracy % [95 %]": words.spread(figure),
        "n": figure.rulings,
        "questions": figure.questions,
        "sources": figure.sources,
        "unreadable": figure.unreadable,
        "failed": figure.failed,
        "failures wrong % [95 %]": words.spread(row.strict),
        "flips % [95 %]": words.spread(row.flips),
        "Brier": words.number(row.brier),
        "log score, bits": words.number(row.log_score),
        "ECE": words.number(row.ece),
        "ASD, log": words.number(row.asd),
        "PGR": words.number(row.pgr),
        "tokens": row.tokens if shared else None,
        "judge tokens": row.judge_tokens,
        "seconds": round(row.seconds) if shared and row.seconds is not None else None,
        "judge seconds a ruling": None if row.judge_seconds is None else round(row.judge_seconds, 1),
        "cost": money(row.cost) if shared else "",
        "interval": figure.method,
        "cast": row.cast,
        "run": row.run,
    }
