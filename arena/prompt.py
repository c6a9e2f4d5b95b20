"""Prompts: files with sections and `$name` placeholders; their text is part of every content hash.

A section begins with a line `=== name ===`. A placeholder that is not filled and a value that no placeholder takes are
both errors, so that a renamed placeholder cannot silently drop the passage from an experiment.

What a speaker said is shown as its words and nothing else: behind a bar on every line, without characters that do not
show, and with the tokens broken by which a server marks the end of a message. What is stored is never rewritten.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from string import Template
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo

from arena.errors import ConfigError, choices
from arena.nouns import JUDGE, Said, View
from arena.quotes import marked
from arena.shipped import shipped

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SECTION = re.compile(r"^=== (.+?) ===\n", re.MULTILINE)
_TAG = re.compile(r"<(?=/?[^\W\d])")
_CONTROL = re.compile(
    r"<(?=[|｜]|\w+[|｜]>)"
    r"|<(?=/?(?!(?:[vu]_)?quote>)(?i:s|bos|eos|eod|eop|sop|pad|unk|mask|cls|sep|sys|system|user|human|assistant|inst"
    r"|think|image|video|audio|filename|reponame|(?:unused|reserved)\d+|seed:\w+|[^\W_]+_\w+)>)"
    r"|\[(?=\||e~\[|/?(?:INST|SYSTEM_PROMPT|MODEL_SETTINGS|AVAILABLE_TOOLS|TOOL_\w+|ARGS|CALL_ID|THINK|PREFIX|MIDDLE"
    r"|SUFFIX|IMG\w*|(?:BEGIN_)?AUDIO|TRANSCRIBE|CLS|SEP|[gs]?MASK|PAD|UNK|BOS|EOS|control_\d+)\])"
    r"|\](?=~!?b[\[\]])"
)
"""Where a control token of a chat template begins: `<|im_end|>`, `<turn|>`, `</s>`, `<end_of_turn>`, `[/INST]`.

A server that parses special tokens ends a message at one, whoever wrote it. HTML, generics and the arena's own marks
are none of them.
"""


def load(name: str, folder: Path = Path()) -> str:
    """The text of a shipped prompt by name, or of a file ending in `.md`, relative to `folder`."""
    if name.endswith(".md"):
        path = folder / name
        if not path.is_file():
            raise ConfigError(f"no prompt file {path}")
        return path.read_text(encoding="utf-8")
    known = shipped()
    if name not in known:
        raise ConfigError(f"no prompt is called {name!r}; {choices(name, [*known, 'path/to/prompt.md'])}")
    return known[name].read_text(encoding="utf-8")


def _text(value: object, info: ValidationInfo) -> object:
    """A name or a path becomes the text; a text, which has lines, stays."""
    if isinstance(value, str) and "\n" not in value:
        return load(value, Path((info.context or {}).get("folder", ".")))
    return value


Prompt = Annotated[str, BeforeValidator(_text)]
"""The type of a plugin's prompt field: configured by name or path, held as text."""


@cache
def sections(text: str) -> dict[str, str]:
    """The sections of a prompt's text, by name."""
    parts = _SECTION.split(text)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def fill(prompt: str, section: str, **values: object) -> str:
    """A section with its placeholders filled. Raises ConfigError for a missing section, placeholder or unused value."""
    found = sections(prompt)
    if section not in found:
        raise ConfigError(f"the prompt has no section {section!r}; {choices(section, found)}")
    template = Template(found[section])
    wanted = set(template.get_identifiers())
    if wanted != set(values):
        raise ConfigError(
            f"prompt section {section!r}: no value for {sorted(wanted - set(values))}, "
            f"no placeholder for {sorted(set(values) - wanted)}"
        )
    try:
        return template.substitute({name: str(value) for name, value in values.items()})
    except ValueError as error:
        raise ConfigError(f"prompt section {section!r}: {error}; a dollar sign of its own is written $$") from None


def case(view: View) -> str:
    """What most calls about a question share, and so begin with: a server with a prefix cache reads it once."""
    passage = f"Passage:\n{inert(view.passage)}\n\n" if view.passage is not None else ""
    return f"{passage}Question: {inert(view.question)}"


def lettered(view: View) -> str:
    """The answers in the order shown, one a line, with their letters."""
    return "\n".join(f"{letter}: {inert(answer)}" for letter, answer in zip(LETTERS, view.answers, strict=False))


def bare(view: View) -> str:
    """The answers without letters and in alphabetical order, so that no speaker knows which is shown first."""
    return "\n".join(f"- {inert(answer)}" for answer in sorted(view.answers))


def transcript(view: View) -> str:
    """The public turns as a judge reads them: who, for which answer, in which round; quotes marked by the arena."""
    return "\n\n".join(f"{_header(turn, _side(view, turn.seat))}\n{_framed(turn)}" for turn in view.turns)


def pasted(view: View) -> str:
    """The public turns with no defence, as a judge would read them that pastes texts together: for comparison only."""
    return "\n\n".join(f"{title(turn.seat)}:\n{marked(turn)}" for turn in view.turns)


def heard(turns: Sequence[Said]) -> str:
    """Turns of others as a speaker reads them: as a judge does, but without the letters, which no speaker knows."""
    return "\n\n".join(f"{_header(turn, '')}\n{_framed(turn)}" for turn in turns)


def title(seat: str) -> str:
    """A seat's name as it is read."""
    return "The judge" if seat == JUDGE else seat.replace("_", " ").title()


_VERBS = {"ask": "asks", "claim": "states", "choose": "chooses", "believe": "finds the answers as probable as"}


def who(turn: Said, side: str = "") -> str:
    """Whose turn it is, for which side, and what it does where that is no plain speech."""
    verb = _VERBS.get(turn.act, "")
    to = f" {title(turn.to)}" if turn.to else ""
    return f"{title(turn.seat)}{side}{f' {verb}{to}' if verb else ''}"


def _header(turn: Said, side: str) -> str:
    return f"[Round {turn.round}] {who(turn, side)}:"


def _side(view: View, seat: str) -> str:
    return f", for answer {LETTERS[view.sides[seat]]}" if seat in view.sides and seat != JUDGE else ""


def _framed(turn: Said) -> str:
    """A speech as its reader sees it: the only tags are the arena's marks, whatever a speaker's tag looks like."""
    return fenced(marked(turn, lambda words: _TAG.sub("‹", inert(words))))


@lru_cache(1024)
def inert(text: str) -> str:
    """The text with every control token's first bracket replaced by one that looks alike, and nothing that is unseen.

    What does not show (Unicode's format and control characters, the selectors that can carry bytes) hides or carries
    instructions; it goes first, since its going may make a token.
    """
    seen = text if text.isascii() and text.isprintable() else "".join(letter for letter in text if _shows(letter))
    return _CONTROL.sub(lambda match: _LIKE[match[0]], seen)


_LIKE = {"<": "‹", "[": "⁅", "]": "⁆"}


def _shows(letter: str) -> bool:
    if unicodedata.category(letter) == "Cf" or 0xFE00 <= ord(letter) <= 0xFE0F or 0xE0100 <= ord(letter) <= 0xE01EF:
        return False
    return unicodedata.category(letter) != "Cc" or letter.isspace()


def fenced(text: str) -> str:
    """Every line of a speech begins with a bar, so that no line of it can pass for a header."""
    return "\n".join(f"| {line}" for line in text.splitlines() if line.strip())
