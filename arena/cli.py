"""The command line: `arena --help`. Tables for people, `--json` for scripts, documented exit codes."""

from __future__ import annotations

import asyncio
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from arena import __version__, branching, control, forecast, importing, keeping, reports, reproducing
from arena import plan as planning
from arena.compare import compare as measure
from arena.console import File, Json, Store, err, out, preset, presets, read_file, say, stopped
from arena.course import Course, Study, size
from arena.errors import ArenaError, ConfigError
from arena.experiment import Limits, load
from arena.hire import Address, Alone, choose, crew
from arena.rejudge import Rejudge
from arena.run import Driver, Exit, Hire
from arena.store import db, read
from arena.tables import comparison, power, progress
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


def main() -> None:
    """Run the command line; every error is one clear message and an exit code."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        app(standalone_mode=True)
    except ConfigError as error:
        _complain(error, Exit.CONFIG)
    except ArenaError as error:
        _complain(error, Exit.CONFIG)
    except DBAPIError as error:
        _complain(f"the store: {error.orig}", Exit.CONFIG)
    except KeyboardInterrupt:
        _complain("interrupted", Exit.INTERRUPTED)


def _complain(error: object, code: Exit) -> None:
    err.print(f"arena: {error}", highlight=False, soft_wrap=True)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def version(show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Set up; `--version` prints the version."""
    if show_version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def init(
    name: Annotated[str, typer.Argument(help="Of the study; the file is NAME.toml.")],
    like: Annotated[str | None, typer.Option(help=f"A preset to begin with instead: {', '.join(presets())}.")] = None,
) -> None:
    """Write a commented experiment file to start from."""
    path = Path(f"{name.removesuffix('.toml')}.toml")
    if path.exists():
        raise ConfigError(f"{path} is already there")
    if like is None:
        text = (files("arena") / "template.toml").read_text(encoding="utf-8").replace("$name", path.stem)
    else:
        text = preset(like).read_text(encoding="utf-8").replace(f'name = "{like}"', f'name = "{path.stem}"', 1)
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
    experiment = read_file(file)
    for provider in experiment.providers():
        provider.ready()
    whole = size(experiment)
    if as_json:
        say({"run": experiment.id, **whole._asdict()})
    else:
        out.print(
            f"{file}: good. Run {experiment.id}: {whole.questions} questions, {whole.matches} matches, "
            f"{whole.rulings} rulings.",
            highlight=False,
        )
        if all(protocol.name != "direct" for protocol in experiment.protocols):
            err.print(
                "There is no protocol `direct`: nothing will say what can be guessed without help.", soft_wrap=True
            )


@app.command()
def plan(
    file: File,
    difference: Annotated[float, typer.Option(help="A difference of accuracies that you want to see.")] = 0.1,
    accuracy: Annotated[float | None, typer.Option(help="Of the protocols compared, nearly; else 0.7.")] = None,
    correlation: Annotated[float | None, typer.Option(help="Between two protocols' scores; else 0.5.")] = None,
    pilot: Annotated[str | None, typer.Option(help="Instead of these a run that was played, by id or name.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Say what an experiment would take (matches, calls, tokens, cost) and what it could see. Pays for nothing."""
    made = planning.plan(read_file(file))
    stated = {"accuracy": accuracy, "correlation": correlation}
    given = {name: value for name, value in stated.items() if value is not None}
    if pilot and given:
        raise ConfigError(f"--pilot and --{next(iter(given))}: a pilot tells what is stated without one; leave one out")
    if pilot:
        seen = forecast.piloted(made, db.connect(store, create=False), pilot, difference)
    else:
        seen = (forecast.stated(made, forecast.Assumed(difference=difference, **given)),)
    if as_json:
        say({**made.model_dump(mode="json"), "power": [one.model_dump(mode="json") for one in seen]})
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
    out.print(power(seen))


@app.command()
def run(file: File, store: Store = None, here: Alone = False, address: Address = None, as_json: Json = False) -> None:
    """Play an experiment, or go on with it: what is stored is not played again."""
    choose(here, address)
    experiment = read_file(file)
    engine = db.connect(store)
    code = _drive(Study(experiment), engine, crew(experiment.workers, engine, here, address), as_json)
    _tell(engine, experiment.id, code, experiment.limits, as_json)


@app.command(name="judge")
def judge_run(
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or name.")],
    judges: Annotated[
        list[str] | None,
        typer.Option("--judge", help='A judge\'s name, or a TOML table: \'{use = "token", model = "weak"}\'.'),
    ] = None,
    file: Annotated[str | None, typer.Option(help="An experiment file: its judges, models and `beliefs`.")] = None,
    store: Store = None,
    here: Alone = False,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Have more judges rule on the stored transcripts of a run: nothing is played again, nothing is asked twice.

    Models go by the names that the run's file gave them; an imported run has none, so a model is a TOML table there
    or comes with --file. The run's limits hold, for all that it has paid so far.
    """
    engine = db.connect(store, create=False)
    course = Rejudge(engine, name, judges or [], read_file(file) if file else None)
    code = _drive(course, engine, crew(course.workers, engine, here, address), as_json)
    if course.left:
        hint = "" if course.imported else "; `arena run` plays on"
        what = "transcripts are not complete and were" if course.left > 1 else "transcript is not complete and was"
        err.print(f"{course.left} {what} left alone{hint}", highlight=False, soft_wrap=True)
    _tell(engine, course.run, code, course.limits, as_json)


def _drive(course: Course, engine: Engine, hire: Hire, as_json: bool) -> Exit:
    watch = Live(err) if err.is_terminal and not as_json else Plain(err)
    with watch:
        return asyncio.run(Driver(db.Store(engine), course, hire, watch).run())


def _tell(engine: Engine, run: str, code: Exit, limits: Limits, as_json: bool) -> None:
    """What the run has come to, and out."""
    counts, paid = read.counts(engine, run), read.spent(engine, run)
    if code == Exit.BUDGET:
        stopped(limits, paid)
    if as_json:
        say({"run": run, "exit": int(code), **counts._asdict(), "spent": paid._asdict()})
    else:
        out.print(comparison(measure(engine, run)))
        out.print(progress(run, counts, paid), highlight=False)
    raise typer.Exit(code)


control.add(app)
reports.add(app)
branching.add(app)
keeping.add(app)
importing.add(app)
reproducing.add(app)
