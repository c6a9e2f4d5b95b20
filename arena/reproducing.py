"""The command `arena reproduce`: the paper's figure, ours with its interval, n, and what differs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, cast

import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.table import Table

from arena.console import Json, Options, err, out, say, settings
from arena.errors import ConfigError
from arena.experiment import fault
from arena.plugin import find, first_line, names
from arena.reproduction import Line, Reproduction
from arena.run import Exit

_MANY = 60
"""Lines beyond which only what is published, or differs, is printed."""
_FEW = 21
"""Lines that are printed where that is nothing."""


def add(app: typer.Typer) -> None:
    """Make this a command of the command line."""
    app.command()(reproduce)


def reproduce(
    name: Annotated[str | None, typer.Argument(help="Which table; none lists them.")] = None,
    path: Annotated[
        str | None, typer.Argument(help="Its data: a folder or a file; $ARENA_DATA names the folder of all folders.")
    ] = None,
    options: Options = None,
    as_json: Json = False,
) -> None:
    """Compute a published table again: the paper's figure, ours, its interval, n, deviations.

    Where the data come with a file of what is expected of them, each figure is held against it; exit 3 if one differs.
    """
    if name is None:
        _list(as_json)
        return
    found = _made(name, path or "", options)
    if found.data and not found.path:
        found = found.model_copy(update={"path": _default(found)})
    lines = list(found.lines())
    wrong = [line for line in lines if line.agrees is False]
    if as_json:
        said = [{**line.model_dump(), "agrees": line.agrees} for line in lines]
        say({"name": found.name, "source": found.source, "deviations": found.deviations, "lines": said})
    else:
        _print(out, found, lines)
    raise typer.Exit(Exit.FAILED if wrong else Exit.DONE)


def _made(name: str, path: str, options: list[str] | None) -> Reproduction:
    kind = find("reproduction", name)
    try:
        return cast("Reproduction", kind.model_validate({"path": path, **settings(options)}))
    except ValidationError as error:
        raise fault(Path(f"reproduce {name}"), error) from None


def _default(found: Reproduction) -> str:
    folder = found.data.split(":")[0]
    data = os.environ.get("ARENA_DATA")
    if not data:
        raise ConfigError(f"{found.name} needs the PATH of its data, or $ARENA_DATA/{folder}: {found.data}")
    return str(Path(data) / folder)


def _list(as_json: bool) -> None:
    rows = []
    for name in names("reproduction"):
        made = Reproduction.model_validate(name)
        about = first_line("reproduction", name)
        rows.append({"name": name, "about": about, "source": made.source, "data": made.data or "none: it is played"})
    if as_json:
        say(rows)
        return
    table = Table("name", "what it is", "from", "data")
    for row in rows:
        table.add_row(*row.values())
    out.print(table)


def _print(console: Console, found: Reproduction, lines: list[Line]) -> None:
    kept = lines if len(lines) <= _MANY else [one for one in lines if one.published is not None or one.agrees is False]
    kept = kept or lines[:_FEW]
    held = any(line.stated is not None for line in kept)
    table = Table(title=f"{found.name}: {found.source}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("group", "figure"):
        table.add_column(title)
    columns = ["paper", *(["expected of these data"] if held else []), "ours", "95 % interval", "n"]
    for title in [*columns, *([""] if held else [])]:
        table.add_column(title, justify="right")
    for line in kept:
        stated = [_number(line.stated, line.digits)] if held else []
        mark = [{True: "equal", False: "DIFFERS", None: ""}[line.agrees]] if held else []
        told = [_number(line.published), *stated, _number(line.ours, line.digits), _interval(line), _n(line)]
        table.add_row(line.group, line.figure, *told, *mark)
    console.print(table)
    _tell(console, found, lines, len(kept))


def _tell(console: Console, found: Reproduction, lines: list[Line], shown: int) -> None:
    """What the table does not say."""
    stated = [line for line in lines if line.stated is not None]
    wrong = sum(not line.agrees for line in stated)
    if stated:
        what = f"{len(stated) - wrong} of {len(stated)} figures are what is expected of these data"
        console.print(what, highlight=False)
    if shown < len(lines):
        console.print(f"{len(lines) - shown} more figures: `--json` has them", highlight=False)
    for method in dict.fromkeys(line.method for line in lines if line.ours is None and line.method):
        console.print(f"not defined: {method}", highlight=False, soft_wrap=True)
    for one in found.deviations:
        console.print(f"deviation: {one}", highlight=False, soft_wrap=True)
    if wrong:
        err.print(f"{wrong} figures differ from what is expected of these data", highlight=False)


def _number(value: float | None, digits: int | None = None) -> str:
    return "-" if value is None else f"{value:g}" if digits is None else f"{value:.{digits}f}"


def _interval(line: Line) -> str:
    if line.low is None or line.high is None:
        return "-"
    return f"[{line.low:.{max(2, line.digits)}f}, {line.high:.{max(2, line.digits)}f}]"


def _n(line: Line) -> str:
    return f"{line.n}" if line.published_n in (None, line.n) else f"{line.n} of {line.published_n}"
