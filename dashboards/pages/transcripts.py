"""Transcripts: find a match of a run, and read what was said, quoted, decided, and what is true."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from arena.prompt import LETTERS
from arena.store.read import Kept
from dashboards import address, exhibit, listing, markup, reading, transcript
from dashboards.address import ALL
from dashboards.charts.spots import Axis, Spot, lines
from dashboards.exhibit import Exhibit
from dashboards.listing import Asked, Line
from dashboards.markup import part, plain, safe, whole
from dashboards.tags import tags
from dashboards.transcript import Shown

PLACE = 50
MATCH, BESIDE, CALL = "match", "beside", "call"
SHOWN = {"truth": "Truth", "private": "Private reasoning", "passage": "Hidden passage"}
HELP = {
    "truth": "Which answer is true, how each verdict scored, and which arm a match is of.",
    "private": "What the speakers wrote, as they wrote it.",
    "passage": "The text that the judge may not read; quotes lead to their places in it.",
}
SIZE = 25
"""Matches on a page of the list."""


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Transcripts")
    if not listing.total(run, Asked()):
        st.info("No match of this run is stored yet. A run being played appears here by itself.")
        return
    shown = toggles()
    key, beside = (_wanted(run, name) for name in (MATCH, BESIDE))
    if key and beside:
        abreast(run, (key, beside), shown)
        return
    asked = filters(run, shown.truth)
    listed(run, asked, shown.truth)
    if key:
        st.divider()
        step(run, asked, key)
        alone(run, key, shown._replace(words=asked.words))


def toggles() -> Shown:
    """What is hidden until it is asked for. An address may say that its sender had asked; the reader still has to."""
    with st.container(horizontal=True):
        on = {
            name: st.toggle(label, help=HELP[name], key=f"shows {name}", persist_state="session", on_change=_note)
            for name, label in SHOWN.items()
        }
    sent = [name for name in address.get("shown").split(",") if name in SHOWN and not on[name]]
    if sent:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"This address was copied with more shown: {', '.join(SHOWN[name].lower() for name in sent)}.")
            st.button("Show it", on_click=_grant, args=(sent,))
    return Shown(truth=on["truth"], private=on["private"], passage=on["passage"])


def _note() -> None:
    address.put(shown=",".join(name for name in SHOWN if st.session_state[f"shows {name}"]))


def _grant(names: Sequence[str]) -> None:
    for name in names:
        st.session_state[f"shows {name}"] = True


def filters(run: reading.Run, truth: bool) -> Asked:
    """What the reader looks for."""
    columns = iter(st.columns([3, 2, 2, 2, 4] if truth else [3, 2, 4]))
    protocol = _filter(next(columns), "protocol", list(listing.protocols(run)))
    tag = _filter(next(columns), "tag", listing.TAGS)
    arm = verdict = ""
    if truth:
        arm = _filter(next(columns), "arm", ("right", "wrong"))
        verdict = _filter(next(columns), "verdict", listing.VERDICTS)
    words = address.words(next(columns), "Words in the question or a speech", "words")
    return Asked(protocol, arm, verdict, tag, words)


def _filter(column: Any, name: str, options: Sequence[str]) -> str:
    chosen = address.choose(column, name.capitalize(), [ALL, *options], name)
    return "" if chosen == ALL else chosen


def listed(run: reading.Run, asked: Asked, truth: bool) -> None:
    """The list, a page of it; choosing a row names its match in the address."""
    total, every = listing.total(run, asked), listing.total(run, Asked())
    st.caption(f"{total:,} of {every:,} matches. Choose one to read it.")
    first = address.leaf(total, SIZE)
    found = listing.page(run, asked, first, SIZE)
    keys = tuple(line.key for line in found)
    wrong = listing.tagged(run, keys)
    data = pd.DataFrame(
        [_row(line, [tag.name for tag in ts], truth) for line, ts in zip(found, wrong, strict=True)],
        columns=list(_row(Line("", "", "", False, "", "", ()), (), truth)),
    )
    columns = {"question": st.column_config.TextColumn(width="large")}
    address.rows(data, keys, MATCH, height=min(300, 38 + 35 * max(1, len(found))), column_config=columns)


def _row(line: Line, wrong: Sequence[str], truth: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "match": line.key[:12],
        "protocol": line.protocol,
        "state": "finished" if line.over else "not finished",
        "rulings": len(line.verdicts),
        "tags": ", ".join(dict.fromkeys(wrong)),
    }
    if truth:
        row["arm"] = line.arm
        told = [f"{line.verdicts.count(v)} {v}" for v in listing.VERDICTS if v in line.verdicts]
        row["verdicts"] = ", ".join(told)
    return {**row, "task": line.task, "question": markup.clean(line.question, 300)}


def _wanted(run: reading.Run, name: str) -> str:
    """The match that the address names, by its key or how the key begins."""
    start = address.get(name)
    if not start:
        return ""
    keys = listing.named(run, start)
    if len(keys) == 1:
        return keys[0]
    st.warning(plain(f"“{start}” names {'several matches' if keys else 'no match'} of this run."))
    return ""


def step(run: reading.Run, asked: Asked, key: str) -> None:
    """To the matches before and after this one in the list."""
    around = listing.around(run, asked, key)
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, there, shortcut in (("← Previous", around.before, "p"), ("Next →", around.after, "n")):
            st.button(label, disabled=not there, on_click=address.put, kwargs={MATCH: there}, shortcut=shortcut)
        total = listing.total(run, asked)
        st.caption(f"{around.at:,} of {total:,}" if around.at else "not among the matches listed")


def alone(run: reading.Run, key: str, shown: Shown) -> None:
    """One match, from the question to the verdicts; the passage beside it where it is asked for."""
    kept = listing.match(run, key)
    st.html(transcript.head(kept, tags(kept), shown))
    hidden = shown.passage and kept.match.question.passage
    said, beside = st.columns([3, 2]) if hidden else (st.container(), None)
    if beside:
        with beside, st.container(key="passage"):
            st.html(transcript.passage(kept))
    with said:
        for row in transcript.rows(kept):
            columns = st.columns(len(row)) if len(row) > 1 else [st.container()]
            for column, turn in zip(columns, row, strict=True):
                column.html(transcript.turn(kept, turn, shown))
        _end(kept)
    verdicts(kept, shown, 2)
    held(kept)
    calls(run, (key,))


def abreast(run: reading.Run, keys: tuple[str, str], shown: Shown) -> None:
    """Two matches side by side."""
    with st.container(horizontal=True):
        for label, key in zip(("Left alone", "Right alone"), keys, strict=True):
            st.button(label, on_click=address.put, kwargs={MATCH: key, BESIDE: "", CALL: ""})
        st.button("⇄ Exchange", on_click=address.put, kwargs={MATCH: keys[1], BESIDE: keys[0]})
    for column, key in zip(st.columns(2, border=True), keys, strict=True):
        with column:
            kept = listing.match(run, key)
            st.html(transcript.head(kept, tags(kept), shown))
            if shown.passage and kept.match.question.passage:
                st.html(transcript.passage(kept))
            for turn in (turn for row in transcript.rows(kept) for turn in row):
                st.html(transcript.turn(kept, turn, shown))
            _end(kept)
            verdicts(kept, shown, 1)
    calls(run, keys)


def _end(kept: Kept) -> None:
    if not kept.over:
        lost = any(row["stage"] == "speak" and not row["passing"] for row in kept.failures)
        told = "it ends here, for good" if lost else "running its experiment again goes on from here"
        st.info(f"This match is not finished: {told}.")
    for row in kept.failures:
        st.html(transcript.failure(row))


def verdicts(kept: Kept, shown: Shown, across: int) -> None:
    """What each judge decided in each order of the answers."""
    st.subheader("Verdicts")
    if not kept.rulings:
        st.caption("None yet.")
    for start in range(0, len(kept.rulings), across):
        row = kept.rulings[start : start + across]
        for column, ruling in zip(st.columns(across) if across > 1 else [st.container()], row, strict=False):
            column.html(transcript.verdict(kept.match, ruling, shown))


def held(kept: Kept) -> None:
    """What the judges held after each round, where they were asked."""
    if not kept.beliefs:
        return
    first = kept.match.shown[0]
    end = 1 + max(row["round"] for row in kept.beliefs)
    told = [(row, row.get("round", end)) for row in (*kept.beliefs, *kept.rulings) if row["state"] == "read"]
    spots = [
        Spot(f"{row['label']}, {transcript.order(row['order'])}", number, row["p"][first],
             label="verdict" if number == end else "")
        for row, number in told
    ]  # fmt: skip
    rounds, answer = Axis("after round", "d"), Axis(f"probability of answer {LETTERS[0]}", ".0%", (0, 1))
    figures = [{"judge": spot.series, "round": int(spot.x), f"probability of {LETTERS[0]}": spot.y} for spot in spots]
    exhibit.show(
        Exhibit(
            "What each judge held as the rounds went by, its verdict last",
            lines(spots, rounds, answer),
            "; ".join(f"{spot.series}, round {spot.x:.0f}: {spot.y:.2f}" for spot in spots),
            figures,
            f"beliefs {kept.match.key[:12]}",
        )
    )


def calls(run: reading.Run, keys: Sequence[str]) -> None:
    """What went to the models and came back: the list when it is opened, one call's bodies when it is chosen."""
    chosen = address.get(CALL)
    with st.expander("Raw calls", expanded=bool(chosen), on_change="rerun", key=f"calls {keys}") as opened:
        if not opened.open:
            return
        made = [call for key in keys for call in listing.calls(run, key)]
        if not made:
            st.caption("No call is stored: nobody here asked a model.")
            return
        st.caption("Choose a call to read it. Requests hold the hidden passage, and replies the private reasoning.")
        data = pd.DataFrame([_call(number, call) for number, call in enumerate(made, start=1)])
        settings = exhibit.settings(data)
        address.rows(data, [str(call.id) for call in made], CALL, height=min(300, 38 + 35 * len(made)),
                     column_config=settings)  # fmt: skip
        if any(str(call.id) == chosen for call in made):
            bodies(run, int(chosen))


def _call(number: int, call: listing.Call) -> dict[str, object]:
    return {
        "call": number,
        "who": call.who,
        "model": call.model,
        "status": call.error or str(call.status or ""),
        "tokens read": call.prompt,
        "tokens written": call.completion,
        "seconds": None if call.cached else round(call.seconds, 2),
        "cost": "from the cache" if call.cached else transcript.money(call.cost),
    }


def bodies(run: reading.Run, call: int) -> None:
    """A call's request and reply, as they were sent and received."""
    for column, name, body in zip(st.columns(2), ("Request", "Reply"), listing.body(run, call), strict=True):
        column.html(whole(part("card tall", part("head", safe(name)), markup.text(_indented(body), "faint"))))


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


if __name__ == "__main__":
    main()
