"""Text that models wrote, as HTML that cannot do anything: every character of it is escaped and shown as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise, zip_longest

from arena.nouns import Turn

LIMIT = 100_000
"""Characters of one text that go to the browser; more would freeze it."""

_QUOTE = re.compile(r"<quote>(.*?)</quote>", re.DOTALL | re.IGNORECASE)

_LINK = re.compile(r"(?i)\b(https?:|ftp:|www)(?=[/.])|(?<=\w)@(?=\w)")
"""Where markdown would make a link of bare text, backslashes or not."""
_JOINER = "\u2060"
"""Is not seen, and takes no room."""
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that set the direction of writing."""

CSS = """<style>
.stMainBlockContainer { padding-top: 3rem; }
.stApp [data-testid="stMetricValue"] { font-size: 1.35rem; }
.stVegaLiteChart svg text { paint-order: stroke; }
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
.arena bdi { unicode-bidi: isolate; }
.arena .mark { unicode-bidi: isolate; direction: ltr; font-weight: 700; font-size: .82rem; white-space: nowrap; }
.arena .verified { background: rgba(22, 163, 74, .15); }
.arena .verified .mark, .arena .good { color: color-mix(in srgb, #16a34a 75%, currentColor); }
.arena .unverified { background: rgba(220, 38, 38, .13); text-decoration: underline dotted rgba(220, 38, 38, .8); }
.arena .unverified .mark, .arena .bad { color: color-mix(in srgb, #dc2626 80%, currentColor); }
.arena .note { color: color-mix(in srgb, #d97706 80%, currentColor); font-size: .82rem; font-weight: 600; }
.arena a.quote, .arena a.quote:visited { color: inherit; text-decoration: none; cursor: pointer; }
.arena a.quote:hover, .arena a.quote:focus-visible { outline: 2px solid currentColor; }
.arena mark { background: rgba(22, 163, 74, .25); color: inherit; border-radius: .2rem; scroll-margin: 5rem; }
.arena mark:target { background: rgba(250, 204, 21, .55); outline: 2px solid currentColor; }
.arena mark.hit { background: rgba(250, 204, 21, .45); }
.arena .tags { margin-top: .5rem; display: flex; flex-wrap: wrap; gap: .3rem; }
.arena .tag { border: 1px solid rgba(217, 119, 6, .7); border-radius: 1rem; padding: .05rem .6rem; font-size: .82rem; }
div:has(> .st-key-passage) { position: sticky; top: 4rem; }
.st-key-passage .tall { max-height: calc(100vh - 8rem); }
.arena .bars { display: grid; grid-template-columns: minmax(6rem, 40%) 1fr 3rem; gap: .3rem .6rem;
  align-items: center; }
.arena .track { background: rgba(128, 128, 128, .18); border-radius: .25rem; height: .8rem; }
.arena .fill { background: #3b76c4; border-radius: .25rem; height: 100%; }
.arena .number { text-align: end; font-variant-numeric: tabular-nums; }
</style>"""


def plain(text: str) -> str:
    """The text for a widget that reads markdown, so that it reads none, not even a link, and without signs that turn
    what follows it."""
    shown = _LINK.sub(rf"\g<0>{_JOINER}", _TURNS.sub("", clean(text)))
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&\"'=@/])", r"\\\1", shown).replace("\n", " ")


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


def text(body: str, kind: str = "", words: str = "") -> str:
    """A text in a block of its own, with its line breaks and its own direction of writing; `words` stand out."""
    return part(f"text {kind}".strip(), _lit(clean(body), words))


def tag(name: str, places: Sequence[str]) -> str:
    """What went wrong and how often, its places shown when it is pointed at."""
    times = f" ×{len(places)}" if len(places) > 1 else ""
    told = safe("; ".join(places))
    return f'<span class="tag" title="{told}" tabindex="0">{safe(name)}{times}</span>'


def spoken(turn: Turn, links: Sequence[str] = (), words: str = "") -> str:
    """A turn's public text, each quote with the arena's word on it: never with the speaker's own.

    `links` are the places in the passage that its quotes lead to, by name; empty for one that leads nowhere.
    """
    shown = clean(turn.text)
    pieces = _QUOTE.split(shown)
    said, quoted = pieces[::2], pieces[1::2]
    made = [
        _quote(one, i < len(turn.quotes) and turn.quotes[i].verified, links[i] if i < len(links) else "", words)
        for i, one in enumerate(quoted)
    ]
    pairs = zip_longest((f"<bdi>{_lit(one, words)}</bdi>" for one in said), made, fillvalue="")
    return part("text", *(own + quote for own, quote in pairs))


def _quote(quoted: str, verified: bool, link: str, words: str) -> str:
    kind, mark = ("verified", "✓ verified") if verified else ("unverified", "✗ unverified")
    inner = f'<span class="mark">{mark}</span> “<bdi>{_lit(quoted, words)}</bdi>”'
    if link and verified:
        return f'<a class="quote {kind}" href="#{link}" title="its place in the passage">{inner}</a>'
    return f'<span class="quote {kind}">{inner}</span>'


def marked(passage: str, places: Iterable[tuple[int, int]], name: str) -> str:
    """The passage with the places marked; the place that begins at a character is called `place(name, character)`."""
    shown = clean(passage)
    known = [(start, end) for start, end in places if end <= min(LIMIT, len(passage))]
    starts = {start for start, _ in known}
    pieces = []
    for start, end in pairwise(sorted({0, len(shown), *(edge for one in known for edge in one)})):
        piece = html.escape(shown[start:end])
        if any(first <= start and end <= last for first, last in known):
            piece = f"<mark{f' id={chr(34)}{place(name, start)}{chr(34)}' if start in starts else ''}>{piece}</mark>"
        pieces.append(piece)
    return part("text", *pieces)


def place(name: str, start: int) -> str:
    """What the place in a passage is called to which a quote leads."""
    return f"{name}-{start}"


def _lit(shown: str, words: str) -> str:
    """A text escaped, in which these words stand out."""
    if not words.strip():
        return html.escape(shown)
    pieces = re.split(f"({re.escape(words)})", shown, flags=re.IGNORECASE)
    return "".join(
        f'<mark class="hit">{html.escape(piece)}</mark>' if i % 2 else html.escape(piece)
        for i, piece in enumerate(pieces)
    )


def bars(shares: Iterable[tuple[str, str, float]]) -> str:
    """A bar for each (letter, answer, probability)."""
    rows = [
        f'<div class="text">{letter(name)}{safe(answer)}</div>'
        f'<div class="track"><div class="fill" style="width:{100 * min(1.0, max(0.0, p)):.1f}%"></div></div>'
        f'<div class="number">{p:.2f}</div>'
        for name, answer, p in shares
    ]
    return part("bars", *rows)
