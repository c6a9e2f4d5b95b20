"""The command `arena branch`: plays branches of a run and writes what judges preferred as training data."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from arena.branch import Branches, Branching, grow
from arena.console import Json, Store, err, out, say, stopped
from arena.errors import ConfigError
from arena.experiment import Limits
from arena.hire import Address, Alone, crew
from arena.plugin import Frozen
from arena.run import Exit
from arena.splits import Terms, save
from arena.store import db, read
from arena.tables import progress
from arena.watch import Live, Plain

F = TypeVar("F", bound=Frozen)


def add(app: typer.Typer) -> None:
    """Give the command line its command."""
    app.command()(branch)


def branch(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id or name.")],
    branches: Annotated[int, typer.Option(help="Samples at each turn.")] = 2,
    rollouts: Annotated[int, typer.Option(help="How often each sample is played out.")] = 1,
    turns: Annotated[int | None, typer.Option(help="How many turns, drawn by the seed; all if not given.")] = None,
    rounds: Annotated[list[int] | None, typer.Option("--round", help="Only this round's turns; repeatable.")] = None,
    seats: Annotated[list[str] | None, typer.Option("--seat", help="Only this seat's turns; repeatable.")] = None,
    protocols: Annotated[
        list[str] | None, typer.Option("--protocol", help="Only turns under this protocol; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the turns and the splits.")] = 0,
    max_cost: Annotated[float | None, typer.Option(help="US dollars that the branches may cost.")] = None,
    max_calls: Annotated[int | None, typer.Option(help="Calls that the branches may take.")] = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Where to write the pairs.")] = None,
    margin: Annotated[float, typer.Option(help="Least difference of a pair's scores, in probability.")] = 0.0,
    per_turn: Annotated[int, typer.Option(help="Most pairs of a turn, the widest margins first.")] = 1,
    shares: Annotated[str, typer.Option(help="Of train, validation and test, by source.")] = "0.8,0.1,0.1",
    store: Store = None,
    here: Alone = False,
    address: Address = None,
    as_json: Json = False,
) -> None:
    """Sample turns of a run anew and play them out; write what the judges preferred, for DPO and for reward models.

    What is stored is not played again. The run's own limits hold, counted anew, where no others are given.
    """
    terms = _read(Terms, margin=margin, per_turn=per_turn, shares=tuple(shares.split(",")), seed=seed)
    limits = _read(Limits, max_cost=max_cost, max_calls=max_calls) if max_cost or max_calls else None
    engine = db.connect(store, create=False)
    wanted = _read(
        Branching,
        run=read.run_id(engine, run),
        branches=branches,
        rollouts=rollouts,
        rounds=rounds or (),
        seats=seats or (),
        protocols=protocols or (),
        sample=turns,
        seed=seed,
    )
    course = Branches(engine, wanted, limits)
    watch = Live(err) if err.is_terminal and not as_json else Plain(err)
    with watch:
        hire = crew(course.experiment.workers, engine, here, address)
        code = asyncio.run(grow(db.Store(engine), course, hire, watch))
    about = save(engine, course, terms, folder) if folder and code != Exit.INTERRUPTED else {}
    name = course.experiment.id
    counts, paid = read.counts(engine, name), read.spent(engine, name)
    if code == Exit.BUDGET:
        stopped(course.limits, paid)
    if as_json:
        say({"run": name, "exit": int(code), **counts._asdict(), "spent": paid._asdict(), "pairs": about})
    else:
        out.print(progress(name, counts, paid), highlight=False)
        out.print(_line(about, folder), highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def _read(model: type[F], **values: object) -> F:
    """Options as a model. Raises ConfigError with the option's name."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        place = str(fault["loc"][0]).replace("_", "-") if fault["loc"] else ""
        name = {"rounds": "round", "seats": "seat", "protocols": "protocol", "sample": "turns"}.get(place, place)
        raise ConfigError(f"--{name}: {str(fault['msg']).removeprefix('Value error, ')}") from None


def _line(about: dict[str, Any], folder: Path | None) -> str:
    if not about:
        return "No pairs written: name a folder with --out."
    count, splits = about["count"], about["splits"]
    spread = ", ".join(f"{name} {figures['pairs']}" for name, figures in splits.items())
    return (
        f"{folder}: {count['pairs']} pairs ({spread}) of {count['turns']} turns; left out: {count['ties']} ties, "
        f"{count['same']} pairs of the same reply, {count['unjudged']} branches without all their rulings."
    )
