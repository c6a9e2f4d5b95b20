"""The command line: `arena --help`. Tables for people, `--json` for scripts, documented exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DatabaseError

from arena import __version__, plugin
from arena import plan as planning
from arena.compare import compare as measure
from arena.compare import table as flat
from arena.crew import Crew, Here
from arena.doctor import examine
from arena.errors import ArenaError, ConfigError, choices
from arena.experiment import Experiment, load
from arena.export import What
from arena.export import export as write
from arena.local import weights
from arena.run import Driver, Exit, Study, Watch, size
from arena.show import plain, show
from arena.store import db, read
from arena.tables import comparison, progress
from arena.watch import Live, Plain

app = typer.Typer(
    help=(
        "Experiments in scalable oversight: protocols, debaters, weaker judges, honest error bars.\n\n"
        "Exit codes: 0 done, 1 internal error, 2 configuration, 3 some matches failed, 4 limit reached, "
        "130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Out(Console):
    """Standard output; its reader may leave early, as `head` does."""

    def on_broken_pipe(self) -> None:
        os._exit(Exit.DONE)


out = _Out() if sys.stdout.isatty() else _Out(width=160)
err = Console(stderr=True)

Store = Annotated[str | None, typer.Option("--db", help="Store: a file or a URL. Default $ARENA_DB, then arena.db.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[str, typer.Argument(help="An experiment file, or the name of a preset that ships.")]
Run = Annotated[str | None, typer.Argument(help="A run's id or name; the newest if not given.")]

KINDS = {f"{kind}s": kind for kind in plugin.FOLDERS}


def main() -> None:
    """Run the command line; every error is one clear message and an exit code."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        app(standalone_mode=True)
    except ConfigError as error:
        _complain(error, Exit.CONFIG)
    except ArenaError as error:
        _complain(error, Exit.CONFIG)
    except DatabaseError as error:
        _complain(f"the store: {error.orig}", Exit.CONFIG)
    except KeyboardInterrupt:
        _complain("interrupted", Exit.INTERRUPTED)


