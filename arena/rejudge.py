"""More judges for a stored run: they rule on its complete transcripts, and nothing is played again."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic import SerializeAsAny, ValidationError
from sqlalchemy import Engine

from arena.course import Skip, missing, shared
from arena.errors import ConfigError
from arena.experiment import Experiment, Limits, Workers, fault, models, named
from arena.judge import Judge
from arena.plugin import Frozen
from arena.provider import Provider
from arena.store import read
from arena.store.db import Store
from arena.work import Job

_BATCH = 64


class _Bench(Frozen):
    """What the judges need to know of the run: how it was set up but for what was played."""

    judges: tuple[SerializeAsAny[Judge], ...]
    beliefs: bool = False
    workers: Workers = Workers()
    limits: Limits = Limits()


class Rejudge:
    """The course of more judges over a run.

    Their beliefs are asked for where the run or the file asks for beliefs. The limits are the run's, for all that it
    has paid so far. A transcript that is not complete is left alone until the run has been played on.
    """

    def __init__(self, engine: Engine, run: str | None, judges: Sequence[str], file: Experiment | None = None) -> None:
        """`judges` are names or TOML tables, to which the judges of `file` are added.

        Models go by their names in the run's own file, and then in `file`. Raises StoreError for an unknown run,
        ConfigError for a judge that is none.
        """
        self.run = read.run_id(engine, run)
        config = next(row["config"] for row in read.runs(engine) if row["id"] == self.run)
        given = [*map(_table, judges), *(file.judges if file else ())]
        if not given:
            raise ConfigError("no judge is given: name one with --judge, or an experiment with --file")
        bench = {name: config[name] for name in ("beliefs", "workers", "limits") if name in config}
        bench["beliefs"] = bench.get("beliefs", False) or bool(file and file.beliefs)
        known = {**(file.model_dump(mode="json")["models"] if file else {}), **config["models"]}
        try:
            context = {"provider": known, "folder": "."}
            self._bench = _Bench.model_validate({**bench, "judges": given}, context=context)
        except ValidationError as error:
            raise fault(Path(f"run {self.run}"), error) from None
        named(f"run {self.run}", known, {"judges": self._bench.judges})
        self.limits, self.workers = self._bench.limits, self._bench.workers
        self.imported = "imported" in config
        """Nobody plays its transcripts on."""
        self.left = 0
        """Transcripts that are not complete."""

    def providers(self) -> list[Provider]:
        """The judges' models."""
        return models(self._bench.judges)

    def start(self, store: Store) -> tuple[str, int]:
        """Seat the judges that the run has not yet."""
        store.seat(self.run, self._bench.judges)
        counts = read.counts(store.engine, self.run)
        self.left = counts.planned - counts.over
        return self.run, counts.over

    def jobs(self, store: Store, watch: Skip) -> Iterator[Job | None]:
        """The complete transcripts that lack a ruling."""
        return shared(store, self._complete(store), str, partial(self._job, store.engine), watch)

    def _complete(self, store: Store) -> Iterator[list[str]]:
        keys = (line["key"] for line in read.listing(store.engine, self.run) if line["over"])
        while batch := list(islice(keys, _BATCH)):
            yield batch

    def _job(self, engine: Engine, name: str, known: read.Progress) -> Job | None:
        match = read.kept(engine, name).match
        asks = missing(match, known, self._bench.judges, self._bench.beliefs)
        return Job(match=match, turns=known.turns, asks=asks) if asks else None


def _table(text: str) -> object:
    """A judge as it was given on the command line: a name, or an inline table of TOML."""
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        return tomllib.loads(f"judge = {text}")["judge"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"--judge {text}: not TOML: {error}") from None
