"""Colours that can be told from the paper in both themes, and the shapes that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [4, 4], [10, 3], [1, 3], [6, 2, 1, 2])

_LIGHT = ("#1f5fbf", "#c2410c", "#0f766e", "#7c3aed", "#a16207", "#be185d", "#4d7c0f", "#475569")
_DARK = ("#6ea8ff", "#fb923c", "#2dd4bf", "#b794f6", "#facc15", "#f472b6", "#a3e635", "#a8b3c4")


def dark() -> bool:
    """Whether the reader's theme is dark."""
    return bool(st.context.theme.type == "dark")


def paper() -> str:
    """The colour behind a chart."""
    return "#171614" if dark() else "#ffffff"


def text() -> str:
    """The colour of what must be read."""
    return "#f3f4f6" if dark() else "#1f2430"


def faint() -> str:
    """The colour of notes and lines to compare with."""
    return "#a3acba" if dark() else "#5b6472"


def band() -> str:
    """The colour behind what was chosen."""
    return "#2c3340" if dark() else "#e8eefb"


def halo() -> dict[str, Any]:
    """Around words that lie over lines: the page's style draws a stroke behind its letters and not upon them."""
    return {"stroke": paper(), "strokeWidth": 4, "strokeJoin": "round"}


def colours(count: int) -> list[str]:
    """So many colours; they repeat after the eighth, where the shapes and labels have to tell."""
    own = _DARK if dark() else _LIGHT
    return [own[i % len(own)] for i in range(count)]


def shapes(count: int) -> list[str]:
    """So many shapes, in the order of the colours; shifted by one when the colours repeat."""
    return [SHAPES[(i + i // len(SHAPES)) % len(SHAPES)] for i in range(count)]


def dashes(count: int) -> list[Sequence[int]]:
    """So many patterns of a line, in the order of the colours."""
    return [DASHES[i % len(DASHES)] for i in range(count)]
