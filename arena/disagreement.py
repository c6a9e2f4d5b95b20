"""The questions on which two protocols disagree: where a difference comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine, select

from arena import estimate
from arena.metric import Sample
from arena.samples import Group, samples, together
from arena.store import schema as s


class Dispute(NamedTuple):
    """One question under both."""

    question: str
    """The question's key."""
    text: str
    task: str
    source: str
    one: float
    other: float
    """Mean score of its readable rulings under each."""
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    """The matches under each, by key."""


class Disputes(NamedTuple):
    """A part of all."""

    shared: int
    """Questions with a readable ruling under both."""
    total: int
    """Of these, on how many the scores differ."""
    questions: tuple[Dispute, ...]


def disputes(engine: Engine, one: Group, other: Group, limit: int = 50, offset: int = 0) -> Disputes:
    """The greatest differences first, then in the order of the run; the runs of the groups are ids, and a group without
    a judge is about all of them together.

    Nothing where one of them has no rulings.
    """
    known = {run: samples(engine, run) for run in {one.run, other.run}}
    both = [_sample(known[group.run], group) for group in (one, other)]
    names, scores = estimate.by_question([estimate.scored(one, "excluded") for one in both])
    shared = np.flatnonzero(~np.isnan(scores).any(axis=0))
    apart = shared[np.abs(np.diff(scores[:, shared], axis=0)[0]) > 1e-9]
    order = apart[np.argsort(-np.abs(np.diff(scores[:, apart], axis=0)[0]).round(9), kind="stable")]
    wanted = [(names[i], *scores[:, i].tolist()) for i in order[offset : offset + limit].tolist()]
    return Disputes(len(shared), len(apart), tuple(_told(engine, wanted, both)))


def _sample(known: Mapping[Group, Sample], group: Group) -> Sample:
    return (known if group.judge else together(known)).get(group, Sample(()))


def _told(engine: Engine, wanted: Sequence[tuple[str, float, float]], both: Sequence[Sample]) -> list[Dispute]:
    q = s.questions.c
    with engine.connect() as db:
        found = db.execute(select(q.key, q.text, q.task, q.source).where(q.key.in_([key for key, *_ in wanted])))
        rows = {row.key: row for row in found}
    return [
        Dispute(
            key, rows[key].text, rows[key].task, rows[key].source, ours, theirs, *(_matches(one, key) for one in both)
        )
        for key, ours, theirs in wanted
    ]


def _matches(sample: Sample, question: str) -> tuple[str, ...]:
    which = sample.records.words("question").be(question)
    return tuple(dict.fromkeys(sample.records.words("match").take(which).list()))
