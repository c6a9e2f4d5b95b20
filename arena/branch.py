"""Branches: fresh continuations of stored transcripts at chosen turns, played out and judged.

Each branch is a match of its own that begins with the stored turns before it, so that only what follows is played: the
ordinary driver plays it, the ordinary store keeps it, and the same command again plays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import Field
from sqlalchemy import Engine

from arena import experiment as experiments
from arena.course import Skip, missing, shared
from arena.errors import ConfigError, choices
from arena.experiment import Experiment, Limits
from arena.match import Match
from arena.nouns import JUDGE, Cue, Turn, Usage, View
from arena.plugin import Frozen, key
from arena.protocol import due
from arena.provenance import provenance
from arena.run import Driver, Exit, Hire, Watch
from arena.store import read
from arena.store.db import Store
from arena.work import Event, Job

_BATCH = 64


class Branching(Frozen):
    """Which turns of a run are sampled anew, and how often."""

    run: str
    """The id of the run whose complete transcripts are branched."""
    branches: int = Field(default=2, ge=2)
    """Samples at each turn."""
    rollouts: int = Field(default=1, ge=1)
    """How often each sample is played out to the end."""
    rounds: tuple[int, ...] = ()
    """None: every round."""
    seats: tuple[str, ...] = ()
    """None: every seat that argues for an answer."""
    protocols: tuple[str, ...] = ()
    """Names or labels; none: every protocol."""
    sample: int | None = Field(default=None, ge=1)
    """How many of these turns, drawn by the seed; None: all. More extends the draw."""
    seed: int = 0


class Spot(NamedTuple):
    """A turn of a stored match where branches leave it."""

    task: str
    match: Match
    cue: Cue
    heard: tuple[Turn, ...]
    """What stands before it."""
    beside: tuple[Turn, ...]
    """What the other seats said in the same simultaneous round."""

    @property
    def name(self) -> str:
        """The same in every run."""
        return f"{self.match.key} {len(self.heard)} {self.cue.seat}"

    @property
    def view(self) -> View:
        """What the speaker knew."""
        return self.match.protocol.view(self.cue.seat, self.match.case(), self.heard)

    @property
    def mine(self) -> int:
        """Index into the question's answers of the one that the speaker argues for."""
        return self.match.shown[self.view.sides[self.cue.seat]]

    def branch(self, number: int, rollout: int = 0) -> Match:
        """The match in which sample `number` is played out for the `rollout`-th time after the first."""
        again = f" {rollout}" if rollout else ""
        fields = {name: getattr(self.match, name) for name in Match.model_fields}
        return Match(**{**fields, "branch": f"{self.name} {number}{again}"})

    def sampled(self, turns: Iterable[Turn]) -> Turn | None:
        """The sample among the turns of a branch, where it is there yet."""
        place = (self.cue.seat, len(self.heard))
        return next((turn for turn in turns if (turn.seat, turn.after) == place), None)


def spots(kept: read.Kept, task: str) -> Iterator[Spot]:
    """Every turn of a transcript that argues for an answer; a belief argues for none."""
    case, at = kept.match.case(), 0
    while (step := due(kept.match.protocol, case, kept.turns[:at])).cues:
        said = kept.turns[at : at + len(step.cues)]
        for cue in step.cues:
            beside = tuple(turn for turn in said if turn.seat != cue.seat)
            spot = Spot(task, kept.match, cue, step.heard, beside)
            if cue.seat != JUDGE and cue.act != "believe" and cue.seat in spot.view.sides:
                yield spot
        at += len(step.cues)


class _Place(NamedTuple):
    """What is known of a spot before its transcript is held in memory again."""

    name: str
    seat: str
    round: int
    protocol: str
    label: str
    orders: int
    """In how many presentations each of its branches is judged."""


class _Leaf(NamedTuple):
    """One branch to be played."""

    position: int
    spot: Spot
    number: int
    rollout: int


class _Quiet:
    """Whom it was told before."""

    def skip(self, matches: int) -> None: ...


class _Begun(NamedTuple):
    """A branch as it begins."""

    match: Match
    prefix: tuple[Turn, ...]
    """The turns that it does not play."""


class _Branched(Experiment):
    """The experiment of a run, played from chosen turns on: the same file, and for other turns another run."""

    turns: str = Field(exclude=True)
    """Content hash of the branching and its turns; the store notes them apart from the file."""

    @property
    def key(self) -> str:
        return key(super().key, self.turns)


