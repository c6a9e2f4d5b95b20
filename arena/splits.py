"""Splits of preference pairs by source, the search for what leaks between or into them, and the files.

What is trained on must not be what is tested on, and no prompt may tell what its writer was not told. Both are searched
for at every export, in the texts themselves and not in how the splits were made.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, combinations, product
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from sqlalchemy import Engine

from arena import preferences
from arena.branch import Branches
from arena.errors import ConfigError, DataError
from arena.plugin import Frozen, key
from arena.preferences import Pair
from arena.store import read

SPLITS = ("train", "validation", "test")
Splits = Mapping[str, Sequence[Pair]]

_MARK = r"(?:correct|right|true|gold|[✓✔✅☑]|\[x\])"
_MARKED = (
    rf"\W*(?:\w\W+)?{{answer}}\s*[\[({{{{<*:=-]*\s*{_MARK}\W*"
    rf"|\W*{_MARK}(?:\s+answer)?\W+{{answer}}\W*"
    r"|(?:[✓✔✅☑]|\[x\]).*{answer}\W*"
)
"""A line with an answer and a mark on it: after it, before it, or at the line's head."""
_FIELD = re.compile(r"\b(?:is_?)?(?:correct|gold|truth)(?:_?(?:answer|index|label))?[\"']?\s*[:=]\s*[\"']?\d", re.I)
_FENCED = re.compile(r"^\| .*$", re.MULTILINE)
_LONG = 20
"""Characters from which a judge's text is told from a common phrase."""


