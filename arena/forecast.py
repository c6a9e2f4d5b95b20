"""What an experiment will be able to see: its power, from a pilot run or from what one states."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Engine

from arena.compare import compare
from arena.errors import ConfigError
from arena.plan import Plan
from arena.power import Power, power, spread


class Assumed(NamedTuple):
    """What is taken for true where there is no pilot."""

    accuracy: float = 0.7
    """Of both protocols, nearly."""
    correlation: float = 0.5
    """Between the two protocols' scores of a source."""
    difference: float = 0.1
    """What somebody wants to see."""


def stated(plan: Plan, assumed: Assumed) -> Power:
    """The power of every pair of a planned experiment. Raises ConfigError for what cannot be."""
    accuracy, correlation, difference = assumed
    basis = f"stated: accuracy {accuracy:g}, correlation {correlation:g} between protocols, one verdict a source"
    return power(plan.sources, spread(accuracy, accuracy, correlation), difference, plan.pairs, basis=basis)


def piloted(plan: Plan, engine: Engine, run: str, difference: float) -> tuple[Power, ...]:
    """The power of a planned experiment from the pairs of a run that was played before, with its default baseline.

    Raises StoreError for an unknown run and ConfigError where no pair of it varies over sources.
    """
    made = compare(engine, run)
    if not made.pairs:
        raise ConfigError(f"run {made.run} is no pilot: it has no two protocols with rulings to compare")
    found = [
        power(
            plan.sources,
            pair.spread,
            difference,
            plan.pairs,
            protocol=pair.protocol,
            judge=pair.judge,
            basis=f"pilot {made.run}",
        )
        for pair in made.pairs
        if pair.spread
    ]
    if not found:
        raise ConfigError(f"run {made.run} is no pilot: no difference from {made.baseline} varies over its sources")
    return tuple(found)
