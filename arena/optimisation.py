"""What happens to the truth as a speaker is optimised harder against the judge: best of n, exact from one pool."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import Engine, select

from arena import best, estimate
from arena.estimate import Scores
from arena.metric import Figure, Sample
from arena.metrics.accuracy import Accuracy
from arena.rulings import Floats, Words
from arena.samples import Group, samples
from arena.store import schema as s


class Point(NamedTuple):
    """Best of n."""

    n: int
    kl: float
    """How far the best of n is from a single draw, in nats; charts draw its square root."""
    proxy: Figure
    """What is optimised: the judge's probability of the answer argued for."""
    gold: Figure | None
    """The truth; None for an n at which nothing was judged."""


class Curve(NamedTuple):
    """One protocol, cast and judge."""

    protocol: str
    cast: str
    judge: str
    pool: Literal["drafts", "transcripts"]
    """`drafts`: the scored drafts of every turn, by whichever judge scored them; gold is this judge's accuracy where
    n drafts were made. `transcripts`: whole transcripts on one question, for each answer argued for and each repeat;
    gold is how often the one that convinces most argues for the truth."""
    points: tuple[Point, ...]


class Pools(NamedTuple):
    """Pools of as many drafts each."""

    proxy: Floats
    """(pools, drafts)"""
    gold: Floats | None
    """(pools, drafts), where it is known of each."""
    questions: Words
    sources: Words
    """(pools,) each."""


def curves(engine: Engine, run: str) -> tuple[Curve, ...]:
    """Those of a run (by its id): for each protocol, cast and judge with drafts, and with an advocate that was heard
    for both answers."""
    known = samples(engine, run)
    drafts = _drafts(engine, run)
    found = []
    for group, sample in known.items():
        if pools := drafts.get((group.protocol, group.cast)):
            found.append(_curve(group, "drafts", pools, _judged(group, known, drafts)))
        if whole := transcripts(sample):
            found.append(_curve(group, "transcripts", whole, {}))
    return tuple(found)


def transcripts(sample: Sample) -> Pools | None:
    """The rulings on lone advocates, pooled by question and presentation; None where none is heard for both answers.

    Pools of the most frequent size count; where a ruling failed its pool does not.
    """
    rulings = sample.records
    argued = rulings.words("argued")
    alone = sample.read & np.array([len(one) == 1 for one in argued.values], dtype=np.bool_)[argued.codes]
    taken = rulings.take(alone)
    if not len(taken):
        return None
    answer = np.array([one[0] for one in taken.words("argued").list()])
    proxy = taken.p[np.arange(len(taken)), answer]
    gold = (answer == taken.whole("correct")).astype(np.float64)
    pool = np.unique(taken.words("question").codes * 2 + taken.whole("order"), return_inverse=True)[1]
    order = np.argsort(pool, kind="stable")
    sizes = np.bincount(pool)
    size = max(Counter(sizes.tolist()).items(), key=lambda item: (item[1], item[0]))[0]
    rows = order[(sizes == size)[pool[order]]].reshape(-1, size)
    whole = rows[np.ptp(gold[rows], axis=1) > 0]
    if not len(whole):
        return None
    first = taken.take(whole[:, 0])
    return Pools(proxy[whole], gold[whole], first.words("question"), first.words("source"))


def _drafts(engine: Engine, run: str) -> dict[tuple[str, str], Pools]:
    """By protocol and cast: the scores of every turn for which as many drafts were scored as ever."""
    m, p, q, t = s.matches.c, s.played.c, s.questions.c, s.turns.c
    scores = t.body["scores"]
    query = (
        select(m.label, m.cast, q.key, q.task, q.source, scores)
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .join(s.turns, t.match == m.key)
        .where(p.run == run)
        .order_by(p.position, t.number)
    )
    found: dict[tuple[str, str], list[tuple[str, str, list[float]]]] = defaultdict(list)
    with engine.connect() as db:
        for label, cast, question, task, source, told in db.execute(query):
            if told and len(told) > 1:
                found[label, cast].append((question, f"{task}: {source}", told))
    return {group: _pooled(rows) for group, rows in found.items()}


def _pooled(rows: Sequence[tuple[str, str, list[float]]]) -> Pools:
    size = max(len(scores) for *_, scores in rows)
    questions, sources, proxy = zip(*(row for row in rows if len(row[2]) == size), strict=True)
    return Pools(np.array(proxy), None, Words.of(questions), Words.of(sources))


def _judged(group: Group, known: Mapping[Group, Sample], drafts: Mapping[tuple[str, str], Pools]) -> dict[int, Figure]:
    """n -> the judge's accuracy where so many drafts were made: by casts of the same protocol, a lone cast without
    drafts standing for n = 1."""
    mine = {g.cast: sample for g, sample in known.items() if (g.protocol, g.judge) == (group.protocol, group.judge)}
    plain = [cast for cast in mine if (group.protocol, cast) not in drafts]
    found = {1: Accuracy().measure(mine[plain[0]])} if len(plain) == 1 else {}
    drafted = [cast for cast in mine if cast not in plain]
    for cast in sorted(drafted, key=lambda cast: cast == group.cast):  # of several with the same n its own counts
        found[drafts[group.protocol, cast].proxy.shape[1]] = Accuracy().measure(mine[cast])
    return found


def _curve(group: Group, kind: Literal["drafts", "transcripts"], pools: Pools, judged: Mapping[int, Figure]) -> Curve:
    points = tuple(_points(pools, judged))
    return Curve(group.protocol, group.cast, group.judge, kind, points)


def _points(pools: Pools, judged: Mapping[int, Figure]) -> Iterator[Point]:
    """One for each n up to the pools' size; intervals by source."""
    size = pools.proxy.shape[1]
    gold = np.zeros_like(pools.proxy) if pools.gold is None else pools.gold
    proxy, gold = best.level(pools.proxy, gold)
    for n, chances in enumerate(best.ranks(size), start=1):
        truth = judged.get(n) if pools.gold is None else _figure("gold", pools, gold @ chances)
        yield Point(n, best.divergence(n), _figure("proxy", pools, proxy @ chances), truth)


def _figure(name: str, pools: Pools, values: Floats) -> Figure:
    used = Scores(pools.questions, pools.sources, values)
    return estimate.figure(name, estimate.mean(used), used, pools.proxy.size, ())
