"""The address of a page holds every choice that was made on it, so that whoever opens it sees the same.

The address is the only memory of a choice: a widget is set from it before it is drawn, and writes to it when it is
changed. What it must not hold is what the reader has to ask for: truth, private reasoning, hidden passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import pandas as pd
import streamlit as st

from dashboards import reading
from dashboards.charts import spec
from dashboards.markup import plain

ALL = "all"
"""The choice that leaves nothing out; it is not written into the address."""

PAGE = "page"


class Choice(NamedTuple):
    """What a click on a mark of a chart chooses."""

    name: str
    """The parameter of the address."""
    keys: Sequence[str]
    """What may be chosen."""
    clears: tuple[str, ...] = ()
    """Parameters that go with another choice."""


def get(name: str) -> str:
    """What the address says of a choice; empty where it says nothing."""
    return str(st.query_params.get(name, ""))


def put(**choices: str) -> None:
    """Write choices into the address; an empty one is taken out."""
    for name, value in choices.items():
        if value and get(name) != value:
            st.query_params[name] = value
        elif not value and name in st.query_params:
            del st.query_params[name]


def go(page: str, **choices: str) -> NoReturn:
    """Open another page with these choices."""
    told = {name: value for name, value in choices.items() if value}
    st.switch_page(f"pages/{page}.py", query_params={reading.RUN: str(st.session_state[reading.RUN]), **told})


def link(where: Any, label: str, page: str, **choices: str) -> None:
    """A link to another page with these choices."""
    told = {name: value for name, value in choices.items() if value}
    query = {reading.RUN: str(st.session_state[reading.RUN]), **told}
    where.page_link(f"pages/{page}.py", label=label, query_params=query)


def choose(where: Any, label: str, options: Sequence[str], name: str, **more: Any) -> str:
    """One of the options, the first unless the address says another. `more` goes to the widget."""
    _set(name, options)
    return str(where.selectbox(label, options, key=name, on_change=_write, args=(name, options[0]), **more))


def switch(where: Any, label: str, options: Sequence[str], name: str, **more: Any) -> str:
    """The same as buttons side by side, for few options."""
    _set(name, options)
    args = (name, options[0])
    made = where.segmented_control(label, options, key=name, on_change=_write, args=args, required=True, **more)
    return str(made or options[0])


def several(where: Any, label: str, options: Sequence[str], name: str, **more: Any) -> tuple[str, ...]:
    """Any number of the options, none unless the address says so: it holds each as a parameter of its own."""
    said = st.query_params.get_all(name)
    if unknown := [one for one in said if one not in options]:
        st.warning(plain(f"Not there to choose: {', '.join(unknown)}."))
    st.session_state[name] = [one for one in said if one in options]
    return tuple(where.multiselect(label, options, key=name, on_change=_join, args=(name,), **more))


def _join(name: str) -> None:
    if chosen := st.session_state[name]:
        st.query_params[name] = chosen
    else:
        put(**{name: ""})


def words(where: Any, label: str, name: str, **more: Any) -> str:
    """What the reader looks for."""
    st.session_state[name] = get(name)
    return str(where.text_input(label, key=name, on_change=_write, args=(name, ""), **more) or "").strip()


def leaf(total: int, size: int, name: str = PAGE) -> int:
    """The number of the first of the things that this page of a list shows, from 0; pages are counted from 1."""
    pages = max(1, -(-total // size))
    said = get(name)
    number = min(pages, int(said)) if said.isascii() and said.isdigit() and int(said) else 1
    widget = f"{name} {number} of {pages}"
    if pages > 1:
        st.pagination(pages, default=number, key=widget, on_change=_turn, args=(name, widget))
    return (number - 1) * size


def _turn(name: str, widget: str) -> None:
    number = st.session_state[widget]
    put(**{name: str(number) if number > 1 else ""})


def _set(name: str, options: Sequence[str]) -> None:
    said = get(name)
    if said and said not in options:
        st.warning(plain(f"“{said}” is none of: {', '.join(options)}. This is {options[0]}."))
    st.session_state[name] = said if said in options else options[0]


def _write(name: str, usual: str) -> None:
    value = str(st.session_state[name] or "")
    put(**{name: "" if value == usual else value})
    if name != PAGE:
        put(**{PAGE: ""})  # another choice is another list


def rows(data: pd.DataFrame, keys: Sequence[str], name: str, **more: Any) -> None:
    """A table of which one row may be chosen: the row's key goes into the address. `more` goes to the table."""
    said = get(name)
    if st.session_state.get(f"{name} picked") != said:  # the address was changed by other means than the table
        st.session_state[f"{name} picked"] = said
        st.session_state[f"{name} drawn"] = st.session_state.get(f"{name} drawn", 0) + 1
    widget = f"{name} {st.session_state[f'{name} drawn']} {hash(tuple(keys))} {','.join(map(str, data.columns))}"

    def pick() -> None:
        chosen = st.session_state[widget]["selection"]["rows"]
        st.session_state[f"{name} picked"] = keys[chosen[0]] if chosen else ""
        put(**{name: st.session_state[f"{name} picked"]})

    at = [i for i, key in enumerate(keys) if said and key == said]
    st.dataframe(
        data,
        key=widget,
        hide_index=True,
        placeholder="",
        on_select=pick,
        selection_mode="single-row",
        selection_default={"selection": {"rows": at[:1]}},
        **more,
    )


def mark(chart: Any, choice: Choice, file: str, told: str) -> None:
    """A chart of which one mark may be chosen, by the field `key` of its data: it goes into the address."""
    widget = f"chart {file}"

    def pick() -> None:
        chosen = st.session_state[widget]["selection"].get("pick") or []
        key = str(chosen[0].get("key", "")) if chosen else ""
        if key in choice.keys:
            put(**{**dict.fromkeys(choice.clears, ""), choice.name: key})

    st.vega_lite_chart(spec(chart), width="stretch", alt=told, key=widget, on_select=pick)
