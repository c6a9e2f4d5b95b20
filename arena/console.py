"""What the commands share: the two consoles, their common options, JSON, experiments by file or preset."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from arena.errors import ConfigError, choices
from arena.experiment import Experiment, Limits, load
from arena.purse import Money, reached
from arena.run import Exit
from arena.store.read import Spent


class _Out(Console):
    """Standard output; its reader may leave early, as `head` does."""

    def on_broken_pipe(self) -> None:
        os._exit(Exit.DONE)


_PLAIN: dict[str, Any] = {"markup": False, "emoji": False}
"""What is printed is data: a bracket in a question or a label is a bracket, wherever it stands in a table."""

out = _Out(**_PLAIN) if sys.stdout.isatty() else _Out(**_PLAIN, width=160)
err = Console(stderr=True, **_PLAIN)

Store = Annotated[str | None, typer.Option("--db", help="Store: a file or a URL. Default $ARENA_DB, then arena.db.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
File = Annotated[str, typer.Argument(help="An experiment file, or the name of a preset that ships.")]
Run = Annotated[str | None, typer.Argument(help="A run's id or name; the newest if not given.")]


Options = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A field of the plugin; may be repeated.")
]


def settings(options: list[str] | None) -> dict[str, Any]:
    """What `--set` says; a value is TOML where it is any, else text. Raises ConfigError."""
    found: dict[str, Any] = {}
    for option in options or []:
        name, equals, value = option.partition("=")
        if not equals:
            raise ConfigError(f"--set {option}: write NAME=VALUE")
        try:
            found[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name.strip()] = value.strip()
    return found


def say(value: Any) -> None:
    """Print JSON."""
    try:
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
    except BrokenPipeError:
        out.on_broken_pipe()


def stopped(limits: Limits, paid: Spent) -> None:
    """Say on standard error which limit a run has come to."""
    told = reached(limits, Money(paid.calls, paid.tokens, paid.cost or 0.0))
    err.print(f"arena: {told}", highlight=False, soft_wrap=True)


def read_file(file: str) -> Experiment:
    """An experiment file, or a preset by its bare name."""
    path = Path(file)
    if path.exists() or path.suffix:
        return load(path)
    return load(preset(file))


def preset(name: str) -> Path:
    """The file of a preset that ships. Raises ConfigError."""
    found = presets()
    if name not in found:
        raise ConfigError(f"no file {name} and no preset of that name; {choices(name, found)}")
    return found[name]


def presets() -> dict[str, Path]:
    """Name -> file of every preset that ships."""
    folder = Path(str(files("arena") / "experiments"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