def _complain(error: object, code: Exit) -> None:
    err.print(f"arena: {error}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def _say(value: Any) -> None:
    try:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
    except BrokenPipeError:
        out.on_broken_pipe()


def _experiment(file: str) -> Experiment:
    """An experiment file, or a preset by its bare name."""
    path = Path(file)
    if path.exists() or path.suffix:
        return load(path)
    return load(_preset(file))


def _preset(name: str) -> Path:
    folder = Path(str(files("arena") / "experiments"))
    presets = {path.stem: path for path in folder.glob("*.toml")}
    if name not in presets:
        raise ConfigError(f"no file {name} and no preset of that name; {choices(name, presets)}")
    return presets[name]


@app.callback(invoke_without_command=True)
def version(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Set up; `--version` prints the version."""
    if show_version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="Of the study; the file is NAME.toml.")],
    like: Annotated[str | None, typer.Option(help="A preset to begin with instead: quickstart, quality.")] = None,
) -> None:
    """Write a commented experiment file to start from."""
    path = Path(f"{name.removesuffix('.toml')}.toml")
    if path.exists():
        raise ConfigError(f"{path} is already there")
    if like is None:
        text = (files("arena") / "template.toml").read_text(encoding="utf-8").replace("$name", path.stem)
    else:
        text = _preset(like).read_text(encoding="utf-8").replace(f'name = "{like}"', f'name = "{path.stem}"', 1)
    try:
        path.write_text(text, encoding="utf-8")
        load(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    except ConfigError:
        path.unlink()
        raise
    out.print(f"{path} written; next: arena run {path}", highlight=False)


@app.command()
def validate(file: File, as_json: Json = False) -> None:
    """Check an experiment file and its data; exit 2 with file, key, value and choices where something is wrong."""
    experiment = _experiment(file)
    for provider in experiment.providers():
        provider.ready()
    whole = size(experiment)
    if as_json:
        _say({"run": experiment.id, **whole._asdict()})
    else:
        out.print(
            f"{file}: good. Run {experiment.id}: {whole.questions} questions, {whole.matches} matches, "
            f"{whole.rulings} rulings.",
            highlight=False,
        )


@app.command()
def plan(file: File, as_json: Json = False) -> None:
    """Say what an experiment would take: matches, calls by role, tokens and cost. Pays for nothing."""
    made = planning.plan(_experiment(file))
    if as_json:
        _say(made.model_dump(mode="json"))
        return
    table = Table(
        "protocol", "role", "model", *(f"{name}" for name in ("calls", "tokens read", "tokens written <=", "cost <="))
    )
    for line in made.lines:
        cost = "unknown" if line.cost is None else f"${line.cost:.4f}"
        row = (line.calls, line.prompt_tokens, line.completion_tokens)
        table.add_row(line.protocol, line.role, line.model, *(f"{n:,}" for n in row), cost)
    out.print(table)
    out.print(
        f"{made.run}: {made.cells} cells, {made.questions} questions, {made.matches} matches, {made.rulings} rulings; "
        "tokens read are estimated from a few questions, tokens written are the limits.",
        highlight=False,
    )


@app.command()
def run(
    file: File,
    store: Store = None,
    here: Annotated[bool, typer.Option("--here", help="Play in this process, without Ray.")] = False,
    address: Annotated[
        str | None, typer.Option(help="Of a running Ray cluster; default: a local one of its own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Play an experiment, or go on with it: what is stored is not played again."""
    if here and address:
        raise ConfigError("--here plays without Ray, --address on a cluster: choose one")
    experiment = _experiment(file)
    engine = db.connect(store)
    watch = Live(err) if err.is_terminal and not as_json else Plain(err)
    with watch:
        code = asyncio.run(_drive(experiment, db.Store(engine), _crew(experiment, engine, here, address), watch))
    counts, paid = read.counts(engine, experiment.id), read.spent(engine, experiment.id)
    if as_json:
        _say({"run": experiment.id, "exit": int(code), **counts._asdict(), "spent": paid._asdict()})
    else:
        out.print(comparison(measure(engine, experiment.id)))
        out.print(progress(experiment.id, counts, paid), highlight=False)
    raise typer.Exit(code)


async def _drive(experiment: Experiment, store: db.Store, crew: Any, watch: Watch) -> Exit:
    return await Driver(store, Study(experiment), crew, watch).run()


def _crew(experiment: Experiment, engine: Any, here: bool, address: str | None) -> Any:
    """Ray is imported only where it is used."""
    replies = db.replies(engine, shared=address is not None)
    workers = experiment.workers

    def hire() -> Crew:
        if here:
            return Here(workers.count * workers.matches, replies)
        from arena.cluster import Cluster

        return Cluster(workers.count, workers.matches, replies, address)

    return hire


@app.command()
def status(name: Run = None, store: Store = None, as_json: Json = False) -> None:
    """How far a run is, and what it has paid; works whether or not it is being played."""
    engine = db.connect(store, create=False)
    run_id = read.run_id(engine, name)
    counts, paid = read.counts(engine, run_id), read.spent(engine, run_id)
    if as_json:
        _say({"run": run_id, **counts._asdict(), "spent": paid._asdict()})
    else:
        out.print(progress(run_id, counts, paid), highlight=False)


@app.command(name="show")
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
        _say(plain(found))
    else:
        show(out, found, private, passage)


def _list_matches(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        _say(rows)
        return
    table = Table("match", "protocol", "arm", "finished", "question")
    for row in rows:
        table.add_row(row["key"][:12], row["label"], row["arm"], "yes" if row["over"] else "no", row["text"][:80])
    out.print(table)


@app.command()
def compare(
    name: Run = None,
    baseline: Annotated[str | None, typer.Option(help="The protocol that others are compared with.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Judge accuracy by protocol, and the paired differences on the same questions."""
    engine = db.connect(store, create=False)
    made = measure(engine, read.run_id(engine, name), baseline)
    if as_json:
        _say(flat(made))
    else:
        out.print(comparison(made))


@app.command(name="list")
def list_plugins(
    kind: Annotated[
        str | None, typer.Argument(help="protocols, agents, judges, tasks, providers, metrics, models.")
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
        _say(rows)
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


@app.command()
def fetch(models: Annotated[list[str], typer.Argument(help="Embedded models to have at hand.")]) -> None:
    """Download embedded models, check them and keep them in the user's cache."""
    for model in models:
        if model not in weights.CATALOGUE:
            raise ConfigError(f"no embedded model {model!r}; {choices(model, weights.CATALOGUE)}")
        out.print(f"{model}: {weights.path(model)}", highlight=False, soft_wrap=True)


@app.command(name="export")
def export_run(
    target: Annotated[Path, typer.Argument(help="A file ending in .csv, .jsonl or .parquet.")],
    name: Annotated[str | None, typer.Option("--run", help="Which run; the newest if not given.")] = None,
    what: Annotated[Literal["rulings", "transcripts", "calls"], typer.Option(help="Which rows.")] = "rulings",
    store: Store = None,
) -> None:
    """Write a run out for other tools."""
    engine = db.connect(store, create=False)
    chosen: What = what
    rows = write(engine, read.run_id(engine, name), chosen, target)
    out.print(f"{target}: {rows} {what}", highlight=False)


@app.command()
def doctor(store: Store = None, as_json: Json = False) -> None:
    """Look over this machine and say what will not work."""
    found = examine(store)
    if as_json:
        _say([finding.model_dump() for finding in found])
    else:
        table = Table("", "what", "found", "advice")
        for finding in found:
            table.add_row("ok" if finding.ok else "!!", finding.what, finding.found, finding.advice)
        out.print(table)
    raise typer.Exit(Exit.DONE if all(f.ok for f in found) else Exit.CONFIG)


@app.command()
def dashboard(
    store: Store = None,
    port: Annotated[int, typer.Option(help="On the loopback interface.")] = 8501,
) -> None:
    """Open the dashboard: protocols compared, and transcripts."""
    place = find_spec("dashboards")
    folder = Path(next(iter(place.submodule_search_locations or [])) if place else "")
    command = [sys.executable, "-m", "streamlit", "run", str(folder / "app.py"), f"--server.port={port}"]
    command += [f"--{name}={value}" for name, value in _settings(folder)]
    os.execve(sys.executable, command, {**os.environ, "ARENA_DB": db.url(store)})  # noqa: S606 - our own arguments


def _settings(folder: Path) -> Iterator[tuple[str, str]]:
    """The dashboard's settings as options, because Streamlit looks for its file in the folder one happens to be in."""
    import tomllib

    data = tomllib.loads((folder / "streamlit.toml").read_text(encoding="utf-8"))
    for section, values in data.items():
        for name, value in values.items():
            yield f"{section}.{name}", str(value).lower() if isinstance(value, bool) else str(value)