class Terms(Frozen):
    """Which pairs are written, and how they are split."""

    margin: float = Field(default=0.0, ge=0, le=1)
    """Least difference of a pair's scores; equal scores prefer nothing and make no pair."""
    per_turn: int = Field(default=1, ge=1)
    """Most pairs of a turn, those of the widest margin first."""
    shares: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=(0.8, 0.1, 0.1), min_length=1, max_length=3)
    """Of train, validation and test."""
    seed: int = 0

    @field_validator("shares")
    @classmethod
    def _whole(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if abs(sum(shares) - 1) > 1e-6:
            raise ValueError(f"{', '.join(map(str, shares))} sum to {sum(shares):g}, not to 1")
        return shares


def split(pairs: Sequence[Pair], shares: Sequence[float], seed: int = 0) -> dict[str, list[Pair]]:
    """The pairs by split: a source goes where its hash with the seed falls among the shares.

    Sources that have a question, a passage or a prompt in common go together, where the first of them goes.
    """
    ends = list(accumulate(shares))
    last = max(i for i, share in enumerate(shares) if share)
    family = _families(pairs)
    made: dict[str, list[Pair]] = {name: [] for name in SPLITS}
    for pair in pairs:
        place = int(key(seed, family[pair.source])[:12], 16) / 16**12
        made[SPLITS[next((i for i, end in enumerate(ends) if place < end), last)]].append(pair)
    return made


def _families(pairs: Sequence[Pair]) -> dict[str, str]:
    """Source -> the first of all sources that it is tied to."""
    heads: dict[tuple[str, str], tuple[str, str]] = {}

    def head(mark: tuple[str, str]) -> tuple[str, str]:
        while heads.setdefault(mark, mark) != mark:
            mark = heads[mark]
        return mark

    for pair in pairs:
        for mark in _marks(pair):
            heads[head(mark)] = head(("source", pair.source))
    tied: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in {pair.source for pair in pairs}:
        tied[head(("source", source))].append(source)
    return {source: min(group) for group in tied.values() for source in group}


def _marks(pair: Pair) -> list[tuple[str, str]]:
    """What may stand in one split alone."""
    text = "\n".join(message.content for message in pair.prompt)
    marks = [("source", pair.source), ("question", pair.question), ("prompt", _plain(text))]
    return [*marks, ("passage", _plain(pair.passage))] if pair.passage else marks


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def leaks(splits: Splits) -> list[str]:
    """Every leak with the file and line of its row: what two splits share, marks of the truth, words of a judge."""
    return [*_shared(splits), *_foreign(splits), *_told(splits)]


def check(splits: Splits) -> None:
    """Raises DataError with the rows that leak."""
    if found := leaks(splits):
        more = f"\nand {len(found) - 20} more" if len(found) > 20 else ""
        raise DataError("the pairs leak, nothing is written:\n" + "\n".join(found[:20]) + more)


def _rows(splits: Splits) -> Iterator[tuple[str, str, Pair]]:
    """Split, file and line, and the pair."""
    for name, pairs in splits.items():
        for line, pair in enumerate(pairs, start=1):
            yield name, f"dpo.{name}.jsonl:{line}", pair


def _shared(splits: Splits) -> Iterator[str]:
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for name, place, pair in _rows(splits):
        for mark in _marks(pair):
            other, where = seen.setdefault(mark, (name, place))
            if other != name:
                yield f"{place}: its {mark[0]} {mark[1][:60]!r} stands in {where} too"


def _foreign(splits: Splits) -> Iterator[str]:
    """A passage of one split within what another split's rows say, whatever those rows call their own passage."""
    passages = {name: {_plain(p.passage): p.source for p in pairs if p.passage} for name, pairs in splits.items()}
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    for name, place, pair in _rows(splits):
        for text in (*(message.content for message in pair.prompt), pair.chosen, pair.rejected):
            texts[name].setdefault(_plain(text), place)
    for one, other in ((a, b) for pair in combinations(splits, 2) for a, b in (pair, pair[::-1])):
        everything = "\n".join(texts[other])
        for passage, source in passages[one].items():
            if passage in everything:
                where = next(place for text, place in texts[other].items() if passage in text)
                yield f"{where}: holds the passage of {source!r}, which is in {one}"


def _told(splits: Splits) -> Iterator[str]:
    """Words that a speaker must not have read: of a judge, or a mark of the right answer.

    Marks are looked for in what the arena says, not in the passage and not in fenced lines: a speaker may claim what it
    likes.
    """
    for _, place, pair in _rows(splits):
        texts = [*(message.content for message in pair.prompt), pair.chosen, pair.rejected]
        for judged in pair.judged:
            if len(judged) >= _LONG and any(judged in text for text in texts):
                yield f"{place}: holds what a judge wrote: {judged[:60]!r}"
        for message in pair.prompt:
            if message.role != "assistant" and (found := _truth(_FENCED.sub("", _own(message.content, pair)), pair)):
                yield f"{place}: marks the right answer: {found!r}"


def _own(text: str, pair: Pair) -> str:
    """What the arena says beside the passage and the question, which may say anything."""
    for known in filter(None, (pair.passage, pair.asked)):
        text = text.replace(known, "")
    return text


def _truth(text: str, pair: Pair) -> str:
    """The line that marks an answer as right; empty where there is none."""
    marks = "|".join(_MARKED.format(answer=re.escape(answer)) for answer in pair.answers)
    for line in map(str.strip, text.splitlines()):
        if line.removeprefix("- ") not in pair.answers and (_FIELD.search(line) or re.fullmatch(marks, line, re.I)):
            return line
    return ""


def save(engine: Engine, branches: Branches, terms: Terms, folder: Path) -> dict[str, Any]:
    """Write the pairs of a branching as a data set; what its `about.json` says.

    Raises DataError for a leak, before anything is written.
    """
    found, count = preferences.pairs(engine, branches, terms.margin, terms.per_turn)
    splits = split(found, terms.shares, terms.seed)
    kept = {row["id"]: row["provenance"] for row in read.runs(engine)}
    run = branches.experiment.id
    about = {
        "run": run,
        "branching": branches.branching.model_dump(mode="json"),
        "terms": terms.model_dump(mode="json"),
        "judges": [judge.model_dump(mode="json") for judge in branches.experiment.judges],
        "score": "mean probability of the speaker's own answer over judges, presentations and rollouts",
        "formats": {"dpo": "TRL preference, conversational, explicit prompt", "reward": "the same, implicit prompt"},
        "count": count.model_dump(),
        "splits": {name: _figures(part) for name, part in splits.items()},
        "provenance": {name: kept[name] for name in (branches.branching.run, run)},
    }
    write(splits, folder, about)
    return about


def write(splits: Splits, folder: Path, about: dict[str, Any]) -> None:
    """The files, for DPO and for reward models; those of an earlier data set go. An empty split has no file.

    Raises DataError for a leak, before anything is written, and ConfigError for a folder that cannot be written.
    """
    check(splits)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, kind in product(SPLITS, ("dpo", "reward")):
            path = folder / f"{kind}.{name}.jsonl"
            path.unlink(missing_ok=True)
            rows = [pair.row(conversations=kind == "reward") for pair in splits.get(name, ())]
            if rows:
                path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        text = json.dumps(about, ensure_ascii=False, indent=2)
        (folder / "about.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror or error}") from None


def _figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {
        "pairs": len(pairs),
        "sources": len({pair.source for pair in pairs}),
        "questions": len({pair.question for pair in pairs}),
        "protocols": Counter(pair.protocol for pair in pairs),
        "seats": Counter(pair.seat for pair in pairs),
    }
