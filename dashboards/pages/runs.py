"""Runs: every run of the store, newest first, with how far it is, what came of it and what it took."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from dashboards import address, ledger, reading, shelf, words
from dashboards.folder import pages
from dashboards.markup import plain
from dashboards.shelf import Shelved

PLACE = 10
SIZE = 20
"""Runs on a page of the list."""
MARKS = {"playing": "▶ playing", "paused": "⏸ paused", "complete": "✓ complete", "stopped": "■ stopped"}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Runs")
    name = address.words(st, "Name of the run", "words", placeholder="a part of its name, or how its id begins")
    total = shelf.total(name)
    if not total:
        st.info(plain(f"No run is called “{name}”."))
        return
    first = address.leaf(total, SIZE)
    listed(shelf.shelf(first, SIZE, name), total)
    opened(run)


def listed(runs: list[Shelved], total: int) -> None:
    """The list; the run that is chosen in it is the run of every page."""
    st.caption(f"{total:,} run{'s' * (total != 1)}, newest first. Choose one to look at it.")
    data = pd.DataFrame([_row(one) for one in runs])
    columns = {
        "run": st.column_config.TextColumn(pinned=True),
        "progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
        **{name: st.column_config.NumberColumn(format="localized") for name in COUNTED},
        "started": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm"),
    }
    address.rows(data, [one.id for one in runs], reading.RUN, height=38 + 35 * len(runs), column_config=columns)


COUNTED = ("rulings", "n read", "unreadable", "matches failed", "tokens")


def _row(one: Shelved) -> dict[str, object]:
    counts = one.counts
    return {
        "run": one.name,
        "state": MARKS[one.state],
        "progress": words.progress((counts.ruled, counts.rulings), (counts.over, counts.planned)),
        "rulings": counts.rulings,
        "n read": counts.ruled - counts.unreadable,
        "unreadable": counts.unreadable,
        "matches failed": counts.failed,
        "tokens": one.spent.tokens,
        "cost": ledger.dollars(one.spent),
        "started": datetime.fromtimestamp(one.created),
        "id": one.id,
    }


def opened(run: reading.Run) -> None:
    """What there is to see of the run that is chosen."""
    st.markdown(f"Look at **{plain(run.id)}**")
    with st.container(horizontal=True):
        for page in pages():
            if page.url_path:  # the first page, which is this one, has none
                address.link(st, page.title, page.url_path)


if __name__ == "__main__":
    main()
