"""The prompts that ship, by name: every Markdown file in a folder `prompts` of the arena's packages."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def shipped() -> dict[str, Path]:
    """Every prompt that ships, by name."""
    found: dict[str, Path] = {}
    for package in ("agents", "judges", "arena.protocols"):
        spec = find_spec(package)
        for root in (spec.submodule_search_locations if spec else None) or ():
            found |= {path.stem: path for path in Path(root, "prompts").glob("*.md")}
    return found


@cache
def called(text: str) -> str | None:
    """The name of the shipped prompt that has this text."""
    return next((name for name, path in shipped().items() if path.read_text(encoding="utf-8") == text), None)
