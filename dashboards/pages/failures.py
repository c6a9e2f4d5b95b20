"""Failures: what did not come about, by stage, kind, seat and side, and whether the side was right."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from arena.failures import Loss
from arena.store.cost import Tally
from dashboards import address, exhibit, figures, ledger, reading, words
from dashboards.address import ALL, Choice
from dashboards.charts.bars import Bar, bars
from dashboards.charts.dots import Dot, Scale, dots
from dashboards.exhibit import Exhibit
from dashboards.ledger import Failed
from dashboards.markup import clean, plain
from dashboards.words import SIDES

PLACE = 110
KIND, FAILURE = "kind", "match"
SIZE = 20
"""Failures on a page of the list."""
STAGES = {"speak": "speaking", "decide": "deciding", "believe": "stating a belief"}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Failures")
    lost = figures.losses(run)
    if lost:
        panel(run, lost)
    else:
        st.info("Nothing failed in this run.")
    counted(run)
    outcomes(run)


def panel(run: reading.Run, lost: Sequence[Loss]) -> None:
    """How often each kind failed on either side, and the failures themselves."""
    kinds = words.each([loss.kind for loss in lost])
    chosen = address.choose(st.columns([1, 2])[0], "Kind", [ALL, *kinds], KIND)
    parts = [Bar(_told(loss), SIDES[_side(loss)], loss.times, loss.kind) for loss in lost]
    told = "; ".join(f"{bar.label}, {bar.part}: {bar.value:,.0f}" for bar in parts)
    lines = [_line(loss) for loss in lost]
    title = "How often each kind of failure happened, by what the seat argued for"
    chart = bars(parts, "failures", ",d", "" if chosen == ALL else chosen)
    exhibit.show(Exhibit(title, chart, told, lines, f"failures {run.id}"), Choice(KIND, kinds))
    listed(run, "" if chosen == ALL else chosen)
    exhibit.grid(lines)


def _told(loss: Loss) -> str:
    return f"{loss.kind} while {STAGES.get(loss.stage, loss.stage)}: {loss.protocol}"


def _side(loss: Loss) -> str:
    return {True: "right", False: "wrong", None: ""}[loss.right]


def _line(loss: Loss) -> dict[str, object]:
    return {
        "stage": loss.stage,
        "kind": loss.kind,
        "protocol": loss.protocol,
        "who": loss.judge or loss.seat,
        "side": SIDES[_side(loss)],
        "arm": words.ARMS.get(loss.arm, ""),
        "times": loss.times,
        "tried again by the next run": loss.again,
        "for example": clean(loss.example, 300),
        "cast": loss.cast,
    }


def listed(run: reading.Run, kind: str) -> None:
    """The failures; the one that is chosen opens its match."""
    kinds = f" of the kind {kind}" if kind else ""
    total = ledger.failing(run, kind)
    st.caption(plain(f"{total:,} failures{kinds}, newest first. Choose one to open its match."))
    if kind in ("", "unreadable"):
        address.link(st, "Matches with a verdict that could not be read", "transcripts", tag="unreadable")
    first = address.leaf(total, SIZE)
    rows = ledger.failed(run, kind, first, SIZE)
    event = st.dataframe(
        pd.DataFrame([_row(one) for one in rows]),
        key=f"failures {kind} {first}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=min(320, 38 + 35 * max(1, len(rows))),
    )
    if picked := event.selection.rows:
        address.go("transcripts", **{FAILURE: rows[picked[0]].match})


def _row(one: Failed) -> dict[str, object]:
    return {
        "match": one.match[:12],
        "stage": one.stage,
        "kind": one.kind,
        "protocol": one.protocol,
        "who": one.who,
        "message": clean(one.message, 300),
    }


def counted(run: reading.Run) -> None:
    """Accuracy both ways, where anything is left out of it."""
    made = figures.comparison(run)
    rows = [row for row in made.rows if not row.arm and row.accuracy.unreadable + row.accuracy.failed]
    if not rows:
        return
    st.subheader("What they do to accuracy")
    several = len({row.judge for row in rows}) > 1
    shown = [
        Dot(f"{row.protocol}{f' · {row.judge}' if several else ''}: {told}", kind, one.value, one.low, one.high,
            words.share(one))
        for row in rows
        for told, kind, one in (
            ("left out", "protocol", row.accuracy),
            ("counted wrong", "interval holds 0", row.strict),
        )
    ]  # fmt: skip
    lines = [
        {
            "protocol": row.protocol,
            "judge": row.judge,
            "left out, % [95 %]": words.spread(row.accuracy),
            "counted wrong, % [95 %]": words.spread(row.strict),
            "n": row.accuracy.rulings,
            "unreadable": row.accuracy.unreadable,
            "failed": row.accuracy.failed,
        }
        for row in rows
    ]
    scale = Scale("share of rulings right", (0, 1), ".0%")
    told = "; ".join(f"{dot.label} {dot.note}" for dot in shown)
    title = "Judge accuracy with failed and unreadable rulings left out, and counted wrong"
    exhibit.show(Exhibit(title, dots(shown, scale, None), told, lines, f"counted {run.id}"))


def outcomes(run: reading.Run) -> None:
    """What was the matter with turns that did come about."""
    st.subheader("What was the matter with turns")
    found = [(tally, name, count) for tally in figures.tallies(run) for name, count in tally.counts.items()]
    if not found:
        st.caption("Nothing that the arena's rules see: no concession, refusal, cut, forged mark or missing tag.")
        return
    parts = [Bar(f"{name}: {tally.protocol}", SIDES[tally.arm], count) for tally, name, count in found]
    told = "; ".join(f"{bar.label}, {bar.part}: {bar.value:,.0f}" for bar in parts)
    title = "Turns in which something was the matter, by what the speaker argued for"
    lines = [_outcome(tally, name, count) for tally, name, count in found]
    exhibit.show(Exhibit(title, bars(parts, "turns", ",d"), told, lines, f"outcomes {run.id}"))
    st.caption(plain("What befalls one side more than the other biases accuracy by arm."))


def _outcome(tally: Tally, name: str, count: int) -> dict[str, object]:
    return {
        "protocol": tally.protocol,
        "cast": tally.cast,
        "side": SIDES[tally.arm],
        "what": name,
        "times": count,
        "turns": tally.turns,
    }


if __name__ == "__main__":
    main()
