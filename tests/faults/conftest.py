"""Where schedules are played: a cluster, a database, a disk that fills."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path | None]:
    """A disk of 16 MB; None where none may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(place)]
    made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield place if made else None
    if made:
        subprocess.run(["umount", "-l", str(place)], check=False)
