"""The commands that read: show, compare, list, fetch, export, doctor, dashboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from arena import manuscript, plugin
from arena.compare import compare as measure
from arena.comparison import Comparison, full
from arena.console import Json, Store, err, out, say
from arena.doctor import examine
from arena.errors import ConfigError, choices
from arena.export import What
from arena.export import export as write
from arena.local import weights
from arena.run import Exit
from arena.show import plain, show
from arena.store import db, read
from arena.tables import comparison


class Grouping(StrEnum):
    """What rows are grouped by."""

    JUDGE = "judge"
    AGENT = "agent"
    TASK = "task"
    TAG = "tag"


KINDS = {f"{kind}s": kind for kind in plugin.FOLDERS}


def add(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    app.command(name="show")(show_match)
    app.command()(compare)
    app.command(name="list")(list_plugins)
    app.command()(fetch)
    app.command(name="export")(export_run)
    app.command()(doctor)
    app.command()(dashboard)


def show_match(
    match: Annotated[
        str | None, typer.Argument(help="A match's key, or how it begins; none lists the matches.")
    ] = None,
    run_name: Annotated[str | None, typer.Option("--run", help="Whose matches to list.")] = None,
    private: Annotated[bool, typer.Option(help="Add the speakers' replies as they wrote them.")] = False,
    passage: Annotated[bool, typer.Option(help="Add the hidden passage.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Print one transcript: sides, rounds, quotes verified or not, verdicts."""
    engine = db.connect(store, create=False)
    if match is None:
        _list_matches(read.listing(engine, read.run_id(engine, run_name)), as_json)
        return
    found = read.kept(engine, read.match_key(engine, match))
    if as_json:
        say(plain(found))
    else:
        show(out, found, private, passage)


def _list_matches(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        say(rows)
        return
    table = Table("match", "protocol", "arm", "finished", "question")
    for row in rows:
        table.add_row(row["key"][:12], row["label"], row["arm"], "yes" if row["over"] else "no", row["text"][:80])
    out.print(table)


def compare(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids or names; else the newest.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The protocol that others are compared with; RUN/PROTOCOL takes that of one run.")
    ] = None,
    by: Annotated[Grouping | None, typer.Option(help="Rows for each judge, agent, task or tag apart.")] = None,
    pooled: Annotated[bool, typer.Option("--pooled", help="All judges together.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw it as well: a file ending in .svg, .png or .pdf.")] = None,
    store: Store = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print a LaTeX table (booktabs).")] = False,
) -> None:
    """Protocol against protocol: accuracy, paired differences on the same questions, scores, gap recovered, cost."""
    forms = {"--json": as_json, "--csv": as_csv, "--markdown": as_markdown, "--latex": as_latex}
    asked = [form for form, wanted in forms.items() if wanted]
    if len(asked) > 1:
        raise ConfigError(f"{' and '.join(asked)}: only one of them can be printed")
    engine = db.connect(store, create=False)
    made = measure(engine, names or read.run_id(engine, None), baseline, by.value if by else None, pooled)
    if figure:
        from arena.figures import save  # Altair takes longer to load than all the rest

        save(made, figure)
    _print(made, asked[0] if asked else "")
    for run in made.runs:
        _unfinished(run, read.counts(engine, run))


def _unfinished(run: str, counts: read.Counts) -> None:
    """Say beside the figures that they are of a part of a run."""
    if counts.over < counts.planned:
        told = f"{run}: {counts.over:,} of {counts.planned:,} transcripts are complete"
        err.print(told, highlight=False, soft_wrap=True)


def _print(made: Comparison, form: str) -> None:
    if form == "--json":
        say(full(made))
    elif form:
        write = {"--csv": manuscript.csv, "--markdown": manuscript.markdown, "--latex": manuscript.latex}[form]
        typer.echo(write(made), nl=False)
    else:
        out.print(comparison(made))


