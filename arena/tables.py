"""Tables for the terminal: a comparison of protocols, the progress of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from arena.comparison import Comparison, Pair, Row
from arena.metric import Figure
from arena.metrics.pgr import undefined
from arena.power import MOST, Power
from arena.store.cost import Effort, Tally, serves
from arena.store.read import Counts, Spent

_Column = tuple[str, Callable[[Row], str]]
"""A head, and what stands below it in a row."""


def comparison(made: Comparison) -> RenderableType:
    """Judge accuracy protocol by protocol, then the paired differences, what each role took, what befell turns."""
    if not made.rows:
        return Text(f"{_runs(made)}: no rulings yet; `arena judge RUN --judge JUDGE` has what was imported judged")
    parts: list[RenderableType] = [_accuracy(made), _scores(made)]
    if made.pairs:
        parts.append(_differences(made))
    if made.efforts:
        parts.append(_efforts(made))
    if any(tally.counts for tally in made.tallies):
        parts.append(_tallies(made))
    return Group(*parts)


def progress(run: str, counts: Counts, paid: Spent) -> Text:
    """How far a run is and what it took."""
    cost = "cost unknown" if paid.cost is None else f"${paid.cost:.4f}"
    return Text(
        f"run {run}: {counts.over} of {counts.planned} transcripts complete, "
        f"{counts.ruled} of {counts.rulings} rulings, {counts.unreadable} unreadable, {counts.failed} failed; "
        f"{paid.calls:,} calls, {paid.tokens:,} tokens, {cost}"
    )


def power(seen: Sequence[Power]) -> Table:
    """Which differences an experiment can see."""
    wanted = f"{100 * seen[0].wanted:g} points" if seen else ""
    told = f"{seen[0].sources} source{'s' if seen[0].sources != 1 else ''}" if seen else "nothing"
    title = f"what {told} can show in 80 of 100 experiments, in percentage points"
    words = ("protocol", "judge") if any(one.protocol for one in seen) else ()
    table = _table(title, words, ("difference", "with Holm", f"sources for {wanted}", "with Holm"))
    table.add_column("from", overflow="fold")
    for one in seen:
        least = ("none" if x is None or x > 1 else f"{100 * x:.1f}" for x in (one.smallest, one.smallest_holm))
        names = (one.protocol, one.judge) if one.protocol else ()
        table.add_row(*names, *least, _sources(one.needed), _sources(one.needed_holm), one.basis)
    return table


def _sources(needed: int) -> str:
    return f"{needed:,}" if needed < MOST else f"over {MOST:,}"


def interval(figure: Figure, signed: bool = False) -> str:
    """A value with its 95 % interval, in percent."""
    if figure.value is None:
        return "-"
    sign = "+" if signed else ""
    if figure.low is None or figure.high is None:
        return f"{100 * figure.value:{sign}.0f} (no interval)"
    return f"{100 * figure.value:{sign}.0f} [{100 * figure.low:{sign}.0f}, {100 * figure.high:{sign}.0f}]"


def plain(figure: Figure) -> str:
    """A value with its 95 % interval, in its own unit."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f} (no interval)"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _accuracy(made: Comparison) -> Table:
    """Only columns that tell rows apart or hold something: an 80-column terminal must do."""
    words: list[_Column] = [
        ("protocol", lambda row: _arm(row) if row.arm else _name(row, made)),
        (made.by or "", lambda row: row.group),
        ("judge", lambda row: row.judge),
    ]
    numbers: list[_Column] = [
        ("accuracy", lambda row: interval(row.accuracy)),
        ("n", lambda row: str(row.accuracy.rulings)),
        ("sources", lambda row: str(row.accuracy.sources)),
        ("unreadable", lambda row: str(row.accuracy.unreadable)),
        ("failed", lambda row: str(row.accuracy.failed)),
        ("failures wrong", lambda row: interval(row.strict)),
        ("flips", lambda row: "-" if row.flips.value is None else f"{100 * row.flips.value:.0f}"),
        ("reward, bits", lambda row: plain(row.reward)),
        ("tokens", lambda row: "" if row.arm else _count(row.tokens)),
        ("seconds", lambda row: "" if row.arm else _seconds(row.seconds)),
        ("cost", lambda row: "" if row.arm else _money(row.cost)),
    ]
    judges = {row.judge for row in made.rows}
    hidden = {"judge"} if len(judges) == 1 or made.by == "judge" else set()
    hidden |= set() if made.by else {""}
    hidden |= set() if any(row.accuracy.failed or row.accuracy.unreadable for row in made.rows) else {"failures wrong"}
    hidden |= {"cost"} if all(row.cost == 0 for row in made.rows) else set()
    hidden |= set() if any(row.price for row in made.rows) else {"reward, bits"}
    judge = f", judge {next(iter(judges)) or 'all together'}" if len(judges) == 1 else ""
    kept = [[column for column in part if column[0] not in hidden] for part in (words, numbers)]
    heads = [[name for name, _ in part] for part in kept]
    table = _table(f"judge accuracy, % with 95 % interval; {_runs(made)}{judge}", *heads)
    for row in made.rows:
        table.add_row(*(cell(row) for part in kept for _, cell in part))
    return table


