"""The pages there are: the files of the folder `pages`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

FOLDER = Path(__file__).resolve().parent


def pages() -> Iterator[st.Page]:
    """A page for each file; its title is its docstring up to the first colon or full stop."""
    files = [file for file in sorted((FOLDER / "pages").glob("*.py")) if not file.name.startswith("_")]
    for number, file in enumerate(files):
        about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or file.stem
        title = about.splitlines()[0].split(":")[0].rstrip(".")
        yield st.Page(file, title=title, url_path=file.stem, default=number == 0)


def claim() -> None:
    """Run the entry, where Streamlit ran a page without it.

    It does so with a folder called `pages` for an address that names a page, until `st.navigation` was called once.
    """
    if PagesManager.uses_pages_directory:
        st.navigation(list(pages()), position="hidden")
        st.rerun()
