"""A judge who can check a few steps decides long computations: doubly-efficient debate, played, beside its theorem."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from arena.chain import Chain
from arena.course import Study
from arena.crew import Here
from arena.experiment import Experiment
from arena.experiment import read as experiment
from arena.metric import Sample
from arena.metrics.accuracy import Accuracy
from arena.protocols.doubly_efficient import DoublyEfficient
from arena.reproduction import Line, Reproduction
from arena.run import Driver
from arena.samples import Group, samples
from arena.store import db
from arena.watch import Quiet

_CHECKS, _SAMPLES = 10, 400
"""What the judge may check of a chain, and of votes."""


class BrownCohen2023(Reproduction):
    """Accuracy on exact computations of growing length: alone, with one adviser, and after a debate.

    The published figure is the least probability of a right verdict that is proven for a judge whose checks do not err:
    1 for computations without an oracle, for noisy votes what Hoeffding's inequality leaves.
    """

    source: ClassVar[str] = "Brown-Cohen, Irving & Piliouras 2023 (arXiv 2311.14125), doubly-efficient debate"
    deviations: ClassVar[tuple[str, ...]] = (
        "the published figure is a lower bound and no measurement: a share of few verdicts may be below it by chance",
        "played with exact provers and a simulated judge; coins are public and drawn before the match, and steps are "
        "stated in blocks (see the protocol `doubly_efficient`)",
        "the bound for votes is worked out in docs/computations.md, for this protocol's own gap",
    )

    questions: int = Field(default=20, ge=2)
    """Of each length, each played in both orders."""
    longest: int = Field(default=1000, ge=10, le=10_000)
    """Steps: 10, 100 and so on up to this."""

    def lines(self) -> Iterator[Line]:
        for variant, checks in (("chain", _CHECKS), ("votes", _SAMPLES)):
            for steps in (10**power for power in range(1, 5) if 10**power <= self.longest):
                yield from self._played(variant, steps, checks)

    def _played(self, variant: str, steps: int, checks: int) -> Iterator[Line]:
        protocol = DoublyEfficient()
        half = steps // 2
        chain = Chain(moves=half, votes=steps - half) if variant == "votes" else Chain(moves=steps)
        bound = max(0.0, protocol.proven(chain, checks))
        table: dict[str, Any] = {
            "name": "brown_cohen_2023",
            "tasks": [{"use": "computation", "variant": variant, "steps": steps, "questions": self.questions}],
            "protocols": ["direct", "consultancy", protocol.model_dump()],
            "agents": [{"debater": "prover", "consultant": "prover"}],
            "judges": [{"use": "bounded", "checks": checks, "error": 0.0}],
        }
        study = experiment(table, Path("brown_cohen_2023"))
        with tempfile.TemporaryDirectory() as folder:
            for group, sample in _samples(study, folder).items():
                found = Accuracy().measure(sample)
                proven = group.protocol == protocol.label
                yield Line(
                    group=f"{variant}, {steps} steps",
                    figure=group.protocol,
                    published=bound if proven else None,
                    ours=found.value,
                    low=found.low,
                    high=found.high,
                    n=found.rulings,
                    method=found.method,
                )


def _samples(study: Experiment, folder: str) -> dict[Group, Sample]:
    """Plays it in this process."""
    engine = db.connect(str(Path(folder) / "arena.db"))
    try:
        crew = Here(study.workers.matches, db.replies(engine))
        asyncio.run(Driver(db.Store(engine), Study(study), lambda _: crew, Quiet()).run())
        return samples(engine, study.id)
    finally:
        engine.dispose()
