"""Who plays a run, as the commands that play have it: in this process, on a cluster of its own or on a running one."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Engine

from arena.crew import Crew, Here
from arena.errors import ConfigError
from arena.experiment import Workers
from arena.purse import Purse
from arena.run import Hire
from arena.store import db

Alone = Annotated[bool, typer.Option("--here", help="Play in this process, without Ray.")]
Address = Annotated[str | None, typer.Option(help="Of a running Ray cluster; default: a local one of its own.")]


def choose(here: bool, address: str | None) -> None:
    """Raises ConfigError for both ways at once."""
    if here and address:
        raise ConfigError("--here plays without Ray, --address on a cluster: choose one")


def crew(workers: Workers, engine: Engine, here: bool, address: str | None) -> Hire:
    """Ray is imported only where it is used. Raises ConfigError for both ways at once."""
    choose(here, address)
    replies = db.replies(engine, shared=address is not None)

    def hire(purse: Purse | None) -> Crew:
        if here:
            return Here(workers.count * workers.matches, replies, purse)
        from arena.cluster import Cluster

        return Cluster(workers.count, workers.matches, replies, purse, address)

    return hire
