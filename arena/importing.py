"""The command `arena import`: published debates become a run like any other."""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from pydantic import ValidationError
from sqlalchemy import Engine

from arena.console import Json, Options, Store, out, say, settings
from arena.data import READERS
from arena.enact import enact
from arena.errors import ConfigError, DataError, RuleError, choices
from arena.experiment import fault
from arena.importer import Imported, Importer, Judgement
from arena.nouns import illegible
from arena.plugin import key, names
from arena.provenance import surroundings
from arena.store import db
from arena.store.bring import Entry, Whole, bring

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OFF = 1e-6
"""How far the probabilities of a published verdict may be from a sum of 1."""


class Brought(NamedTuple):
    """What an import came to."""

    run: str
    new: bool
    """False where the store had it all."""
    matches: int
    unfinished: int
    """Matches whose transcript is not complete."""
    turns: int
    judges: int
    rulings: int
    unreadable: int
    beliefs: int


def add(app: typer.Typer) -> None:
    """Make this a command of the command line."""
    app.command(name="import")(import_run)


def import_run(
    form: Annotated[str, typer.Argument(metavar="FORMAT", help="`arena list importers` names them.")],
    path: Annotated[str, typer.Argument(help="A data file, or the folder that holds it.")],
    run: Annotated[str | None, typer.Option(help="The run's name; the format's if not given.")] = None,
    options: Options = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Bring published debates and verdicts in as a run: to compare, show, export and judge again."""
    importer = _importer(form, path, options)
    brought = import_into(db.connect(store), importer, run or importer.name)
    if as_json:
        say(brought._asdict())
    else:
        out.print(_told(brought), highlight=False, soft_wrap=True)


def import_into(engine: Engine, importer: Importer, name: str) -> Brought:
    """Read everything, then keep it in one transaction, or keep nothing: raises ConfigError, DataError, StoreError."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"run {name!r}: a name is of letters, digits, dots, underscores and hyphens")
    entries = list(entered(importer))
    if not entries:
        raise DataError(f"{importer.path}: holds nothing that can be imported")
    whole = _whole(importer, name, entries)
    new = bring(engine, whole)
    judged = [one for entry in entries for one in entry.judged]
    return Brought(
        run=whole.id,
        new=new,
        matches=len(entries),
        unfinished=sum(not entry.over for entry in entries),
        turns=sum(len(entry.turns) for entry in entries),
        judges=len(whole.judges),
        rulings=sum(one.after is None for one in judged),
        unreadable=sum(one.after is None and not one.p for one in judged),
        beliefs=sum(one.after is not None for one in judged),
    )


@contextmanager
def aside(importer: Importer) -> Iterator[tuple[Engine, str]]:
    """Read everything into a store of its own that is gone afterwards; the store and the run."""
    with tempfile.TemporaryDirectory() as folder:
        engine = db.connect(str(Path(folder) / "arena.db"))
        try:
            yield engine, import_into(engine, importer, importer.name).run
        finally:
            engine.dispose()


def entered(importer: Importer) -> Iterator[Entry]:
    """Every match of the source, its turns made by the rules. Raises DataError with the place of what breaks them."""
    seen: dict[str, str] = {}
    for one in importer.read():
        if one.match.key in seen:
            raise DataError(f"{one.place}: is the same as {seen[one.match.key]}")
        seen[one.match.key] = one.place
        yield _entry(one)


def _entry(one: Imported) -> Entry:
    try:
        made = enact(one.match, one.said)
    except RuleError as error:
        raise DataError(f"{one.place}: {error}") from None
    entry = Entry(one.match, made.turns, made.over, one.judged)
    for why in _faults(entry):
        raise DataError(f"{one.place}: {why}")
    return entry


def _faults(entry: Entry) -> Iterator[str]:
    """What is wrong with the verdicts on a match."""
    count = Counter((one.name, one.order, one.after) for one in entry.judged)
    rounds = max((turn.round for turn in entry.turns), default=0)
    answers, orders = len(entry.match.question.answers), entry.match.orders
    for one in entry.judged:
        who = one.judge.label
        if count[one.name, one.order, one.after] > 1:
            yield f"{who} judges twice"
        if one.p and (why := _impossible(one.p, answers)):
            yield f"the verdict of {who}: {why}"
        if one.after is None and not entry.over:
            yield f"{who} gives a verdict on a transcript that is not complete"
        if one.after is not None and not 0 <= one.after <= rounds:
            yield f"{who} says what it holds after round {one.after}, and there are {rounds}"
        if one.order not in orders:
            yield f"{who} judges in the order {one.order}, and {entry.match.protocol.label} is judged in {orders}"
        if why := illegible(one.reason):
            yield f"the reason of {who} holds {why}"


def _impossible(p: tuple[float, ...], answers: int) -> str:
    if len(p) != answers:
        return f"{len(p)} probabilities for {answers} answers"
    good = all(math.isfinite(x) and 0 <= x <= 1 for x in p) and abs(sum(p) - 1) <= _OFF
    return "" if good else f"the probabilities {list(p)} do not lie in 0..1 with a sum of 1"


def _whole(importer: Importer, name: str, entries: list[Entry]) -> Whole:
    data = key([[e.match.key, [t.text for t in e.turns], [_signature(one) for one in e.judged]] for e in entries])
    config = {"name": name, "imported": importer.model_dump(mode="json"), "models": {}}
    return Whole(
        id=f"{name}-{key(importer, name, data)[:8]}",
        name=name,
        task=importer.task or importer.name,
        config=config,
        provenance={"imported": importer.name, "files": _files(importer), "data": data, **surroundings()},
        entries=entries,
    )


def _signature(one: Judgement) -> list[Any]:
    return [one.name, one.order, one.after, list(one.p), one.reason]


def _files(importer: Importer) -> dict[str, str]:
    """Name -> SHA-256 of the data files that the importer was given."""
    place = Path(importer.path).expanduser()
    found = sorted(place.iterdir()) if place.is_dir() else [place]
    held = [one for one in found if one.is_file() and one.name.lower().endswith(tuple(READERS))]
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in held}


def _importer(form: str, path: str, options: list[str] | None) -> Importer:
    """The importer of a format with its options."""
    if form not in names("importer") and "." not in form:
        raise ConfigError(f"no format is called {form!r}; {choices(form, names('importer'))}")
    try:
        return Importer.model_validate({"use": form, "path": path, **settings(options)})
    except ValidationError as error:
        raise fault(Path(f"import {form}"), error) from None


def _told(brought: Brought) -> str:
    left = f", {brought.unfinished} of them not finished" if brought.unfinished else ""
    unread = f" ({brought.unreadable} unreadable)" if brought.unreadable else ""
    what = (
        f"{brought.matches:,} matches{left}, {brought.turns:,} turns, {brought.rulings:,} rulings{unread} by "
        f"{brought.judges} judges, {brought.beliefs:,} beliefs"
    )
    return f"run {brought.run}: {what if brought.new else f'was there already: {what}'}"
