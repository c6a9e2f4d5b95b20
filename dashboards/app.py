"""The dashboard: pages found in `pages`, and a sidebar that chooses the run. `arena dashboard` starts it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import streamlit as st

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # a folder called `tasks` where one happens to be must not come first

from dashboards import reading
from dashboards.folder import pages
from dashboards.markup import CSS, plain


def choose() -> str | None:
    """The sidebar: which run to show, kept in the address; None where there is none."""
    runs = reading.runs()
    ids = [row["id"] for row in runs]
    if not ids:
        st.info("The store holds no runs yet. `arena run quickstart` plays a small one; then press Refresh.")
        return None
    wanted = st.query_params.get(reading.RUN)
    named = [row["id"] for row in runs if wanted in (row["id"], row["name"])]
    if named:
        st.session_state[reading.RUN] = named[0]
    elif st.session_state.get(reading.RUN) not in ids:
        st.session_state[reading.RUN] = ids[0]
    chosen = str(st.sidebar.selectbox("Run", ids, key=reading.RUN, on_change=_keep))
    if wanted and not named:
        st.warning(plain(f"No run is called “{wanted}”; this is {chosen}."))
    started = datetime.fromtimestamp(next(row["created"] for row in runs if row["id"] == chosen))
    st.sidebar.caption(f"started {started:%d %b %Y, %H:%M}")
    _keep()
    return chosen


def _keep() -> None:
    if st.query_params.get(reading.RUN) != st.session_state[reading.RUN]:
        st.query_params[reading.RUN] = st.session_state[reading.RUN]


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
    st.cache_data.clear()


def main() -> None:
    """Draw the sidebar and the page."""
    st.set_page_config(page_title="Debate arena", layout="wide")
    st.html(CSS)
    page = st.navigation(list(pages()))
    try:
        if chosen := choose():
            run = reading.run(chosen)
            waits = run.counts.ruled < run.counts.rulings
            with st.sidebar:
                st.fragment(follow, run_every=10 if waits else None)(run)
            page.run()
    except reading.TROUBLE as error:
        st.error(plain(f"This cannot be shown: {reading.told(error)}"))
    st.sidebar.button("Refresh", on_click=refresh, width="stretch")


if __name__ == "__main__":
    main()
