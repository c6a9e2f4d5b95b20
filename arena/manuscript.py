"""A comparison as a table for a manuscript, in Markdown or in LaTeX with booktabs, and as CSV."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from csv import DictWriter

from arena.comparison import Comparison, Pair, Row, beside, table
from arena.errors import ConfigError
from arena.metric import Figure
from arena.metrics.pgr import undefined

_Column = tuple[str, Callable[[Row, Pair | None], str]]

_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": "$-$",
    "–": "--",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def markdown(made: Comparison) -> str:
    """The table, and below it how its figures were reached. Raises ConfigError where there are no rulings."""
    names, rows = _cells(made)
    sides = ["---" if i < _words(made) else "---:" for i in range(len(names))]
    lines = [names, sides, *rows]
    whole = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"{whole}\n\n{_note(made)}\n"


def latex(made: Comparison) -> str:
    """The table; needs the package booktabs. Raises ConfigError where there are no rulings."""
    names, rows = _cells(made)
    columns = "l" * _words(made) + "r" * (len(names) - _words(made))
    body = "\n".join(" & ".join(map(_escaped, row)) + r" \\" for row in rows)
    head = " & ".join(map(_escaped, names)) + r" \\"
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(_note(made))}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def csv(made: Comparison) -> str:
    """Every figure of every row. Raises ConfigError where there are no rulings."""
    rows = table(_some(made))
    text = io.StringIO()
    writer = DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _some(made: Comparison) -> Comparison:
    if not made.rows:
        raise ConfigError(f"{', '.join(made.runs)}: no rulings yet")
    return made


def _cells(made: Comparison) -> tuple[list[str], list[list[str]]]:
    """The heads of the columns, and the cells of every row; columns that hold nothing are left out."""
    lines = beside(_some(made))
    kept = [one for one in _columns(made) if any(one[1](*line) not in {"", "–"} for line in lines)]
    return [name for name, _ in kept], [[cell(*line) for _, cell in kept] for line in lines]


def _named(made: Comparison) -> list[_Column]:
    """The columns that say what a row is about, where there is more than one of it."""
    several: list[_Column] = [
        ("Run", lambda row, _: row.run),
        (str(made.by).capitalize(), lambda row, _: row.group),
        ("Judge", lambda row, _: row.judge),
        ("Cast", lambda row, _: row.cast),
    ]
    shown = {
        "Run": len(made.runs) > 1,
        "Judge": made.by != "judge" and len({row.judge for row in made.rows}) > 1,
        "Cast": made.by != "agent"
        and len({(row.run, row.protocol, row.cast) for row in made.rows})
        > len({(row.run, row.protocol) for row in made.rows}),
    }
    first: list[_Column] = [("Protocol", lambda row, _: f"{row.protocol}, {row.arm}" if row.arm else row.protocol)]
    return first + [one for one in several if shown.get(one[0], made.by is not None)]


def _columns(made: Comparison) -> list[_Column]:
    return [
        *_named(made),
        ("n", lambda row, _: str(row.accuracy.rulings)),
        ("Sources", lambda row, _: str(row.accuracy.sources)),
        ("Unscored", lambda row, _: str(row.accuracy.unreadable + row.accuracy.failed)),
        ("Accuracy, %", lambda row, _: _percent(row.accuracy)),
        ("Difference", lambda _, pair: _percent(pair.difference, "+") if pair else "–"),
        ("p", lambda _, pair: _p(pair.difference.p) if pair else "–"),
        ("p (Holm)", lambda _, pair: _p(pair.p_holm) if pair else "–"),
        ("Gap recovered, %", lambda row, _: "undefined" if undefined(row.pgr) else _percent(row.pgr)),
        ("Brier", lambda row, _: _number(row.brier)),
        ("ASD, nats", lambda row, _: _number(row.asd)),
        ("Judge tokens", lambda row, _: "unknown" if row.judge_tokens is None else f"{row.judge_tokens:,}"),
        ("Cost, $", lambda row, _: "–" if row.arm else "unknown" if row.cost is None else f"{row.cost:.2f}"),
    ]


def _words(made: Comparison) -> int:
    return len(_named(made))


def _note(made: Comparison) -> str:
    tested = sum(pair.p_holm is not None for pair in made.pairs)
    paired = (
        f", and paired differences from {made.baseline} on the same questions with sign-flip tests (Holm's correction "
        f"over {tested} pair{'s' if tested != 1 else ''})"
    )
    return (
        f"Judge accuracy with 95 % intervals clustered by source{paired if made.pairs else ''}; "
        f"{'runs' if len(made.runs) > 1 else 'run'} {', '.join(made.runs)}."
    )


def _percent(one: Figure, sign: str = "") -> str:
    return _interval(one, 100, f"{sign}.0f")


def _number(one: Figure) -> str:
    return _interval(one, 1, ".2f")


def _interval(one: Figure, scale: float, form: str) -> str:
    if one.value is None:
        return "–"
    value = _minus(f"{scale * one.value:{form}}")
    if one.low is None or one.high is None:
        return value
    return f"{value} [{_minus(f'{scale * one.low:{form}}')}, {_minus(f'{scale * one.high:{form}}')}]"


def _minus(number: str) -> str:
    return re.sub(r"^([+-])(0\.?0*)$", r"\2", number).replace("-", "−")


def _p(p: float | None) -> str:
    return "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _escaped(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in text)
