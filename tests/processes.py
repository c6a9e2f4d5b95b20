"""The processes of this machine, as /proc tells of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

AGENTS = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
"""When all else of Ray is gone, these two spend 60 seconds, fixed in Ray, on telling it so; then they end."""


def descendants(pid: int) -> set[int]:
    """Every process below one."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        below = parents.get(todo.pop(), [])
        found |= set(below)
        todo += below
    return found


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def living(pids: Iterable[int], but: tuple[str, ...] = ()) -> list[str]:
    """Those that still run, `but` for some titles; a zombie runs no more."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [title(pid)] if state != "Z" and not title(pid).startswith(but or ("\0",)) else []
    return found


def workers(pids: Iterable[int]) -> list[int]:
    """The processes of the actors."""
    return [pid for pid in pids if title(pid).startswith("ray::") and "Worker" in title(pid)]
