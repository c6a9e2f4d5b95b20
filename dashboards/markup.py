"""Text that models wrote, as HTML that cannot do anything: every character of it is escaped and shown as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from itertools import zip_longest

from arena.nouns import Turn

LIMIT = 100_000
"""Characters of one text that go to the browser; more would freeze it."""

_QUOTE = re.compile(r"<quote>(.*?)</quote>", re.DOTALL | re.IGNORECASE)

CSS = """<style>
.stMainBlockContainer { padding-top: 3rem; }
.stApp [data-testid="stMetricValue"] { font-size: 1.35rem; }
.arena { overflow-wrap: anywhere; line-height: 1.5; }
.arena .text { white-space: pre-wrap; unicode-bidi: isolate; overflow-wrap: anywhere; }
.arena .faint { opacity: .7; font-size: .82rem; }
.arena .question { font-size: 1.25rem; font-weight: 600; }
.arena .answer { margin-top: .3rem; }
.arena .card { border: 1px solid rgba(128, 128, 128, .3); border-radius: .5rem; padding: .75rem 1rem; }
.arena .card > * + * { margin-top: .5rem; }
.arena .tall { max-height: 24rem; overflow-y: auto; }
.arena .head { font-weight: 600; }
.arena .letter { display: inline-block; min-width: 1.6em; text-align: center; border-radius: .3rem;
  background: rgba(128, 128, 128, .2); font-weight: 700; margin-inline-end: .4rem; }
.arena .quote { border-radius: .25rem; padding: .05rem .3rem; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
.arena .mark { font-weight: 700; font-size: .82rem; white-space: nowrap; }
.arena .verified { background: rgba(22, 163, 74, .15); }
.arena .verified .mark, .arena .good { color: color-mix(in srgb, #16a34a 75%, currentColor); }
.arena .unverified { background: rgba(220, 38, 38, .13); text-decoration: underline dotted rgba(220, 38, 38, .8); }
.arena .unverified .mark, .arena .bad { color: color-mix(in srgb, #dc2626 80%, currentColor); }
.arena .note { color: color-mix(in srgb, #d97706 80%, currentColor); font-size: .82rem; font-weight: 600; }
.arena .bars { display: grid; grid-template-columns: minmax(6rem, 40%) 1fr 3rem; gap: .3rem .6rem;
  align-items: center; }
.arena .track { background: rgba(128, 128, 128, .18); border-radius: .25rem; height: .8rem; }
.arena .fill { background: #3b76c4; border-radius: .25rem; height: 100%; }
.arena .number { text-align: end; font-variant-numeric: tabular-nums; }
</style>"""


def plain(text: str) -> str:
    """The text for a widget that reads markdown, so that it reads none."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&\"'=@/])", r"\\\1", clean(text)).replace("\n", " ")


def clean(text: str, limit: int = LIMIT) -> str:
    """The text without what no browser can receive, cut where it is too long."""
    shown = text[:limit].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return shown if len(text) <= limit else f"{shown} … and {len(text) - limit:,} more characters"


def safe(text: str) -> str:
    """The text escaped for HTML."""
    return html.escape(clean(text))


def part(kind: str, *inner: str) -> str:
    """A `div` of one of the classes above, around HTML that is safe already."""
    return f'<div class="{kind}">{"".join(inner)}</div>'


def whole(*inner: str) -> str:
    """What goes to `st.html`."""
    return part("arena", *inner)


def letter(name: str) -> str:
    """An answer's letter."""
    return f'<span class="letter">{safe(name)}</span>'


def text(body: str, kind: str = "") -> str:
    """A text in a block of its own, with its line breaks and its own direction of writing."""
    return part(f"text {kind}".strip(), safe(body))


def spoken(turn: Turn) -> str:
    """A turn's public text, each quote with the arena's word on it: never with the speaker's own."""
    shown = clean(turn.text)
    pieces = _QUOTE.split(shown)
    said, quoted = pieces[::2], pieces[1::2]
    made = [_quote(words, i < len(turn.quotes) and turn.quotes[i].verified) for i, words in enumerate(quoted)]
    return part("text", *(html.escape(one) + quote for one, quote in zip_longest(said, made, fillvalue="")))


def _quote(words: str, verified: bool) -> str:
    kind, mark = ("verified", "✓ verified") if verified else ("unverified", "✗ unverified")
    return f'<span class="quote {kind}"><span class="mark">{mark}</span> “<bdi>{html.escape(words)}</bdi>”</span>'


def bars(shares: Iterable[tuple[str, str, float]]) -> str:
    """A bar for each (letter, answer, probability)."""
    rows = [
        f'<div class="text">{letter(name)}{safe(answer)}</div>'
        f'<div class="track"><div class="fill" style="width:{100 * min(1.0, max(0.0, p)):.1f}%"></div></div>'
        f'<div class="number">{p:.2f}</div>'
        for name, answer, p in shares
    ]
    return part("bars", *rows)
