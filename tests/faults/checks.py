"""What must hold after a schedule, whatever went wrong in it."""

from __future__ import annotations

from collections import defaultdict

from lab import play, wait_for
from scene import Scene
from sqlalchemy import Engine, func, select

from arena.export import export
from arena.store import db, read, schema


def check(scene: Scene) -> None:
    """Everything, the undisturbed run included, which is played here."""
    answered = scene.server.answered.copy()
    engine = db.connect(scene.place, create=False)
    try:
        run = read.run_id(engine, None)
        _whole(engine, run)
        repeats = sum(answered.values()) - len(answered)
        assert repeats <= scene.lost, f"{repeats} calls repeated, {scene.lost} were in flight"
        assert _paid(engine) == len(answered)
        assert exported(engine, scene) == _undisturbed(scene)
    finally:
        engine.dispose()
    assert not [told for told in scene.complaints if "Traceback" in told], scene.complaints
    wait_for(lambda: not scene.left(), 45)


def _whole(engine: Engine, run: str) -> None:
    """Every match is finished, once; nothing is leased."""
    counts = read.counts(engine, run)
    assert (counts.over, counts.ruled, counts.failed) == (counts.planned, counts.rulings, 0)
    p, t = schema.played.c, schema.turns.c
    numbers = defaultdict(list)
    with engine.connect() as store:
        positions = sorted(store.scalars(select(p.position).where(p.run == run)))
        for match, number in store.execute(select(t.match, t.number)):
            numbers[match].append(number)
        assert store.scalar(select(func.count()).select_from(schema.leases)) == 0
    assert positions == list(range(counts.planned))
    assert all(sorted(found) == list(range(len(found))) for found in numbers.values())


def _paid(engine: Engine) -> int:
    """Replies that the ledger counts as paid, but for those that were no JSON, which the server does not count."""
    c = schema.calls.c
    with engine.connect() as store:
        return store.scalar(select(func.count()).where(~c.cached, c.error == "")) or 0


def _undisturbed(scene: Scene) -> bytes:
    scene.server.choose, scene.server.delay = None, 0.0
    play(scene.schedule.table(scene.server.url), scene.folder, "undisturbed.db")
    engine = db.connect(str(scene.folder / "undisturbed.db"), create=False)
    try:
        return exported(engine, scene)
    finally:
        engine.dispose()


def exported(engine: Engine, scene: Scene) -> bytes:
    """A run's rulings, beliefs and transcripts, as they are exported."""
    run, target = read.run_id(engine, None), scene.folder / "out.jsonl"
    found = b""
    for what in ("rulings", "beliefs", "transcripts"):
        export(engine, run, what, target)
        found += target.read_bytes()
    return found
