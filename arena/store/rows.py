"""What matches, their questions and judges are as rows: the same for what is played and for what is brought in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table

from arena.judge import Judge
from arena.match import Match
from arena.plugin import Plugin, key
from arena.store import schema


def matches(run: str, batch: Sequence[tuple[int, str, Match]]) -> dict[Table, list[dict[str, Any]]]:
    """The rows of matches of a run, each with its position and the name of its task, in the order of the references."""
    rows: dict[Table, list[dict[str, Any]]] = {t: [] for t in (schema.texts, schema.questions, schema.matches)}
    labels: dict[int, str] = {}
    for _, task, match in batch:
        passage = match.question.passage
        if passage is not None:
            rows[schema.texts].append({"key": key(passage), "body": passage})
        rows[schema.questions].append(_question(task, match))
        rows[schema.matches].append(_match(match, labels))
    return {**rows, schema.played: [{"run": run, "match": m.key, "position": i} for i, _, m in batch]}


def apart(judges: Sequence[Judge], taken: Sequence[str] = ()) -> list[str]:
    """The judges' labels, told apart by their keys where two read the same."""
    labels = [judge.label for judge in judges]
    count = Counter([*labels, *taken])
    return [
        f"{label} {key(judge)[:4]}" if count[label] > 1 else label for label, judge in zip(labels, judges, strict=True)
    ]


def _label(plugin: Plugin, known: dict[int, str]) -> str:
    """Its label, made once for all matches of a batch that have the very same plugin."""
    return known.get(id(plugin)) or known.setdefault(id(plugin), plugin.label)


def _cast(match: Match, known: dict[int, str]) -> str:
    """Who speaks: one label where all speakers are alike, seat by seat where they are not."""
    labels = {seat: _label(agent, known) for seat, agent in match.agents.items()}
    alike = len(set(labels.values())) == 1
    return next(iter(labels.values())) if alike else ", ".join(f"{seat}: {label}" for seat, label in labels.items())


def _question(task: str, match: Match) -> dict[str, Any]:
    question = match.question
    row = question.model_dump(mode="json", exclude={"passage"})
    passage = None if question.passage is None else key(question.passage)
    correct = schema.UNKNOWN if question.correct is None else question.correct
    return {**row, "key": key(question), "task": task, "correct": correct, "passage": passage}


def _match(match: Match, labels: dict[int, str]) -> dict[str, Any]:
    return {
        "key": match.key,
        "question": key(match.question),
        "protocol": match.protocol.name,
        "label": _label(match.protocol, labels),
        "cast": _cast(match, labels),
        "arm": match.arm(),
        "repeat": match.repeat,
        "shown": list(match.shown),
        "defends": match.defends,
        "spec": match.model_dump(mode="json", include={"protocol", "agents", "branch"}),
        "over": match.over(()),
    }