def list_plugins(
    kind: Annotated[
        str | None,
        typer.Argument(help="protocols, agents, judges, tasks, providers, metrics, importers, reproductions, models."),
    ] = None,
    as_json: Json = False,
) -> None:
    """What there is of each kind, with its first line."""
    wanted = [*KINDS, "models"] if kind is None else [kind]
    if unknown := [k for k in wanted if k not in (*KINDS, "models")]:
        raise ConfigError(f"unknown kind {unknown[0]!r}; {choices(unknown[0], [*KINDS, 'models'])}")
    rows = [
        {"kind": k, **row}
        for k in wanted
        for row in (_models(licences=kind == "models") if k == "models" else _plugins(KINDS[k]))
    ]
    if as_json:
        say(rows)
        return
    table = Table("kind", "name", "what it is")
    for row in rows:
        table.add_row(row["kind"], row["name"], row["about"])
    out.print(table)


def _plugins(kind: str) -> list[dict[str, str]]:
    return [{"name": name, "about": plugin.first_line(kind, name)} for name in plugin.names(kind)]


def _models(licences: bool) -> list[dict[str, str]]:
    """The embedded models; with the licences that their own files state, which takes seconds to read."""
    rows = []
    for name, entry in weights.CATALOGUE.items():
        about = f"{entry.about}; {entry.megabytes} MB"
        if licences:
            stated = weights.licence(name)
            about += f"; licence {stated or f'{entry.licence} by its publisher, the file here states none'}"
        rows.append({"name": name, "about": about})
    return rows


def fetch(models: Annotated[list[str], typer.Argument(help="Embedded models to have at hand.")]) -> None:
    """Download embedded models, check them and keep them in the user's cache."""
    for model in models:
        if model not in weights.CATALOGUE:
            raise ConfigError(f"no embedded model {model!r}; {choices(model, weights.CATALOGUE)}")
        out.print(f"{model}: {weights.path(model)}", highlight=False, soft_wrap=True)


def export_run(
    target: Annotated[Path, typer.Argument(help="A file ending in .csv, .jsonl or .parquet.")],
    name: Annotated[str | None, typer.Option("--run", help="Which run; the newest if not given.")] = None,
    what: Annotated[What, typer.Option(help="Which rows.")] = "rulings",
    store: Store = None,
) -> None:
    """Write a run out for other tools."""
    engine = db.connect(store, create=False)
    rows = write(engine, read.run_id(engine, name), what, target)
    out.print(f"{target}: {rows} {what}", highlight=False)


def doctor(store: Store = None, as_json: Json = False) -> None:
    """Look over this machine and say what will not work."""
    found = examine(store)
    if as_json:
        say([finding.model_dump() for finding in found])
    else:
        table = Table("", "what", "found", "advice")
        for finding in found:
            table.add_row("ok" if finding.ok else "!!", finding.what, finding.found, finding.advice)
        out.print(table)
    raise typer.Exit(Exit.DONE if all(f.ok for f in found) else Exit.CONFIG)


def dashboard(
    store: Store = None,
    port: Annotated[int, typer.Option(help="On the loopback interface.")] = 8501,
) -> None:
    """Open the dashboard: protocols compared, and transcripts."""
    place = find_spec("dashboards")
    folder = Path(next(iter(place.submodule_search_locations or [])) if place else "")
    command = [sys.executable, str(folder / "serve.py"), "run", str(folder / "app.py"), f"--server.port={port}"]
    command += [f"--{name}={value}" for name, value in _settings(folder)]
    os.execve(sys.executable, command, {**os.environ, "ARENA_DB": db.url(store)})  # noqa: S606 - our own arguments


def _settings(folder: Path) -> Iterator[tuple[str, str]]:
    """The dashboard's settings as options, because Streamlit looks for its file in the folder one happens to be in."""
    import tomllib

    yield from _flat(tomllib.loads((folder / "streamlit.toml").read_text(encoding="utf-8")))


def _flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The values of nested tables by their dotted names."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value).lower() if isinstance(value, bool) else str(value)
