"""Transcripts: find a match of a run, and read what was said, quoted, decided, and what is true."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st

from arena.match import Match, ordered
from arena.nouns import Turn, Usage
from arena.prompt import LETTERS, title, who
from arena.store.read import Kept
from dashboards import markup, reading
from dashboards.markup import part, plain, safe, whole

MATCH = "match"  # the parameter of the address that names the match
VERDICTS = ("right", "wrong", "tie", "unreadable")
ALL = "all"


class Shown(NamedTuple):
    """What the reader asked to see. Nothing of the rest goes to the browser."""

    truth: bool
    private: bool
    passage: bool


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Transcripts")
    lines = reading.lines(run)
    if not lines:
        st.info("No match of this run is stored yet. A run being played appears here by itself.")
        return
    shown = toggles()
    found = filtered(run, lines, shown.truth)
    listed(found, len(lines), shown.truth)
    key = wanted(lines)
    if key:
        st.divider()
        step([line.key for line in found], key)
        transcript(run, reading.kept(run, key), shown)


def toggles() -> Shown:
    """What is hidden until it is asked for; no address turns it on."""
    with st.container(horizontal=True):
        return Shown(
            truth=st.toggle(
                "Truth", help="Which answer is true, how each verdict scored, and which arm a match is of."
            ),
            private=st.toggle("Private reasoning", help="What the speakers wrote, as they wrote it."),
            passage=st.toggle("Hidden passage", help="The text that the judge may not read."),
        )


def filtered(run: reading.Run, lines: Sequence[reading.Line], truth: bool) -> list[reading.Line]:
    """The matches that the reader's filters let through."""
    columns = iter(st.columns([3, 2, 2, 4] if truth else [3, 4, 4]))
    protocol = _filter(next(columns), "protocol", [line.protocol for line in lines])
    arm = verdict = ALL
    if truth:
        arm = _filter(next(columns), "arm", [line.arm for line in lines if line.arm])
        verdict = _filter(next(columns), "verdict", [*VERDICTS])
    words = next(columns).text_input("Words in the question or a speech", key="words", bind="query-params") or ""
    keys = reading.saying(run, words) if words else None
    return [
        line
        for line in lines
        if protocol in (ALL, line.protocol)
        and arm in (ALL, line.arm)
        and (verdict == ALL or verdict in line.verdicts)
        and (keys is None or line.key in keys)
    ]


def _filter(column: Any, name: str, values: list[str]) -> str:
    options = [ALL, *dict.fromkeys(values)]
    return str(column.selectbox(name.capitalize(), options, key=name, bind="query-params"))


def listed(found: Sequence[reading.Line], total: int, truth: bool) -> None:
    """The list; choosing a row names its match in the address."""
    st.caption(f"{len(found):,} of {total:,} matches. Choose one to read it.")
    chosen = st.query_params.get(MATCH, "")
    if st.session_state.get("picked") != chosen:  # the address changed by other means than the list
        st.session_state["picked"] = chosen
        st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
    at = [i for i, line in enumerate(found) if chosen and line.key.startswith(chosen)]
    keys = tuple(line.key for line in found)
    name = f"list {st.session_state['drawn']} {hash(keys)} {truth}"

    def pick() -> None:
        rows = st.session_state[name]["selection"]["rows"]
        picked = found[rows[0]].key if rows else ""
        st.session_state["picked"] = picked
        if picked:
            st.query_params[MATCH] = picked
        else:
            st.query_params.pop(MATCH, None)

    st.dataframe(
        pd.DataFrame([_row(line, truth) for line in found], columns=list(_row(_NONE, truth))),
        key=name,
        hide_index=True,
        height=min(280, 38 + 35 * max(1, len(found))),
        on_select=pick,
        selection_mode="single-row",
        selection_default={"selection": {"rows": at[:1]}},
        column_config={"question": st.column_config.TextColumn(width="large")},
        placeholder="",
    )


_NONE = reading.Line("", "", "", False, "", "", ())


def _row(line: reading.Line, truth: bool) -> dict[str, object]:
    row: dict[str, object] = {
        "match": line.key[:12],
        "protocol": line.protocol,
        "state": "finished" if line.over else "not finished",
        "rulings": len(line.verdicts),
    }
    if truth:
        row["arm"] = line.arm
        row["verdicts"] = ", ".join(f"{line.verdicts.count(v)} {v}" for v in VERDICTS if v in line.verdicts)
    return {**row, "task": line.task, "question": markup.clean(line.question, 300)}


