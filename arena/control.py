"""The commands for a run that goes on elsewhere: status, logs, pause, resume, cancel, launch."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text
from sqlalchemy import Engine, select

from arena import journal
from arena.console import File, Json, Run, Store, err, out, read_file, say
from arena.errors import ConfigError
from arena.run import Exit
from arena.store import db, lease, read
from arena.store import schema as s
from arena.tables import progress
from arena.watch import line

Head = Annotated[
    str | None,
    typer.Option("--address", help="Of the cluster's dashboard, http://HOST:8265; default: where it was launched."),
]

_PERIOD = 1.0
"""Seconds between two looks."""
SILENT = 10.0
"""Seconds after which a driver that said nothing counts as out of touch."""
_PATIENCE = 20.0
"""Seconds in which a driver that was asked to end should have done so."""


def add(app: typer.Typer) -> None:
    """Make these commands of the command line."""
    for command in (status, logs, pause, resume, cancel, launch):
        app.command()(command)


def state(engine: Engine, run: str) -> dict[str, Any]:
    """How far a run is, what it has paid, and who plays it: `state` is playing, paused, complete or stopped."""
    counts, paid = read.counts(engine, run), read.spent(engine, run)
    with engine.connect() as store:
        wanted, job = store.execute(select(s.runs.c.wanted, s.runs.c.job).where(s.runs.c.id == run)).one()
        drivers = [{"driver": p.holder, "age": round(p.age, 1), **p.body} for p in lease.pulses(store, run)]
    alive = any(driver["age"] < SILENT for driver in drivers)
    told = {"run": run, "state": standing(counts, wanted, alive), "wanted": wanted, "job": job}
    return {**told, **counts._asdict(), "spent": paid._asdict(), "drivers": drivers}


def standing(counts: read.Counts, wanted: str, alive: bool) -> str:
    """How a run stands, in a word; `alive` says whether a driver was heard of lately."""
    if alive:
        return "paused" if wanted == "pause" else "playing"
    return "complete" if counts.ruled >= counts.rulings else "stopped"


def shown(engine: Engine, run: str) -> RenderableType:
    """The state of a run, for people."""
    now = state(engine, run)
    lines: list[RenderableType] = [progress(run, read.counts(engine, run), read.spent(engine, run))]
    for driver in now["drivers"]:
        silent = f"  not heard of for {driver['age']:.0f} s" if driver["age"] >= SILENT else ""
        lines.append(Text(f"{now['state']} by {driver['driver'].partition('@')[2]}: {line(driver)}{silent}"))
    if not now["drivers"] and now["state"] == "stopped":
        lines.append(Text("nobody plays it; `arena run FILE` goes on"))
    return Group(*lines)


def status(
    name: Run = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every second, until nobody plays it.")] = False,
    address: Head = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """How far a run is, what it has paid and who plays it; from any shell or machine that reaches the store."""
    if address:
        _job_status(name, address, as_json)
        return
    engine = db.connect(store, create=False)
    run = read.run_id(engine, name)
    if watch:
        _watch(engine, run, as_json)
    elif as_json:
        say(state(engine, run))
    else:
        out.print(shown(engine, run), highlight=False)


def _watch(engine: Engine, run: str, as_json: bool) -> None:
    """Until nobody plays it: a view that changes in place, or a line a look where it goes to a file or a script."""
    if out.is_terminal and not as_json:
        with Live(shown(engine, run), console=out, auto_refresh=False) as view:
            while state(engine, run)["state"] in {"playing", "paused"}:
                time.sleep(_PERIOD)
                view.update(shown(engine, run), refresh=True)
        return
    while True:
        now = state(engine, run)
        if as_json:
            typer.echo(json.dumps(now, ensure_ascii=False))
        else:
            out.print(shown(engine, run), highlight=False)
        if now["state"] not in {"playing", "paused"}:
            return
        time.sleep(_PERIOD)


def _job_status(name: str | None, address: str, as_json: bool) -> None:
    from arena.jobs import Jobs

    told = Jobs(address).info(_job(name))
    if as_json:
        say(told)
    else:
        out.print(Text(f"job {name}: {told['status']}" + (f" ({told['message']})" if told["message"] else "")))


def logs(
    name: Run = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come, until nobody plays it.")] = False,
    address: Head = None,
    store: Store = None,
) -> None:
    """A line of JSON for everything that happened: run, match, call, time; of a launched job, what it printed."""
    if address:
        _job_logs(name, address, follow)
        return
    engine = db.connect(store, create=False)
    run = read.run_id(engine, name)
    path = journal.place(engine, run)
    job = state(engine, run)["job"]
    if path.exists():
        for text in _lines(path, engine, run, follow):
            typer.echo(text, nl=False)
    elif job:
        _job_logs(run, job["address"], follow)
    else:
        raise ConfigError(f"no journal of run {run} on this machine ({path}): it lies where the run's driver is")


def _lines(path: Path, engine: Engine, run: str, follow: bool) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        while True:
            yield from file
            if not follow or state(engine, run)["state"] not in {"playing", "paused"}:
                yield from file
                return
            time.sleep(_PERIOD)


def _job_logs(name: str | None, address: str, follow: bool) -> None:
    from arena.jobs import Jobs

    for text in Jobs(address).logs(_job(name), follow):
        typer.echo(text, nl=False)


def pause(name: Run = None, store: Store = None) -> None:
    """Have no new call begin; those in flight come to their end, and nothing is lost."""
    _ask(name, store, "pause", "no new call begins; `arena resume` goes on")


def resume(name: Run = None, store: Store = None) -> None:
    """Go on with a run that is paused."""
    _ask(name, store, "run", "it goes on")


def _ask(name: str | None, store: str | None, wanted: lease.Wish, told: str) -> None:
    """Raises ConfigError where nobody plays the run."""
    engine = db.connect(store, create=False)
    run = read.run_id(engine, name)
    if state(engine, run)["state"] not in {"playing", "paused"}:
        raise ConfigError(f"nobody plays run {run}: `arena run FILE` or `arena launch FILE` goes on with it")
    db.Store(engine).wish(run, wanted)
    out.print(Text(f"run {run}: {told}"))


def cancel(name: Run = None, address: Head = None, store: Store = None) -> None:
    """End a run in order, wherever it is played; all that is finished is kept, and `arena run` goes on with it."""
    if address:
        _stop_job(name, address)
        return
    engine = db.connect(store, create=False)
    run = read.run_id(engine, name)
    before = state(engine, run)
    _ask(run, store, "cancel", "it ends")
    until = time.monotonic() + _PATIENCE
    while state(engine, run)["drivers"] and time.monotonic() < until:
        time.sleep(_PERIOD / 4)
    left = state(engine, run)["drivers"]
    if before["job"]:
        from arena.jobs import Jobs

        Jobs(before["job"]["address"]).end(run, max(0.0, until - time.monotonic()))
    elif left:
        err.print(f"{len(left)} drivers have not ended yet; `arena status` shows them", highlight=False)
        raise typer.Exit(Exit.FAILED)


def _job(name: str | None) -> str:
    if name is None:
        raise ConfigError("with --address a job must be named: by its run's id, or the run's name")
    return name


def _stop_job(name: str | None, address: str) -> None:
    from arena.jobs import Jobs

    Jobs(address).stop(_job(name))
    out.print(Text(f"job {name}: asked to stop"))


def launch(
    file: File,
    address: Annotated[str, typer.Option(help="Of the cluster's dashboard: http://HOST:8265.")],
    store: Annotated[
        str | None,
        typer.Option(
            "--db", help="Store as the cluster's nodes reach it; default: their $ARENA_DB, or on this machine ours."
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Print what the job prints, and exit as it does.")] = False,
    as_json: Json = False,
) -> None:
    """Play an experiment as a job of a Ray cluster, which outlives this terminal; twice is once."""
    from arena.jobs import Jobs

    experiment = read_file(file)
    jobs = Jobs(address)
    new = jobs.launch(experiment.id, file, store or _near(address))
    if as_json:
        say({"run": experiment.id, "launched": new})
    else:
        told = "launched" if new else "is there already and goes on"
        out.print(Text(f"job {experiment.id} {told}; `arena status`, `logs`, `pause`, `resume` and `cancel` reach it"))
    if wait:
        for text in jobs.logs(experiment.id, follow=True):
            typer.echo(text, nl=False, err=True)
        raise typer.Exit(jobs.code(experiment.id))


def _near(address: str) -> str | None:
    """The file that commands on this machine take for the store, where the cluster is this machine; else None."""
    place = os.environ.get("ARENA_DB", "arena.db")
    here = urlsplit(address).hostname in {"127.0.0.1", "localhost", "::1"}
    return str(Path(place).resolve()) if here and "://" not in place else None
