"""One protocol: its rules, what judges made of it, what they believed round by round, and what became of its turns."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import streamlit as st

from arena.compare import Row
from arena.protocol import Protocol
from arena.traces import Trace
from dashboards import address, comparing, exhibit, figures, listing, reading, words
from dashboards.charts.bars import Bar, bars
from dashboards.charts.dots import Dot, Rule, Scale, dots
from dashboards.charts.spots import Axis, Spot, lines
from dashboards.exhibit import Exhibit
from dashboards.markup import clean, plain
from dashboards.words import SIDES

PLACE = 40
NAME = "protocol"
LABELLED = 2
"""Lines on which the verdict is named: of more the names would cover one another."""
SHARE = Scale("share of rulings right", (0, 1), ".0%")


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("One protocol")
    labels = list(listing.protocols(run))
    if not labels:
        st.info("No match of this run is stored yet. A run being played appears here by itself.")
        return
    label = address.choose(st.columns([1, 1])[0], "Protocol", labels, NAME)
    rules(run, label)
    with st.container(horizontal=True):
        address.link(st, "Its transcripts", "transcripts", protocol=label)
        address.link(st, "Compared with the others", "compare")
    rows = [row for row in figures.comparison(run).rows if row.protocol == label]
    chosen = comparing.before(st, comparing.judges(rows)) if rows else ()
    if rows:
        accuracy(run, [row for row in rows if row.judge in chosen])
        tasks(run, label, chosen)
    else:
        st.info("No ruling on this protocol is stored yet.")
    beliefs(run, [one for one in figures.traces(run) if one.protocol == label and one.judge in chosen])
    outcomes(run, label)
    roles(run, label)


def rules(run: reading.Run, label: str) -> None:
    """What the protocol is, by its own words, and how it was set."""
    protocol = listing.plugins(run).get(label)
    if protocol is None:
        st.caption("Its plugin is not at hand here, so its rules cannot be told; what was stored of it is.")
        return
    st.markdown(plain(clean(_about(protocol), 2_000)))
    seats = ", ".join(f"{seat} ({role})" for seat, role in protocol.seats.items()) or "nobody: the judge is alone"
    st.caption(plain(f"Speaks: {seats}. {_orders(protocol)}"))
    with st.expander("How it was set"):
        st.json(protocol.model_dump(mode="json"), expanded=1)


def _about(protocol: Protocol) -> str:
    """The first paragraph of the plugin's own description."""
    told = inspect.getdoc(inspect.getmodule(type(protocol))) or ""
    return " ".join(told.split("\n\n")[0].split())


def _orders(protocol: Protocol) -> str:
    if protocol.relabels:
        return "One transcript is judged in both orders of the answers."
    return "Each order of the answers is played on its own."


def accuracy(run: reading.Run, rows: Sequence[Row]) -> None:
    """Before every judge, and by arm."""
    st.subheader("Judge accuracy")
    several = len({row.cast for row in rows}) > 1
    shown = [
        Dot(
            f"{row.judge}{f' · {clean(row.cast, 120)}' if several else ''}"
            f"{f': {words.ARMS[row.arm]}' if row.arm else ''}",
            f"arm: {row.arm}" if row.arm else "protocol",
            row.accuracy.value,
            row.accuracy.low,
            row.accuracy.high,
            words.share(row.accuracy),
        )
        for row in rows
    ]
    share, _, _ = figures.chance(run)
    chart = dots(shown, SHARE, Rule(share, f"chance {100 * share:.0f} %"))
    title = "Share of rulings that are right, by judge and by what was argued for"
    table = [comparing.line(row) for row in rows]
    exhibit.show(Exhibit(title, chart, comparing.spoken(shown), table, f"protocol {run.id}"))


