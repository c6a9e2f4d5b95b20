"""Live run: progress, pace, errors, what was spent and the time left, as its drivers say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from arena.control import SILENT
from arena.store.read import Spent
from dashboards import address, exhibit, figures, ledger, pulse, reading, words
from dashboards.address import ALL
from dashboards.charts.spots import Axis, Spot, lines
from dashboards.exhibit import Exhibit
from dashboards.markup import clean, plain

PLACE = 20
PERIOD = 2.0
"""Seconds between two looks at a run that is played."""
KIND = "kind"
RECENT = 10
"""Failures that are shown."""
STATES = {
    "playing": "▶ playing",
    "paused": "⏸ paused: no new call begins; `arena resume` goes on",
    "complete": "✓ complete",
    "stopped": "■ stopped: nobody plays it; `arena run FILE` goes on",
}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Live run")
    moving = pulse.state(run)["state"] in {"playing", "paused"}
    st.fragment(look, run_every=PERIOD if moving else None)(run)


def look(run: reading.Run) -> None:
    """One look: every figure of it is read anew, and what the reader chose stays."""
    try:
        now = pulse.state(run)
    except reading.TROUBLE as error:
        st.warning(plain(f"The store cannot be read now: {reading.told(error)}"))
        return
    standing(now)
    pace(now["drivers"])
    throughput(run)
    drivers(now["drivers"])
    errors(reading.run(run.id), now["drivers"])
    st.caption(f"looked at {time.strftime('%H:%M:%S')}")


def standing(now: dict[str, Any]) -> None:
    """How far the run is."""
    st.markdown(STATES[now["state"]])
    share = words.progress((now["ruled"], now["rulings"]), (now["over"], now["planned"]))
    st.progress(share, f"{now['ruled']:,} of {now['rulings']:,} rulings ({share:.1%})")
    figures_ = {
        "Matches played": f"{now['over']:,} / {now['planned']:,}",
        "Unreadable": f"{now['unreadable']:,}",
        "Matches failed": f"{now['failed']:,}",
        "Calls paid": f"{now['spent']['calls']:,}",
        "Tokens": words.short(now["spent"]["tokens"]),
        "Spent": ledger.dollars(Spent(**now["spent"])),
    }
    exhibit.metrics(figures_)


def pace(drivers: Sequence[dict[str, Any]]) -> None:
    """How fast it goes, over all drivers that were heard of."""
    heard = [one for one in drivers if one["age"] < SILENT and "calls_per_second" in one]
    if not heard:
        return
    left = [one["eta"] for one in heard if one["eta"] is not None]
    exhibit.metrics(
        {
            "Calls a second": f"{sum(one['calls_per_second'] for one in heard):,.1f}",
            "Tokens a second": f"{sum(one['tokens_per_second'] for one in heard):,.0f}",
            "Calls in flight": f"{sum(one['flying'] for one in heard):,}",
            "Oldest call": f"{max(one['oldest'] for one in heard):,.0f} s",
            "Retries": f"{sum(one['retries'] for one in heard):,}",
            "Time left": _clock(max(left)) if left else "not known yet",
        }
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def throughput(run: reading.Run) -> None:
    """Calls by minute, as they began."""
    minutes = pulse.minutes(run)
    if len(minutes) < 2:
        return
    now = minutes[-1].at
    spots = [Spot(what, (one.at - now) / 60, count) for one in minutes for what, count in (
        ("answered", one.calls - one.errors), ("without a reply", one.errors))]  # fmt: skip
    chart = lines(spots, Axis("minutes before the last call", "d"), Axis("calls begun in the minute", ",d"))
    told = f"{minutes[-1].calls} calls in the last minute, {max(one.calls for one in minutes)} in the busiest"
    rows = [
        {"minute": time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at)), "calls": one.calls,
         "without a reply": one.errors, "tokens": one.tokens}
        for one in minutes
    ]  # fmt: skip
    exhibit.show(Exhibit("Calls to models by the minute in which they began", chart, told, rows, f"pace {run.id}"))


def drivers(found: Sequence[dict[str, Any]]) -> None:
    """Who plays it."""
    if not found:
        return
    st.subheader("Drivers")
    exhibit.grid([_driver(one) for one in found])


def _driver(one: dict[str, Any]) -> dict[str, object]:
    return {
        "driver": one["driver"].partition("@")[2],
        "heard of": f"{one['age']:.0f} s ago" + (" ⚠ out of touch" if one["age"] >= SILENT else ""),
        "matches done": one.get("done"),
        "failed": one.get("failed"),
        "calls a second": round(one.get("calls_per_second", 0.0), 1),
        "in flight": one.get("flying"),
        "retries": one.get("retries"),
        "errors": ", ".join(f"{count} {kind}" for kind, count in one.get("errors", {}).items()),
    }


def errors(run: reading.Run, drivers: Sequence[dict[str, Any]]) -> None:
    """What failed lately, of the kind that the reader chose."""
    st.subheader("Errors")
    known = [loss.kind for loss in figures.losses(run)]
    said = [kind for one in drivers for kind in one.get("errors", {})]
    kinds = words.each([*known, *said])
    if not kinds:
        st.caption("None.")
        return
    kind = address.choose(st.columns([1, 2])[0], "Kind", [ALL, *kinds], KIND)
    rows = ledger.failed(run, "" if kind == ALL else kind, 0, RECENT)
    told = [
        {"match": one.match[:12], "stage": one.stage, "kind": one.kind, "protocol": one.protocol, "who": one.who,
         "message": clean(one.message, 300)}
        for one in rows
    ]  # fmt: skip
    if told:
        st.dataframe(pd.DataFrame(told), hide_index=True, width="stretch")
    address.link(st, "All failures", "failures", **({} if kind == ALL else {KIND: kind}))


if __name__ == "__main__":
    main()
