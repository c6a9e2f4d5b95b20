"""What lies behind a mark of the comparison: the questions on which two protocols disagree, and their transcripts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from arena.compare import Comparison, Pair
from arena.disagreement import Dispute
from arena.samples import Group
from dashboards import address, comparing, figures, reading, words
from dashboards.comparing import ident
from dashboards.markup import clean, plain

ROW = "row"
"""The parameter of the address that names the mark."""
PART = "questions"
SIZE = 20
"""Questions on a page of the list."""


def behind(run: reading.Run, made: Comparison) -> None:
    """The panel of the mark that was chosen; nothing where none was."""
    chosen = address.get(ROW)
    row = next((row for row in made.rows if ident(row) == chosen), None)
    if row is None:
        if chosen:
            st.warning(plain(f"“{chosen}” is no mark of this comparison."))
        return
    with st.container(border=True):
        told = f"{comparing.whom(row.judge)}: {words.share(row.accuracy)}"
        st.markdown(f"**{plain(words.name(row, True))}**, {plain(told)}")
        with st.container(horizontal=True):
            address.link(st, "Its transcripts", "transcripts", protocol=row.protocol)
            address.link(st, "This protocol", "protocol", protocol=row.protocol, judge=row.judge)
            st.button("Close", on_click=address.put, kwargs={ROW: "", PART: ""})
        if pair := next((pair for pair in made.pairs if ident(pair) == comparing.whole(row)), None):
            disputes(run, pair)
        elif row.protocol == made.baseline:
            st.caption("This is the baseline: choose another mark to see where the two disagree.")
        else:
            st.caption(f"Nothing of the baseline to hold it against {plain(comparing.whom(row.judge))}.")


def disputes(run: reading.Run, pair: Pair) -> None:
    """The questions on which a protocol and its baseline disagree; one that is chosen opens both transcripts."""
    groups = (
        Group(pair.run, pair.protocol, pair.judge, pair.cast),
        Group(pair.baseline_run, pair.baseline, pair.judge, pair.baseline_cast),
    )
    truth = st.toggle(
        "Scores", key="shows scores", help="Which of the two was right: with a transcript that tells the truth."
    )
    total = figures.disputes(run, *groups, 0, 1)
    st.caption(
        plain(
            f"On {total.total:,} of {total.shared:,} questions {pair.protocol} and {pair.baseline} score differently. "
            "Choose one to read both transcripts side by side."
        )
    )
    if not total.total:
        return
    first = address.leaf(total.total, SIZE, PART)
    found = figures.disputes(run, *groups, first, SIZE).questions
    event = st.dataframe(
        pd.DataFrame([_line(one, pair, truth) for one in found]),
        key=f"disputes {ident(pair)} {first} {truth}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=38 + 35 * len(found),
        column_config={"question": st.column_config.TextColumn(width="large")},
    )
    if picked := event.selection.rows:
        one = found[picked[0]]
        address.go("transcripts", match=one.ours[0], beside=one.theirs[0])


def _line(one: Dispute, pair: Pair, truth: bool) -> dict[str, object]:
    scores = {pair.protocol: one.one, pair.baseline: one.other} if truth else {"apart": abs(one.one - one.other)}
    matches = f"{len(one.ours)} and {len(one.theirs)}"
    return {"question": clean(one.text, 300), **scores, "matches": matches, "task": one.task, "source": one.source}
