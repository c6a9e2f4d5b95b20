"""The dashboard: pages found in `pages`, and a sidebar that chooses the run. `arena dashboard` starts it."""

from __future__ import annotations

import logging
import sys
from datetime import datetime
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # a folder called `tasks` where one happens to be must not come first

from dashboards import address, reading
from dashboards.folder import pages
from dashboards.markup import CSS, plain

SMALL = 5_000
"""Rulings up to which a run that goes on is drawn anew by itself every ten seconds; a larger one every minute."""


def choose() -> str | None:
    """The sidebar: which run to show, kept in the address; None where there is none."""
    runs = reading.runs()
    ids = [row["id"] for row in runs]
    if not ids:
        st.info("The store holds no runs yet. `arena run quickstart` plays a small one; then press Refresh.")
        return None
    wanted = address.get(reading.RUN)
    named = reading.find(wanted) if wanted else ""
    known = st.session_state.get(reading.RUN)
    st.session_state[reading.RUN] = named or (known if known and reading.find(known) else ids[0])
    if st.session_state[reading.RUN] not in ids:
        ids.append(st.session_state[reading.RUN])
    chosen = str(st.sidebar.selectbox("Run", ids, key=reading.RUN, on_change=_keep))
    if wanted and not named:
        st.warning(plain(f"No run is called “{wanted}”; this is {chosen}."))
    for row in runs:
        if row["id"] == chosen:
            st.sidebar.caption(f"started {datetime.fromtimestamp(row['created']):%d %b %Y, %H:%M}")
    _keep()
    return chosen


def _keep() -> None:
    address.put(**{reading.RUN: st.session_state[reading.RUN]})


def follow(run: reading.Run) -> None:
    """How far the run is; a run that has gone on since is drawn anew."""
    counts = run.counts
    if counts.rulings:
        share = min(1.0, counts.ruled / counts.rulings)
        st.progress(share, f"{counts.ruled:,} of {counts.rulings:,} rulings")
    try:
        went_on = reading.run(run.id) != run
    except reading.TROUBLE:
        return
    if went_on:
        st.rerun()


def refresh() -> None:
    """Forget what was read."""
    st.cache_resource.clear()


def draw(page: st.Page) -> None:
    """The page, for the run that is chosen."""
    if chosen := choose():
        run = reading.run(chosen)
        waits = run.counts.ruled < run.counts.rulings
        pace = 10 if run.counts.ruled <= SMALL else 60
        with st.sidebar:
            st.fragment(follow, run_every=pace if waits else None)(run)
        page.run()


def main() -> None:
    """Draw the sidebar and the page; whatever goes wrong is told in words."""
    st.set_page_config(page_title="Debate arena", layout="wide")
    st.html(CSS)
    page = st.navigation(list(pages()))
    try:
        draw(page)
    except reading.TROUBLE as error:
        st.error(plain(f"This cannot be shown: {reading.told(error)}"))
    except Exception as error:
        logging.getLogger(__name__).exception("a page failed")
        st.error(plain(f"This cannot be shown: {type(error).__name__}. `arena db check` looks the store over; "
                       "the output of the dashboard's own process has the rest."))  # fmt: skip
    st.sidebar.button("Refresh", on_click=refresh, width="stretch")


if __name__ == "__main__":
    main()
