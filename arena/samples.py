"""The samples of runs: which rulings belong together, and which never came about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine, String, case, cast, func, select

from arena.metric import Lost, Sample
from arena.rulings import Ints, Rulings
from arena.store import read
from arena.store import schema as s


class Group(NamedTuple):
    """Whose rulings a sample holds."""

    run: str
    protocol: str
    judge: str
    """Empty where all judges are taken together."""
    cast: str
    """Empty where nobody speaks."""


class Played(NamedTuple):
    """A protocol that a run plays with a cast."""

    label: str
    name: str
    cast: str
    chosen: bool
    """Whether a match's arm is what a seat argued for by its own belief, and not what it was given."""


def samples(engine: Engine, run: str, beliefs: bool = False) -> dict[Group, Sample]:
    """What is there of each protocol, cast and judge of a run (by its id), in the order of the matches and then of the
    judges; with what judges held on the way if `beliefs` says so."""
    rulings = read.records(engine, run)
    held = read.beliefs(engine, run) if beliefs else Rulings.of(())
    found, on_the_way = _split(rulings), _split(held)
    lost = _lost(engine, run, rulings)
    labels = judges(engine, run).values()
    every = [Group(run, one.label, judge, one.cast) for one in played(engine, run) for judge in labels]
    none = np.array([], dtype=np.int64)
    return {
        group: Sample(rulings.take(found.get(group, none)), lost[group], held.take(on_the_way.get(group, none)))
        for group in dict.fromkeys(every)
        if group in found or group in lost
    }


def together(groups: Mapping[Group, Sample]) -> dict[Group, Sample]:
    """The samples of all judges as one: of a judge without a name."""
    found: dict[Group, list[Sample]] = defaultdict(list)
    for group, sample in groups.items():
        found[group._replace(judge="")].append(sample)
    return {
        group: Sample(
            Rulings.joined([one.records for one in of]),
            [lost for one in of for lost in one.lost],
            Rulings.joined([one.beliefs for one in of]),
        )
        for group, of in found.items()
    }


def played(engine: Engine, run: str) -> list[Played]:
    """The protocols and casts of a run, in the order in which they were first played."""
    m, p = s.matches.c, s.played.c
    chosen = func.max(case(((m.arm != "") & (cast(m.defends, String) == "{}"), 1), else_=0))
    query = (
        select(m.label, m.protocol.label("name"), m.cast, chosen)
        .join_from(s.matches, s.played, p.match == m.key)
        .where(p.run == run)
        .group_by(m.label, m.protocol, m.cast)
        .order_by(func.min(p.position))
    )
    with engine.connect() as db:
        return [Played(label, name, cast, bool(chosen)) for label, name, cast, chosen in db.execute(query)]


def judges(engine: Engine, run: str) -> dict[str, str]:
    """Key -> label of the judges of a run, in the order of the experiment."""
    j = s.judges.c
    with engine.connect() as db:
        rows = db.execute(select(j.judge, j.label).where(j.run == run).order_by(j.position))
        return {row.judge: row.label for row in rows}


def _split(rulings: Rulings) -> dict[Group, Ints]:
    """Which rows are whose."""
    columns = [rulings.words(name) for name in Group._fields]
    if not len(rulings):
        return {}
    codes, which = np.unique(np.stack([one.codes for one in columns]), axis=1, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(which.ravel()))[:-1])
    names = [Group(*(one.values[code] for one, code in zip(columns, of, strict=True))) for of in codes.T.tolist()]
    return dict(zip(names, parts, strict=True))


def _lost(engine: Engine, run: str, rulings: Rulings) -> dict[Group, list[Lost]]:
    """The rulings that a failure took."""
    failed = dict(_failed(engine, run))
    found: dict[Group, list[Lost]] = defaultdict(list)
    if not failed:
        return found
    stored = set(
        zip(rulings.words("match").list(), rulings.words("judge").list(), rulings.whole("order").tolist(), strict=True)
    )
    for ruling, (group, one) in failed.items():
        if ruling not in stored:
            found[group].append(one)
    return found


def _failed(engine: Engine, run: str) -> Iterator[tuple[tuple[str, str, int], tuple[Group, Lost]]]:
    """(match, judge, order) and the ruling that a failure took. Without its transcript a match has none at all; a
    belief that failed takes none."""
    labels = judges(engine, run)
    known = read.protocols(engine, run)
    for f in (one for one in read.failures(engine, run) if one["stage"] != "believe"):
        protocol = known.get(f["protocol"])  # None where its plugin is not at hand: then one ruling is lost for sure
        orders = (0, 1) if protocol and protocol.relabels else (0,)
        gone = product(labels, orders) if f["stage"] == "speak" else [(f["judge"], f["order"])]
        source = f"{f['task']}: {f['source']}"
        for judge, order in gone:
            group = Group(run, f["protocol"], labels[judge], f["cast"])
            lost = Lost(f["question"], source, f["arm"], f["repeat"], f["task"], tuple(f["tags"]))
            yield (f["match"], labels[judge], order), (group, lost)
