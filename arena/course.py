"""What a driver plays: the matches of an experiment, or any other stream of jobs; each job taken by a lease."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from arena.errors import ConfigError
from arena.experiment import Experiment, Limits
from arena.judge import Judge
from arena.match import Match, misfit
from arena.plugin import key
from arena.provenance import provenance
from arena.provider import Provider
from arena.store import read
from arena.store.db import Store
from arena.work import EVERY, Ask, Job, Reply

T = TypeVar("T")

_BATCH = 64


class Skip(Protocol):
    """Who is told of matches that need not be played."""

    def skip(self, matches: int) -> None:
        """So many of them were complete, or failed for good, before."""


class Course(Protocol):
    """What a driver plays: a stream of jobs, and the run that they belong to."""

    @property
    def limits(self) -> Limits:
        """When to stop paying."""
        ...

    def providers(self) -> list[Provider]:
        """Every model that may be called."""
        ...

    def start(self, store: Store) -> tuple[str, int]:
        """Note the run, or find it again: its id and how many matches it has. Raises ConfigError."""
        ...

    def jobs(self, store: Store, watch: Skip) -> Iterator[Job | None]:
        """What is left to do, in order; tells the watch of what is not. None while all of that is played elsewhere."""
        ...


class Size(NamedTuple):
    """What an experiment comes to."""

    questions: int
    matches: int
    rulings: int
    data: str
    """Content hash of the questions in their order."""
    sources: int
    """Documents or seeds that the questions come from: what the statistics count."""


def size(experiment: Experiment) -> Size:
    """Count the matches and rulings; reads every question, and so finds every broken row before anything is paid."""
    experiment.ready()
    keys: list[str] = []
    sources: set[tuple[str, str]] = set()
    misfits: dict[str, str] = {}
    matches = rulings = 0
    for task, question in experiment.questions():
        keys.append(key(question))
        sources.add((task.name, question.source))
        for match in experiment.about(question):
            name, why = match.protocol.name, misfit(match)
            if why:
                misfits.setdefault(name, f"{name} cannot be played on question {question.id!r} of {task.name}: {why}")
                continue
            matches += 1
            rulings += len(match.orders) * len(experiment.judges)
    if misfits:
        raise ConfigError("\n".join(misfits.values()))
    if not keys:
        raise ConfigError("the tasks have no questions")
    return Size(len(keys), matches, rulings, key(keys), len(sources))


class Study:
    """The course of an experiment: all its matches, before all its judges."""

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self.limits = experiment.limits
        self.providers = experiment.providers

    def start(self, store: Store) -> tuple[str, int]:
        """Reads every question, so that what cannot be played is found before anything is paid."""
        whole = size(self._experiment)
        told = provenance(self._experiment, whole.data)
        return store.start(self._experiment, (whole.matches, whole.rulings), told), whole.matches

    def jobs(self, store: Store, watch: Skip) -> Iterator[Job | None]:
        """Notes the matches in the store batch by batch."""
        return shared(store, self._noted(store), lambda match: match.key, self._job, watch)

    def _noted(self, store: Store) -> Iterator[list[Match]]:
        stream = ((i, task, match) for i, (task, match) in enumerate(self._experiment.matches()))
        while batch := list(islice(stream, _BATCH)):
            store.add(self._experiment.id, batch)
            yield [match for _, _, match in batch]

    def _job(self, match: Match, known: read.Progress) -> Job | None:
        asks = missing(match, known, self._experiment.judges, self._experiment.beliefs)
        return Job(match=match, turns=known.turns, asks=asks) if asks and not known.lost else None


def missing(match: Match, known: read.Progress, judges: Sequence[Judge], beliefs: bool) -> tuple[Ask, ...]:
    """The rulings on a match, and the beliefs if they are wanted, that are not there and have not failed for good."""
    after = (match.rounds(known.turns) if known.over else (EVERY,)) if beliefs else ()
    pairs = [(judge, order) for judge in judges for order in match.orders]
    asks = [Ask(judge=judge, order=order, round=number) for number in (*after, 0) for judge, order in pairs]
    return tuple(ask for ask in asks if (ask.key, ask.order, ask.round) not in known.ruled | known.refused)


def shared(
    store: Store,
    batches: Iterable[Sequence[T]],
    name: Callable[[T], str],
    job: Callable[[T, read.Progress], Job | None],
    watch: Skip,
) -> Iterator[Job | None]:
    """The jobs that are left of a stream of batches, each taken by a lease; `job` is None where nothing is left to do.

    Those that another driver has come last, once it has finished them or is not heard of any more; None meanwhile.
    """
    elsewhere: list[T] = []
    for batch in batches:
        yield from _taken(store, batch, name, job, watch, elsewhere)
    while elsewhere:
        yield None
        again, elsewhere = elsewhere, []
        for at in range(0, len(again), _BATCH):
            yield from _taken(store, again[at : at + _BATCH], name, job, watch, elsewhere)


def _taken(
    store: Store,
    batch: Sequence[T],
    name: Callable[[T], str],
    job: Callable[[T, read.Progress], Job | None],
    watch: Skip,
    elsewhere: list[T],
) -> Iterator[Job]:
    """What this driver may play of a batch; what another has is added to `elsewhere`."""
    known = store.progress([name(one) for one in batch])
    open_ = [one for one in batch if job(one, known[name(one)])]
    held = store.claim([name(one) for one in open_]) if open_ else set()
    elsewhere += [one for one in open_ if name(one) not in held]
    known |= store.progress(list(held))  # again: it may have been played until it was ours
    made = {name(one): job(one, known[name(one)]) for one in open_ if name(one) in held}
    done = [match for match, left in made.items() if left is None]
    store.release(done)
    watch.skip(len(batch) - len(open_) + len(done))
    left = [job for job in made.values() if job]
    replies = store.replies([job.match.key for job in left])
    yield from (_reminded(job, replies.get(job.match.key, ()), known[job.match.key].over) for job in left)


def _reminded(job: Job, replies: Sequence[Reply], over: bool) -> Job:
    """The job with the replies that it may still want: of a complete transcript, those to the judges who are asked."""
    judges = {f"judge {ask.key}" for ask in job.asks}
    wanted = tuple(reply for reply in replies if not over or reply.seat in judges)
    return job.model_copy(update={"replies": wanted}) if wanted else job
