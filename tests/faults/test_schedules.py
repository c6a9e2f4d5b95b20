"""Whatever is killed, restarted, refused or cut short: every match is finished once, and nothing is paid twice.

`ARENA_FAULTS=2000` plays the first 2,000 schedules. A schedule is played again by its number:
`ARENA_FAULTS=1235 pytest tests/faults -k 1234-`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from checks import check
from lab import Shell
from scene import Scene
from schedule import Schedule
from server import Server

SCHEDULES = [Schedule.drawn(seed) for seed in range(int(os.environ.get("ARENA_FAULTS", "200")))]


def group(schedule: Schedule) -> list[pytest.MarkDecorator]:
    """One process at a time has a Ray."""
    return [pytest.mark.xdist_group("ray")] if schedule.layout in {"nodes", "local"} else []


@pytest.mark.parametrize(
    "schedule", [pytest.param(s, id=f"{s.seed}-{s.layout.replace(' ', '-')}", marks=group(s)) for s in SCHEDULES]
)
def test_a_schedule_of_faults_changes_nothing_but_the_time(
    schedule: Schedule, server: Server, shell: Shell, request: pytest.FixtureRequest
) -> None:
    print(schedule)
    scene = Scene(schedule, server, shell)
    if schedule.layout in {"nodes", "local"}:
        scene.on_ray(request.getfixturevalue("nodes") if schedule.layout == "nodes" else None)
    elif schedule.layout.startswith("postgres"):
        scene.on_postgres(request.getfixturevalue("postgres"))
    elif schedule.layout == "full":
        disk: Path | None = request.getfixturevalue("disk")
        if disk and not schedule.blows[0].held:
            scene.on_disk(disk, disk / "ballast")
    scene.play()
    check(scene)
    print(f"{scene.void} blows never fell; {sum(server.answered.values())} replies")


def test_a_schedule_is_drawn_again_by_its_seed() -> None:
    assert [Schedule.drawn(seed) for seed in range(len(SCHEDULES))] == SCHEDULES
    assert {schedule.layout for schedule in SCHEDULES[:50]} >= {"nodes", "local", "twins", "full"}