def wanted(lines: Sequence[reading.Line]) -> str | None:
    """The match that the address names, by its key or how the key begins."""
    start = st.query_params.get(MATCH, "")
    if not start:
        return None
    keys = [line.key for line in lines if line.key.startswith(start)]
    if len(keys) == 1:
        return keys[0]
    st.warning(plain(f"“{start}” names {len(keys) or 'no'} match{'es' if keys else ''} of this run."))
    return None


def step(keys: Sequence[str], key: str) -> None:
    """To the matches before and after this one in the list."""
    at = keys.index(key) if key in keys else None
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, by, shortcut in (("← Previous", -1, "p"), ("Next →", 1, "n")):
            there = None if at is None else at + by
            known = there is not None and 0 <= there < len(keys)
            st.button(
                label, disabled=not known, on_click=_go, args=(keys[there or 0] if known else "",), shortcut=shortcut
            )
        st.caption("not among the matches listed" if at is None else f"{at + 1:,} of {len(keys):,}")


def _go(key: str) -> None:
    st.query_params[MATCH] = key


def transcript(run: reading.Run, kept: Kept, shown: Shown) -> None:
    """One match, from the question to the verdicts."""
    match = kept.match
    sides = match.sides(kept.turns)
    st.html(whole(_head(match), *(_answer(match, i, sides, shown) for i in range(len(match.shown)))))
    if shown.passage and match.question.passage:
        st.html(whole(part("card tall", part("head", "Hidden passage"), markup.text(match.question.passage))))
    for row in _rows(match, kept.turns, sides):
        columns = st.columns(len(row)) if len(row) > 1 else [st.container()]
        for column, turn in zip(columns, row, strict=True):
            column.html(whole(_turn(match, turn, sides, shown)))
    if not kept.over:
        lost = any(row["stage"] == "speak" and not row["passing"] for row in kept.failures)
        told = "it ends here, for good" if lost else "running its experiment again goes on from here"
        st.info(f"This match is not finished: {told}.")
    for failure in kept.failures:
        st.html(whole(_failure(failure)))
    verdicts(kept, shown)
    _calls(run, match.key)


def _head(match: Match) -> str:
    question = match.question
    about = [match.protocol.label, f"match {match.key[:12]}", f"question {question.id}", f"source {question.source}"]
    about += [f"repeat {match.repeat}"] if match.repeat else []
    return part("faint text", safe("  ·  ".join(about))) + markup.text(question.text, "question")


def _answer(match: Match, place: int, sides: dict[str, int], shown: Shown) -> str:
    index = match.shown[place]
    seats = [title(seat) for seat, answer in sides.items() if answer == index]
    told = f' <span class="faint">argued by {safe(", ".join(seats))}</span>' if seats else ""
    if shown.truth and index == match.question.correct:
        told += ' <span class="good"><b>✓ the right answer</b></span>'
    return part("text answer", markup.letter(LETTERS[place]), safe(match.question.answers[index]), told)


def _rows(match: Match, turns: Sequence[Turn], sides: dict[str, int]) -> Iterator[list[Turn]]:
    """The turns that stand abreast: those of the sides in one round; any other has a row of its own."""
    order = ordered(match.protocol, turns)

    def kind(turn: Turn) -> tuple[int, str, bool]:
        return turn.round, turn.act, turn.seat in sides and len(sides) > 1

    for (_, _, abreast), group in groupby(order, key=kind):
        row = list(group)
        yield from ([row] if abreast else [[turn] for turn in row])


def _turn(match: Match, turn: Turn, sides: dict[str, int], shown: Shown) -> str:
    parts = [part("head", _speaker(match, turn, sides)), markup.spoken(turn), part("faint", safe(_about(turn)))]
    if notes := _notes(turn):
        parts.append(part("note", safe(notes)))
    if shown.private and turn.private:
        parts += [part("faint", "As written, seen by no other seat:"), markup.text(turn.private, "faint tall")]
    return part("card", *parts)


def _speaker(match: Match, turn: Turn, sides: dict[str, int]) -> str:
    side = sides.get(turn.seat)
    told = "" if side is None else f" for {markup.letter(LETTERS[match.shown.index(side)])}"
    return f"{safe(who(turn))}{told} <span class='faint'>round {turn.round}</span>"


