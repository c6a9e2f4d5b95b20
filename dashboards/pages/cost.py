"""Cost: calls, tokens, dollars and seconds by protocol, role and model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from arena.store.cost import Effort
from dashboards import address, exhibit, figures, ledger, reading, words
from dashboards.charts.bars import Bar, bars
from dashboards.exhibit import Exhibit
from dashboards.ledger import Model
from dashboards.markup import plain

PLACE = 100
UNITS = {
    "tokens": ("tokens, read and written", ".3s"),
    "dollars": ("US dollars", "$,.4~f"),
    "seconds": ("seconds of calls, side by side counted each", ",.0f"),
    "calls": ("answered calls", ",.0f"),
}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Cost")
    paid = ledger.spent(run)
    exhibit.metrics(
        {
            "Calls paid": f"{paid.calls:,}",
            "Tokens": words.short(paid.tokens),
            "Cost": ledger.dollars(paid),
            "Seconds of calls": f"{paid.seconds:,.0f}",
        }
    )
    st.caption("Paid by this run; what the response cache served cost nothing again and is left out here.")
    efforts = figures.efforts(run)
    if not efforts:
        st.info("No call of this run is stored: it asked no model, or none has answered yet.")
        return
    roles(run, efforts)
    each(run, efforts)
    asked(run)


def roles(run: reading.Run, efforts: Sequence[Effort]) -> None:
    """What each role took in each protocol."""
    st.subheader("By protocol and role")
    unit = address.switch(st, "Unit", list(UNITS), "unit")
    blank = [one for one in efforts if one.cost is None]
    shown = [one for one in efforts if unit != "dollars" or one.cost is not None]
    many = {one.protocol for one in efforts if len({o.cast for o in efforts if o.protocol == one.protocol}) > 1}
    parts = [Bar(_name(one, one.protocol in many), one.role, _amount(one, unit)) for one in shown]
    title, form = UNITS[unit]
    told = "; ".join(f"{bar.label}, {bar.part}: {bar.value:,.4g}" for bar in parts)
    if parts:
        lines = [_line(one) for one in efforts]
        exhibit.show(
            Exhibit(
                f"What each protocol took, by role: {title}", bars(parts, title, form), told, lines, f"cost {run.id}"
            )
        )
    if unit == "dollars" and blank:
        names = ", ".join(words.each([f"{one.role} in {one.protocol}" for one in blank]))
        st.caption(plain(f"Cost unknown, as the configuration gives no price: {names}."))
    st.caption("Counted whether or not the response cache served a call: what playing it once takes.")


def _name(one: Effort, many: bool) -> str:
    return f"{one.protocol} · {one.cast}" if many and one.cast else one.protocol


def _amount(one: Effort, unit: str) -> float:
    tokens = one.prompt_tokens + one.completion_tokens
    return {"tokens": tokens, "dollars": one.cost or 0.0, "seconds": one.seconds, "calls": one.calls}[unit]


def _line(one: Effort) -> dict[str, object]:
    return {
        "protocol": one.protocol,
        "role": one.role,
        "calls": one.calls,
        "tokens read": one.prompt_tokens,
        "tokens written": one.completion_tokens,
        "cost, US dollars": one.cost,
        "seconds": round(one.seconds, 1),
        "cast": one.cast,
    }


def each(run: reading.Run, efforts: Sequence[Effort]) -> None:
    """What one ruling took, its share of the speakers' calls included."""
    st.subheader("For each ruling")
    lines = []
    for row in (row for row in figures.comparison(run).rows if not row.arm):
        rulings = row.accuracy.rulings + row.accuracy.unreadable
        mine = [one for one in efforts if (one.protocol, one.cast) == (row.protocol, row.cast)]
        served = sum(r.accuracy.rulings + r.accuracy.unreadable for r in figures.comparison(run).rows
                     if not r.arm and (r.protocol, r.cast) == (row.protocol, row.cast))  # fmt: skip
        spoken = sum(o.prompt_tokens + o.completion_tokens for o in mine if not o.role.startswith("judge "))
        own = row.judge_tokens
        lines.append(
            {
                "protocol": row.protocol,
                "judge": row.judge,
                "rulings": rulings,
                "judge tokens a ruling": round(own / rulings) if own is not None and rulings else None,
                "speaker tokens a ruling": round(spoken / served) if served and (spoken or not row.cast) else None,
                "cast": row.cast,
            }
        )
    exhibit.grid(lines)
    exhibit.download(lines, f"cost a ruling {run.id}")
    st.caption(
        "Speakers' calls are shared by all rulings on the same transcripts, so a further judge adds only its own."
    )


def asked(run: reading.Run) -> None:
    """What was asked of each model."""
    st.subheader("By model")
    lines = [_model(one) for one in ledger.models(run)]
    exhibit.grid(lines)
    exhibit.download(lines, f"models {run.id}")


def _model(one: Model) -> dict[str, object]:
    return {
        "model": one.model,
        "calls answered": one.calls,
        "from the cache": one.cached,
        "calls without a reply": one.errors,
        "tokens read": one.prompt,
        "tokens written": one.completion,
        "cost, US dollars": one.cost,
        "seconds": round(one.seconds, 1),
    }


if __name__ == "__main__":
    main()
