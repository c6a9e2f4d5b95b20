"""A Hugging Face data set by its name, or a local folder in its form, whose columns you name.

It needs the optional `datasets` library, which downloads the set once and keeps it. Columns are named as for the task
`file`; label columns come as the library gives them, as indices. A set's name may change meaning: pin `revision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, cast

from arena.data import Row
from arena.errors import ConfigError
from tasks.file import File


class Hub(File):
    """One question a row of one split."""

    origin: ClassVar[str] = "the name of a data set on huggingface.co (owner/name), or of a local folder with its files"

    path: str = ""
    """The data set's name, or a local path: whatever `datasets.load_dataset` accepts."""
    subset: str = ""
    """The configuration of a set that has several; empty takes the set's own choice."""
    split: str = "test"
    """The part to read; `train[:100]` takes its first 100 rows."""
    revision: str = ""
    """The commit, tag or branch to read; empty takes the newest."""

    def rows(self) -> Iterator[Row]:
        for number, fields in enumerate(self._load(), start=1):
            yield Row(f"{self.path} [{self.split}]:{number}", number, fields)

    def _load(self) -> Iterable[dict[str, Any]]:
        try:
            from datasets import load_dataset
        except ImportError as error:
            reason = "" if error.name == "datasets" else f" (as it is installed now: {error})"
            raise ConfigError(f"task 'hub' needs the datasets library: pip install datasets{reason}") from None
        try:
            data = load_dataset(self.path, self.subset or None, split=self.split, revision=self.revision or None)
        except Exception as error:  # the library lets through what its parts raise: file systems, HTTP, Arrow
            raise ConfigError(f"data set {self.path!r}, split {self.split!r}, cannot be loaded: {error}") from error
        return cast("Iterable[dict[str, Any]]", data)