class Branches:
    """The course of a branching: every branch at every chosen turn, before all judges of the run.

    As in Arnesen 2024 a branch goes on to the end of the protocol. Deviations: there may be more than two branches, and
    each may be played out more than once; in a simultaneous round the other seats' turns of that round stay as they
    were. The run's id depends on the turns, so a run that has grown since gets another branching, in which what is the
    same is not played again.
    """

    def __init__(self, engine: Engine, branching: Branching, limits: Limits | None = None) -> None:
        """Reads the run once. Raises StoreError for an unknown run, ConfigError where there is no turn to branch."""
        self._engine = engine
        self.branching = branching
        self._orders = {place.name: place.orders for place in self._chosen()}
        whole = _config(engine, branching.run)
        changed = {"name": f"{whole['name']}-branches", "beliefs": False}
        changed |= {"limits": limits.model_dump()} if limits else {}
        played = experiments.read({**whole, **changed}, Path(branching.run))
        self.experiment = _Branched.model_validate({**dict(played), "turns": key(branching, [*self._orders])})
        self.limits = self.experiment.limits
        self.providers = self.experiment.providers
        self._tasks = {task.name: task for task in self.experiment.tasks}
        self._told = False

    def spots(self) -> Iterator[Spot]:
        """The chosen turns, match by match."""
        return (spot for spot in _every(self._engine, self.branching.run) if spot.name in self._orders)

    def start(self, store: Store) -> tuple[str, int]:
        """Note the run of the branches, or find it again."""
        each = self.branching.branches * self.branching.rollouts
        matches, rulings = len(self._orders) * each, sum(self._orders.values()) * each
        told = provenance(self.experiment, key([*self._orders])) | {"branching": self.branching.model_dump(mode="json")}
        return store.start(self.experiment, (matches, rulings * len(self.experiment.judges)), told), matches

    def jobs(self, store: Store, watch: Skip) -> Iterator[Job | None]:
        """First every sample, then its further rollouts; one whose sample is not there yet is left to the next run."""
        for again in (False, True) if self.branching.rollouts > 1 else (False,):
            told = _Quiet() if self._told else watch
            yield from shared(store, self._noted(store, again), lambda begun: begun.match.key, self._job(store), told)
        self._told = True

    def _chosen(self) -> list[_Place]:
        """The turns to be branched, in their order."""
        b = self.branching
        every = [_place(spot) for spot in _every(self._engine, b.run)]
        self._check("seat", b.seats, {place.seat for place in every})
        self._check("round", b.rounds, {str(place.round) for place in every})
        self._check("protocol", b.protocols, {name for place in every for name in (place.protocol, place.label)})
        fit = [place for place in every if self._wanted(place)]
        drawn = set(sorted(fit, key=lambda place: key(b.seed, place.name))[: b.sample])
        if not drawn:
            raise ConfigError(f"run {b.run} has no complete transcript with a turn to branch")
        return [place for place in fit if place in drawn]

    def _check(self, what: str, wanted: Sequence[object], there: set[str]) -> None:
        unknown = [str(one) for one in wanted if str(one) not in there]
        if unknown:
            run = self.branching.run
            raise ConfigError(f"no turn of run {run} is of {what} {unknown[0]!r}; {choices(unknown[0], there)}")

    def _wanted(self, place: _Place) -> bool:
        b = self.branching
        return (
            (not b.seats or place.seat in b.seats)
            and (not b.rounds or place.round in b.rounds)
            and (not b.protocols or bool({place.protocol, place.label} & set(b.protocols)))
        )

    def _leaves(self, again: bool) -> Iterator[_Leaf]:
        b = self.branching
        for i, spot in enumerate(self.spots()):
            for number in range(b.branches):
                for rollout in range(1, b.rollouts) if again else (0,):
                    yield _Leaf((i * b.branches + number) * b.rollouts + rollout, spot, number, rollout)

    def _noted(self, store: Store, again: bool) -> Iterator[list[_Begun]]:
        """Batch by batch, noted in the store."""
        leaves = self._leaves(again)
        while batch := list(islice(leaves, _BATCH)):
            begun = [(leaf, one) for leaf in batch for one in self._begun(leaf)]
            noted = [(leaf.position, self._tasks[leaf.spot.task], one.match) for leaf, one in begun]
            store.add(self.experiment.id, noted)
            yield [one for _, one in begun]

    def _job(self, store: Store) -> Callable[[_Begun, read.Progress], Job | None]:
        """What is left of a branch, which begins in the store with the turns that it does not play."""

        def job(begun: _Begun, known: read.Progress) -> Job | None:
            match, prefix = begun
            asks = missing(match, known, self.experiment.judges, self.experiment.beliefs)
            if known.lost or not asks:
                return None
            if prefix and not known.turns:
                over = match.over(prefix)
                arm = match.arm(prefix) if over else ""
                store.save(self.experiment.id, [Event(match=match.key, turns=prefix, over=over, arm=arm)])
            return Job(match=match, turns=known.turns or prefix, asks=asks)

        return job

    def _begun(self, leaf: _Leaf) -> Iterator[_Begun]:
        """The match of a leaf and the turns it begins with; nothing where its sample is not there yet."""
        spot = leaf.spot
        turns = (*spot.heard, *spot.beside)
        if leaf.rollout:
            first = spot.branch(leaf.number).key
            sample = spot.sampled(read.progress(self._engine, [first])[first].turns)
            if sample is None:
                return
            turns = (*turns, sample)
        free = tuple(turn.model_copy(update={"usage": Usage()}) for turn in turns)
        yield _Begun(spot.branch(leaf.number, leaf.rollout), free)


async def grow(store: Store, branches: Branches, crew: Hire, watch: Watch) -> Exit:
    """Play what is missing of a branching: the samples, and once all are there the rollouts that waited for them."""
    code = Exit.DONE
    for _ in range(min(branches.branching.rollouts, 2)):
        code = await Driver(store, branches, crew, watch).run()
        if code not in {Exit.DONE, Exit.FAILED}:
            break
    return code


def _every(engine: Engine, run: str) -> Iterator[Spot]:
    """Every turn of a run's complete transcripts that may be branched, in the order of the matches."""
    for line in read.listing(engine, run):
        if line["over"]:
            yield from spots(read.kept(engine, line["key"]), line["task"])


def _place(spot: Spot) -> _Place:
    protocol = spot.match.protocol
    return _Place(spot.name, spot.cue.seat, spot.cue.round, protocol.name, protocol.label, len(spot.match.orders))


def _config(engine: Engine, run: str) -> dict[str, object]:
    """The experiment of a run as it was stored. Raises ConfigError for an imported run, in which nobody can speak."""
    config: dict[str, object] = next(row["config"] for row in read.runs(engine) if row["id"] == run)
    if "imported" in config:
        raise ConfigError(f"run {run} was imported: it can be compared, exported and judged again, and not played on")
    return config
