"""The files of a published set, found by what their names begin with: a set may come in parts, as `rooms.dev.jsonl.gz`.

What is between the beginning and the ending names the part, and no part is known here: another one is read as well.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from arena.data import READERS
from arena.errors import ConfigError, DataError


def files(path: str, stem: str) -> list[str]:
    """The data files of a folder that are called `stem` up to the first dot, by name; a file is taken as it is.

    Raises ConfigError without a path, and DataError where a folder has none.
    """
    if not path:
        raise ConfigError(f"no path: name a folder that holds {stem}.*, or that file")
    place = Path(path).expanduser()
    if not (place.exists() or place.name.lower().endswith(tuple(READERS))):
        raise DataError(f"{path}: there is no such file or folder")
    if not place.is_dir():
        return [path]
    found = _called(place, stem)
    if not found:
        held = ", ".join(sorted(one.name for one in place.iterdir())[:8]) or "nothing"
        raise DataError(f"{path}: no file here is called {stem}.*{_endings()}; the folder holds {held}")
    return [str(one) for one in found]


def beside(path: str, stem: str, folders: tuple[str, ...] = ()) -> list[str]:
    """The files called `stem` in the folder of the data at `path`, or else in the first of the neighbouring `folders`.

    Raises DataError where there is none.
    """
    place = Path(path).expanduser()
    home = place if place.is_dir() else place.parent
    places = [home, *(home.parent / name for name in folders)]
    for folder in places:
        if folder.is_dir() and (found := _called(folder, stem)):
            return [str(one) for one in found]
    where = " or ".join(map(str, places))
    raise DataError(f"{path}: needs a file called {stem}.*{_endings()}, and there is none in {where}")


def stated(data: list[str], stem: str, ending: str) -> Path | None:
    """The file beside the data that says what is expected of them: of the same part, where they are of one part."""
    named = {Path(one).parent / f"{stem}.{part(Path(one))}{ending}".replace("..", ".") for one in data}
    found = named.pop()
    return found if not named and found.is_file() else None


def expected(data: list[str]) -> dict[str, Any]:
    """What the file `expected.*.json` beside the data says of them; nothing without one. Raises DataError."""
    file = stated(data, "expected", ".json")
    if file is None:
        return {}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read: {error}") from None
    return told if isinstance(told, dict) else {}


def part(file: Path) -> str:
    """What stands in a file's name between its beginning and its ending; empty where nothing does."""
    ending = next((known for known in sorted(READERS, key=len, reverse=True) if file.name.endswith(known)), file.suffix)
    return file.name.removesuffix(ending).partition(".")[2]


def _called(folder: Path, stem: str) -> list[Path]:
    named = (one for one in folder.iterdir() if one.name.partition(".")[0] == stem and one.is_file())
    return sorted(one for one in named if one.name.lower().endswith(tuple(READERS)))


def _endings() -> str:
    return f" ({', '.join(READERS)})"