def _runs(made: Comparison) -> str:
    return f"runs {', '.join(made.runs)}" if len(made.runs) > 1 else f"run {made.run}"


def _scores(made: Comparison) -> Table:
    """What is made of the judges' probabilities, and what they took; columns that hold nothing are left out."""
    several = len({row.judge for row in made.rows}) > 1 and made.by != "judge"
    columns: list[_Column] = [
        ("gap recovered", lambda row: "undefined" if undefined(row.pgr) else interval(row.pgr)),
        ("Brier", lambda row: plain(row.brier)),
        ("log score, bits", lambda row: plain(row.log_score)),
        ("calibration error", lambda row: plain(row.ece)),
        ("ASD, nats", lambda row: plain(row.asd)),
        ("bits a round", lambda row: plain(row.bits)),
        ("judge tokens", lambda row: "unknown" if row.judge_tokens is None else f"{row.judge_tokens:,}"),
    ]
    rows = [row for row in made.rows if not row.arm]
    kept = [column for column in columns if any(column[1](row) not in {"-", "0"} for row in rows)]
    heads = ["protocol", *([made.by] if made.by else []), *(["judge"] if several else [])]
    table = _table("scores of the judges' probabilities, with 95 % interval", heads, [name for name, _ in kept])
    for row in rows:
        names = [_name(row, made), *([row.group] if made.by else []), *([row.judge] if several else [])]
        table.add_row(*names, *(cell(row) for _, cell in kept))
    return table


def _table(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    """A table with these columns; in a narrow terminal a name is broken and not cut."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in words:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", overflow="fold", no_wrap=name == "accuracy")
    return table


def _arm(row: Row) -> str:
    return f"  protagonist {row.arm}" if row.chosen else f"  assigned {row.arm}"


def _name(one: Row | Pair | Effort | Tally, made: Comparison) -> str:
    """The protocol; with its cast where several casts play it, and with its run where there are several."""
    casts = {other.cast for other in made.rows if (other.run, other.protocol) == (one.run, one.protocol)}
    name = f"{one.protocol} [{one.cast}]" if len(casts) > 1 and made.by != "agent" else one.protocol
    return f"{one.run}: {name}" if len(made.runs) > 1 else name


def _differences(made: Comparison) -> Table:
    several = len({pair.judge for pair in made.pairs}) > 1 and made.by != "judge"
    heads = ["protocol", *([made.by] if made.by else []), *(["judge"] if several else [])]
    numbers = ("difference", "sources", "p", "p Holm", "seen at 80 % power")
    table = _table(f"difference from {made.baseline}, percentage points, same questions", heads, numbers)
    for pair in made.pairs:
        names = [_name(pair, made), *([pair.group] if made.by else []), *([pair.judge] if several else [])]
        table.add_row(*names, *_pair(pair))
    return table


def _pair(pair: Pair) -> list[str]:
    p = [f"{x:.3f}" if x is not None else "-" for x in (pair.difference.p, pair.p_holm)]
    seen = "-" if pair.smallest is None else f"{100 * pair.smallest:.0f}" if pair.smallest <= 1 else "none"
    return [interval(pair.difference, signed=True), str(pair.difference.sources), *p, seen]


def _efforts(made: Comparison) -> Table:
    """What each role took, the judges apart; tokens as far as the servers say."""
    groups = _apart(made)
    table = _table("calls by role", ("protocol", *groups, "role"), ("calls", "read", "written", "seconds", "cost"))
    for one in made.efforts:
        counts = (f"{n:,}" for n in (one.calls, one.prompt_tokens, one.completion_tokens))
        names = (_name(one, made), *([one.group] if groups else []), one.role)
        table.add_row(*names, *counts, _seconds(one.seconds), _money(one.cost))
    return table


def _tallies(made: Comparison) -> Table:
    """What was the matter with turns, in the protocols and arms where there is anything."""
    kinds = list(dict.fromkeys(kind for tally in made.tallies for kind in tally.counts))
    groups = _apart(made)
    title = "what was the matter with turns, by the speaker's side"
    table = _table(title, ("protocol", *groups, "side"), ("turns", *kinds))
    for tally in (one for one in made.tallies if any(other.counts for other in _alike(one, made))):
        counts = (str(tally.counts.get(kind, 0)) for kind in kinds)
        table.add_row(_name(tally, made), *([tally.group] if groups else []), tally.arm, str(tally.turns), *counts)
    return table


def _alike(tally: Tally, made: Comparison) -> list[Tally]:
    """All arms of its protocol and cast: one of them alone would tell nothing."""
    return [one for one in made.tallies if serves(one, tally.run, tally.group, tally.protocol, tally.cast)]


def _apart(made: Comparison) -> list[str]:
    """The head of a column of groups, where efforts and tallies are told apart by them."""
    return [str(made.by)] if made.by in {"task", "tag"} else []


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _seconds(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.0f}"


def _money(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:.4f}"