def _about(turn: Turn) -> str:
    quotes = f"{sum(q.verified for q in turn.quotes)} of {len(turn.quotes)} quotes verified" if turn.quotes else ""
    return "  ·  ".join(filter(None, [quotes or "no quotes", _usage(turn.usage)]))


def _usage(usage: Usage) -> str:
    tokens = "tokens unknown" if usage.tokens is None else f"{usage.prompt:,} tokens read, {usage.completion:,} written"
    return f"{tokens}  ·  {usage.seconds:.1f} s"


def _notes(turn: Turn) -> str:
    notes = ["cut at the limit of words"] if turn.cut else []
    notes += [f"{turn.forged} forged mark{'s' * (turn.forged > 1)} of verification removed"] if turn.forged else []
    notes += turn.outcomes
    return "  ·  ".join(notes)


def _failure(row: dict[str, Any]) -> str:
    who = row["seat"] or f"a judge, {_order(row['order'])}"
    again = "; the next run tries again" if row["passing"] else ""
    return part("card", part("head bad", safe(f"Failed: {who}: {row['kind']}{again}")), markup.text(row["message"]))


def _order(order: int) -> str:
    return "answers in the opposite order" if order else "answers as shown above"


def verdicts(kept: Kept, shown: Shown) -> None:
    """What each judge decided in each order of the answers."""
    st.subheader("Verdicts")
    if not kept.rulings:
        st.caption("None yet.")
    for start in range(0, len(kept.rulings), 2):
        for column, row in zip(st.columns(2), kept.rulings[start : start + 2], strict=False):
            column.html(whole(_verdict(kept.match, row, shown)))


def _verdict(match: Match, row: dict[str, Any], shown: Shown) -> str:
    title = f"{safe(row['label'])} <span class='faint'>{_order(row['order'])}</span>"
    flags = part("note", safe("  ·  ".join(row["flags"]))) if row["flags"] else ""
    used = part("faint", safe(_usage(Usage.model_validate(row["usage"]))))
    if row["state"] != "read":
        return part("card", part("head", title), part("note", "Unreadable"), markup.text(row["reason"]), flags, used)
    shares = [(LETTERS[i], match.question.answers[a], row["p"][a]) for i, a in enumerate(match.shown)]
    reason = markup.text(row["reason"]) if row["reason"] else ""
    return part("card", part("head", title), markup.bars(shares), _chosen(match, row["p"], shown), reason, flags, used)


def _chosen(match: Match, p: Sequence[float], shown: Shown) -> str:
    best = [i for i, share in enumerate(p) if share == max(p)]
    letters = [markup.letter(LETTERS[place]) for place in sorted(match.shown.index(i) for i in best)]
    said = f"Tie: {' '.join(letters)}" if len(best) > 1 else f"Decided for {letters[0]}"
    if not shown.truth or match.question.correct is None:
        return part("", said)
    if len(best) > 1:
        return part("", said, ' <span class="note">tie</span>')
    kind, word = ("good", "✓ right") if best == [match.question.correct] else ("bad", "✗ wrong")
    return part("", said, f' <span class="{kind}"><b>{word}</b></span>')


def _calls(run: reading.Run, match: str) -> None:
    """What went to the models and came back, read only when it is opened."""
    with st.expander("Raw calls", on_change="rerun", key=f"calls {match}") as opened:
        if not opened.open:
            return
        st.caption("Requests hold the hidden passage, and replies the private reasoning.")
        calls = reading.calls(run, match)
        if not calls:
            st.caption("None stored for this match.")
        for number, call in enumerate(calls, start=1):
            _call(number, call)


def _call(number: int, call: reading.Call) -> None:
    cached = "from the cache" if call.cached else f"{call.seconds:.1f} s"
    tokens = "  ·  ".join(f"{n:,} tokens {w}" for n, w in ((call.prompt, "read"), (call.completion, "written")) if n)
    status = call.error or (f"status {call.status}" if call.status else "")
    title = filter(None, [f"{number}. {call.who}", call.model, status, tokens, cached])
    st.html(whole(part("head text", safe("  ·  ".join(title)))))
    sent, received = st.columns(2)
    for column, name, body in ((sent, "request", call.request), (received, "reply", call.reply)):
        column.caption(name)
        column.html(whole(part("card tall", markup.text(_indented(body), "faint"))))


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


if __name__ == "__main__":
    main()
