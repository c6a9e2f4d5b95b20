"""The pages there are: the files of the folder `pages`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

FOLDER = Path(__file__).resolve().parent
LAST = 100
"""Where a page stands that does not say so."""


def pages() -> Iterator[st.Page]:
    """A page for each file, by the number that it assigns to `PLACE`; its title is its docstring up to the first colon
    or full stop."""
    files = [file for file in (FOLDER / "pages").glob("*.py") if not file.name.startswith("_")]
    read = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    for number, file in enumerate(sorted(files, key=lambda file: (_place(read[file]), file.name))):
        about = ast.get_docstring(read[file]) or file.stem
        title = about.splitlines()[0].split(":")[0].rstrip(".")
        yield st.Page(file, title=title, url_path=file.stem, default=number == 0)


def _place(page: ast.Module) -> float:
    """What a page assigns to `PLACE`."""
    told = [one.value for one in page.body if isinstance(one, ast.Assign) and _names(one) == ["PLACE"]]
    number = told[0].value if told and isinstance(told[0], ast.Constant) else LAST
    return number if isinstance(number, int | float) else LAST


def _names(one: ast.Assign) -> list[str]:
    return [target.id for target in one.targets if isinstance(target, ast.Name)]


def claim() -> None:
    """Run the entry, where Streamlit ran a page without it.

    It does so with a folder called `pages` for an address that names a page, until `st.navigation` was called once.
    """
    if PagesManager.uses_pages_directory:
        st.navigation(list(pages()), position="hidden")
        st.rerun()
