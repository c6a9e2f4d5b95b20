"""Bias: what turns judges beside the arguments, and how far judges agree."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from arena.agreement import Agreement, Kappa
from arena.bias import Bias
from dashboards import address, comparing, exhibit, figures, reading, words
from dashboards.charts.dots import Dot, Rule, Scale, dots, reach
from dashboards.exhibit import Exhibit
from dashboards.markup import clean, plain

PLACE = 90
CAUSES = {
    "position": "Answers shown first, against those shown last",
    "label": "Answers called A, against the others",
    "first speaker": "Answers whose side speaks first",
    "last speaker": "Answers whose side speaks last",
    "length": "One standard deviation more words than the other side",
    "tone": "One standard deviation more confidence of tone than the other side",
    "flips": "Share of verdicts that change when the answers are swapped",
}


def main() -> None:
    """Draw the page."""
    run = reading.current()
    st.title("Bias")
    found = figures.biases(run)
    judges = words.each([one.judge for one in sorted(found, key=lambda one: -one.figure.rulings)])
    if judges:
        judge = address.choose(st.columns([1, 2])[0], "Judge", judges, "judge")
        panel(run, [one for one in found if one.judge == judge])
    else:
        st.info("No ruling could be read yet, or nothing here can be told apart from the truth.")
    agree(run)


def panel(run: reading.Run, found: Sequence[Bias]) -> None:
    """A chart for each cause."""
    causes = [cause for cause in CAUSES if any(one.cause == cause for one in found)]
    for cause, place in comparing.multiples(causes):
        with place:
            _cause(run, cause, [one for one in found if one.cause == cause])
    st.caption(
        "How much more often the judge decides for an answer that has the cause on its side, in percentage points; 0 "
        "is no bias. Intervals are 95 %, by source."
    )


def _cause(run: reading.Run, cause: str, found: Sequence[Bias]) -> None:
    several = len(found) > len({one.protocol for one in found})
    shown = [_dot(one, several) for one in found]
    share = cause == "flips"
    scale = (
        Scale("% of verdicts", (0, 100), ".0f")
        if share
        else Scale("percentage points", _within(reach(shown, 20)), "+.0f")
    )
    chart = dots(shown, scale, None if share else Rule(0, "no bias"))
    table = [
        {"protocol": one.protocol, "judge": one.judge, **words.cells("share", one.figure), "p": one.figure.p,
         "method": one.figure.method, "cast": one.cast}
        for one in found
    ]  # fmt: skip
    exhibit.show(Exhibit(CAUSES[cause], chart, comparing.spoken(shown), table, f"bias {cause} {run.id}"))


def _within(ends: tuple[float, float]) -> tuple[float, float]:
    """Shares cannot be further apart than this, though an interval may say so."""
    return max(-100, ends[0]), min(100, ends[1])


def _dot(one: Bias, several: bool) -> Dot:
    figure = one.figure
    value, low, high = (None if x is None else 100 * x for x in (figure.value, figure.low, figure.high))
    name = f"{one.protocol} · {clean(one.cast, 120)}" if several and one.cast else one.protocol
    if one.cause == "flips":
        return Dot(name, "protocol", value, low, high, words.share(figure))
    told = "nothing to measure" if value is None else f"{words.points(value)} points · {words.rests(figure)}"
    return Dot(name, comparing.sign(low, high), value, low, high, told)


def agree(run: reading.Run) -> None:
    """Krippendorff's alpha and Cohen's kappa."""
    st.subheader("Agreement between judges")
    found = figures.agreement(run)
    if not found:
        st.caption("Fewer than two judges rule in this run.")
        return
    shown = [_alpha(one) for one in found]
    table = [
        {"protocol": one.protocol or "all", "alpha": one.alpha.value, "low": one.alpha.low, "high": one.alpha.high,
         "n": one.alpha.rulings, "method": one.alpha.method}
        for one in found
    ]  # fmt: skip
    chart = dots(shown, Scale("Krippendorff's alpha", (-1, 1), ".1f"), Rule(0, "chance"))
    title = "Krippendorff's alpha of all judges, 1 is full agreement"
    exhibit.show(Exhibit(title, chart, comparing.spoken(shown), table, f"alpha {run.id}"))
    pairs = [_pair(one, kappa) for one in found for kappa in one.pairs]
    st.markdown(f"**{plain('Cohen’s kappa of every two judges')}**")
    exhibit.grid(pairs)
    exhibit.download(pairs, f"kappa {run.id}")
    st.caption(
        "n is the number of transcripts, in one order of the answers each, that both or at least two judges ruled on."
    )
    comparing.left_out(run)


def _alpha(one: Agreement) -> Dot:
    alpha = one.alpha
    told = "nothing to measure" if alpha.value is None else f"{alpha.value:.2f} · n {alpha.rulings:,}"
    return Dot(one.protocol or "all protocols", "protocol", alpha.value, alpha.low, alpha.high, told)


def _pair(one: Agreement, pair: Kappa) -> dict[str, object]:
    kappa = pair.kappa
    return {
        "protocol": one.protocol or "all",
        "one": pair.one,
        "other": pair.other,
        "kinds": pair.kinds,
        "kappa": kappa.value,
        "low": kappa.low,
        "high": kappa.high,
        "alike, share": pair.same,
        "transcripts": kappa.rulings,
    }


if __name__ == "__main__":
    main()