def tasks(run: reading.Run, label: str, judges: Sequence[str]) -> None:
    """The same task by task, where there are several."""
    every = figures.comparison(run, by="task").rows
    rows = [row for row in every if row.protocol == label and row.judge in judges and not row.arm]
    names = words.each([row.group for row in rows])
    if len(names) < 2:
        return
    st.subheader("By task")
    for name, place in comparing.multiples(names):
        part = [row for row in rows if row.group == name]
        shown = [
            Dot(row.judge, "protocol", row.accuracy.value, row.accuracy.low, row.accuracy.high,
                words.share(row.accuracy))
            for row in part
        ]  # fmt: skip
        with place:
            table = [{"task": name, **comparing.line(row)} for row in part]
            title = f"Share of rulings that are right, task {name}"
            exhibit.show(Exhibit(title, dots(shown, SHARE, None), comparing.spoken(shown), table,
                                 f"task {name} {run.id}"))  # fmt: skip


def beliefs(run: reading.Run, found: Sequence[Trace]) -> None:
    """The probability of the right answer, round by round."""
    st.subheader("Beliefs round by round")
    several = len({trace.cast for trace in found}) > 1
    spots = [
        Spot(f"{trace.judge}{f' · {clean(trace.cast, 80)}' if several else ''}",
             _at(trace, i), moment.chance.value, moment.chance.low, moment.chance.high,
             "verdict" if moment.final and len(found) <= LABELLED else "", words.rests(moment.chance))
        for trace in found
        for i, moment in enumerate(trace.moments)
        if moment.chance.value is not None
    ]  # fmt: skip
    if not spots:
        st.caption("None stored: `beliefs = true` in an experiment asks every judge after every round.")
        return
    axes = Axis("after round", "d"), Axis("mean probability of the right answer", ".0%", (0, 1))
    told = "; ".join(f"{spot.series}, round {spot.x:.0f}: {spot.y:.2f}" for spot in spots)
    table = [
        {"judge": trace.judge, "after round": moment.round, "verdict": moment.final,
         **words.cells("probability of the right answer", moment.chance), "cast": trace.cast}
        for trace in found
        for moment in trace.moments
    ]  # fmt: skip
    title = "Mean probability that judges gave the right answer, after each round and in the verdict"
    exhibit.show(Exhibit(title, lines(spots, *axes), told, table, f"beliefs {run.id}"))


def _at(trace: Trace, number: int) -> float:
    """The verdict stands one step after the last belief."""
    moment = trace.moments[number]
    last = max((other.round for other in trace.moments if not other.final), default=0)
    return last + 1 if moment.final else moment.round


def outcomes(run: reading.Run, label: str) -> None:
    """What was the matter with its turns."""
    st.subheader("What was the matter with turns")
    mine = [one for one in figures.tallies(run) if one.protocol == label]
    parts = [Bar(name, SIDES[one.arm], count) for one in mine for name, count in one.counts.items()]
    if not parts:
        turns = sum(one.turns for one in mine)
        st.caption(f"Nothing that the arena's rules see, in {turns:,} turns." if turns else "Nobody spoke.")
        return
    told = "; ".join(f"{bar.label}, {bar.part}: {bar.value:,.0f}" for bar in parts)
    table = [
        {"what": name, "side": SIDES[one.arm], "times": count, "turns": one.turns, "cast": one.cast}
        for one in mine
        for name, count in one.counts.items()
    ]
    title = "Turns in which something was the matter, by what the speaker argued for"
    exhibit.show(Exhibit(title, bars(parts, "turns", ",d"), told, table, f"turns {run.id}"))


def roles(run: reading.Run, label: str) -> None:
    """What each role took."""
    st.subheader("What each role took")
    mine = [one for one in figures.efforts(run) if one.protocol == label]
    if not mine:
        st.caption("No call is stored: nobody here asked a model.")
        return
    parts = [
        Bar(one.role, part, tokens)
        for one in mine
        for part, tokens in (("read", one.prompt_tokens), ("written", one.completion_tokens))
    ]
    told = "; ".join(f"{bar.label}, {bar.part}: {bar.value:,.0f}" for bar in parts)
    table = [one.model_dump(exclude={"protocol"}) for one in mine]
    title = "Tokens by role, read and written"
    exhibit.show(Exhibit(title, bars(parts, "tokens", "~s"), told, table, f"roles {run.id}"))


if __name__ == "__main__":
    main()
