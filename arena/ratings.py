"""How strong debaters and judges are, on Elo's scale, from who turned which verdict.

Bradley & Terry (1952) as a logistic regression: the log-odds of a verdict for the right answer are a sum of what the
judge, the protocol, the speaker for the right answer and the speaker for a wrong one bring, and of whether the right
answer was shown first. A ridge keeps the rating of one who always wins finite.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Engine, select

from arena import bootstrap
from arena.logistic import Fit, Games, fit
from arena.metric import Sample
from arena.rulings import Floats, Ints, Rulings
from arena.samples import samples
from arena.store import schema as s

ELO = 400 / math.log(10)
"""Elo points for one unit of log-odds: 400 make the odds ten times as good."""

RIDGE = 0.1
"""Ratings are expected to spread by some 3 in log-odds, 550 points: with a hundred games it moves them by little."""


class Rating(NamedTuple):
    """How strong one player is, in Elo points above the mean of its list."""

    name: str
    value: float
    low: float | None
    high: float | None
    """95 % interval by the bootstrap over sources; None where there is one source."""
    games: int
    """Verdicts that it took part in."""


class Ratings(NamedTuple):
    """The ratings of a run."""

    debaters: tuple[Rating, ...]
    """Whichever side they argued for."""
    right: tuple[Rating, ...]
    """As speakers for a right answer."""
    wrong: tuple[Rating, ...]
    """As speakers for a wrong answer: a Houdini rating (Engels 2025)."""
    judges: tuple[Rating, ...]
    """A Guard rating (Engels 2025): how well a judge tells right from wrong against these speakers."""
    connected: bool
    """Whether every two debaters are linked by verdicts, directly or through others; else their ratings cannot be
    compared across `components`."""
    components: tuple[tuple[str, ...], ...]
    """The debaters that can be compared, group by group."""
    unbeaten: tuple[str, ...]
    """Debaters that won every game or lost every one: only the ridge keeps their ratings finite."""
    sources: int
    rulings: int
    """What the ratings rest on."""
    unreadable: int = 0
    failed: int = 0
    """Verdicts that could not be read, or never came about, where somebody spoke."""


class Bouts(NamedTuple):
    """Verdicts on what was said for a right answer, a wrong one, or both; (n,) each."""

    right: Sequence[str]
    """Who spoke for the right answer; empty where nobody did."""
    wrong: Sequence[str]
    judge: Sequence[str]
    protocol: Sequence[str]
    won: Floats
    """1 where the verdict is right, 1/2 in a tie, else 0."""
    first: Floats
    """1/2 where the right answer was shown first, -1/2 where it was not, 0 where that is not known."""
    sources: Ints


def ratings(engine: Engine, run: str) -> Ratings:
    """The ratings of the speakers and judges of a run (by its id). Nobody has one where no speaker was given a side.

    Where nobody knows a right answer the two answers themselves are rated, as those who met; a judge is rated then by
    nothing.
    """
    known = samples(engine, run)
    rulings = Rulings.joined([sample.records for sample in known.values()])
    played = bouts(rulings, sides(engine, run))
    voted = played if len(played.won) else votes(rulings, _answers(engine, run))
    made = rated(played) if len(played.won) or not len(voted.won) else rated(voted, apart=False)
    spoken = [sample for group, sample in known.items() if group.cast]
    return made._replace(
        unreadable=sum(int(sample.records.words("state").be("unreadable").sum()) for sample in spoken),
        failed=sum(len(sample.lost) for sample in spoken),
    )


def rated(played: Bouts, apart: bool = True) -> Ratings:
    """The ratings from these verdicts; `apart`: those of the two sides and of judges as well."""
    whole = _fitted(played, [("+right", "-wrong")])
    two = _fitted(played, [("+right",), ("-wrong",)]) if apart else None
    debaters = _names(played.right, played.wrong)
    components = _components(played, debaters)
    return Ratings(
        debaters=_list(debaters, whole, 0, played.right, played.wrong),
        right=_list(_names(played.right), two, 0, played.right) if two else (),
        wrong=_list(_names(played.wrong), two, 1, played.wrong) if two else (),
        judges=_list(_names(played.judge), two, 2, played.judge) if two else (),
        connected=len(components) <= 1,
        components=components,
        unbeaten=tuple(name for name in debaters if _unbeaten(played, name)),
        sources=len(np.unique(played.sources)),
        rulings=len(played.won),
    )


def bouts(rulings: Rulings, said: Mapping[str, tuple[str, str]]) -> Bouts:
    """The readable rulings on which a speaker with a given side had an influence, from the `sides` of their run."""
    sample = Sample(rulings)
    spoke = [said.get(match, ("", "")) for match in rulings.words("match").list()]
    which = sample.read & np.array([any(one) for one in spoke], dtype=np.bool_)
    told = [one for one, taken in zip(spoke, which, strict=True) if taken]
    right, wrong = ([one[i] for one in told] for i in (0, 1))
    judge, protocol, source = (rulings.words(name).take(which) for name in ("judge", "protocol", "source"))
    shown = rulings.whole("first")[which]
    first = np.where(shown < 0, 0.0, (shown == rulings.whole("correct")[which]) - 0.5)
    sources = np.unique(source.codes, return_inverse=True)[1]
    return Bouts(right, wrong, judge.list(), protocol.list(), sample.score[which], first, sources)


def votes(rulings: Rulings, answers: Mapping[str, Sequence[str]]) -> Bouts:
    """The rulings on pairs of which nobody knows the better one: the first answer against the second, each question's
    `answers` by its key."""
    p = rulings.p
    which = rulings.words("state").be("unscored") & (np.sum(~np.isnan(p), axis=1) == 2)
    met = [answers[question] for question in rulings.words("question").take(which).list()]
    sources = np.unique(rulings.words("source").take(which).codes, return_inverse=True)[1]
    lead = np.sign(p[which, 0] - p[which, 1]) if met else np.zeros(0)
    shown = np.where(rulings.whole("first")[which] == 0, 0.5, -0.5)
    right, wrong = ([pair[i] for pair in met] for i in (0, 1))
    nobody = [""] * len(met)
    return Bouts(right, wrong, nobody, nobody, (1 + lead) / 2, shown, sources)


def _answers(engine: Engine, run: str) -> dict[str, list[str]]:
    """Question -> its answers."""
    m, p, q = s.matches.c, s.played.c, s.questions.c
    query = (
        select(q.key, q.answers)
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .where(p.run == run)
    )
    with engine.connect() as db:
        return {row.key: row.answers for row in db.execute(query)}


def sides(engine: Engine, run: str) -> dict[str, tuple[str, str]]:
    """Match -> who spoke for the right answer and who for a wrong one in a run (by its id); of several, as one."""
    m, p, q = s.matches.c, s.played.c, s.questions.c
    query = (
        select(m.key, m.cast, m.defends, q.correct)
        .join_from(s.played, s.matches, p.match == m.key)
        .join(s.questions, m.question == q.key)
        .where(p.run == run, m.cast != "")
    )
    found = {}
    with engine.connect() as db:
        for key, cast, defends, correct in db.execute(query):
            who = speakers(cast, defends)
            names = [sorted({who[seat] for seat, i in defends.items() if (i == correct) == right}) for right in (1, 0)]
            found[key] = (" + ".join(names[0]), " + ".join(names[1]))
    return found


def speakers(cast: str, seats: Iterable[str]) -> dict[str, str]:
    """Seat -> the label of who sits there, from a cast: one label for all, or `seat: label, seat: label`."""
    names = list(seats)
    parts = re.split(rf"(?:^|, )({'|'.join(map(re.escape, names))}): ", cast) if names else [cast]
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {seat: told.get(seat, cast) for seat in names}


def _names(*columns: Sequence[str]) -> list[str]:
    return sorted({name for column in columns for name in column} - {""})


class _Fitted(NamedTuple):
    fit: Fit
    places: Sequence[Mapping[str, int]]
    """Of each group of columns: name -> its column."""


def _fitted(played: Bouts, sides: Sequence[tuple[str, ...]]) -> _Fitted:
    """A regression with a group of columns for each of `sides`, then the judges and the protocols, and the order."""
    blocks, places, at = [], [], 0
    for columns in [*sides, ("+judge",), ("+protocol",)]:
        names = _names(*(getattr(played, column[1:]) for column in columns))
        places.append({name: at + i for i, name in enumerate(names)})
        at += len(names)
        blocks.append(sum(_signs(getattr(played, one[1:]), names, 1 if one[0] == "+" else -1) for one in columns))
    x = np.column_stack([*blocks, played.first])
    return _Fitted(fit(Games(x, played.won, played.sources), RIDGE), places)


def _signs(column: Sequence[str], names: Sequence[str], sign: int) -> Any:
    """(n, names): `sign` where a row has the name."""
    return sign * np.array([[name == one for name in names] for one in column], dtype=np.float64).reshape(
        len(column), len(names)
    )


def _list(names: Sequence[str], made: _Fitted, group: int, *columns: Sequence[str]) -> tuple[Rating, ...]:
    """The strongest first."""
    where = [made.places[group][name] for name in names]
    value, drawn = (ELO * part[..., where] for part in (made.fit.value, made.fit.drawn))
    if names:
        value, drawn = (part - part.mean(axis=-1, keepdims=True) for part in (value, drawn))
    found = []
    for i, name in enumerate(names):
        low = high = None
        if len(drawn) and len(names) > 1:
            low, high = bootstrap.interval(drawn[:, i], made.fit.sources)
        games = sum(name in row for row in zip(*columns, strict=True))
        found.append(Rating(name, float(value[i]), low, high, games))
    return tuple(sorted(found, key=lambda one: -one.value))


def _components(played: Bouts, debaters: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The debaters that verdicts link: opponents, and speakers alone before the same judge in the same protocol."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    alone = [f"\n{protocol}\n{judge}" for protocol, judge in zip(played.protocol, played.judge, strict=True)]
    met = {(one or place, other or place) for one, other, place in zip(played.right, played.wrong, alone, strict=True)}
    nodes = {name: i for i, name in enumerate(dict.fromkeys([*debaters, *(name for pair in met for name in pair)]))}
    ends = [[nodes[pair[i]] for pair in met] for i in (0, 1)]
    graph = coo_array((np.ones(len(met)), ends), shape=(len(nodes), len(nodes)))
    part = connected_components(graph, directed=False)[1] if nodes else []
    groups: dict[int, list[str]] = defaultdict(list)
    for name in debaters:
        groups[int(part[nodes[name]])].append(name)
    return tuple(map(tuple, groups.values()))


def _unbeaten(played: Bouts, name: str) -> bool:
    """Whether one won, or lost, all its games against others."""
    rows = zip(played.right, played.wrong, played.won, strict=True)
    won = {score if right == name else 1 - score for right, wrong, score in rows if (right == name) != (wrong == name)}
    return won in ({1.0}, {0.0})
