"""One match as HTML: question, turns, verdicts. What the reader did not ask to see is not in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from arena.match import Match, ordered
from arena.nouns import Turn, Usage
from arena.prompt import LETTERS, title, who
from arena.quotes import places
from arena.store.read import Kept
from dashboards import markup
from dashboards.markup import part, safe, whole
from dashboards.tags import Tag


class Shown(NamedTuple):
    """What the reader asked to see. Nothing of the rest goes to the browser."""

    truth: bool = False
    private: bool = False
    passage: bool = False
    words: str = ""
    """Stand out where they occur."""


def head(kept: Kept, tags: Sequence[Tag], shown: Shown) -> str:
    """The question, the answers with who argues for them, and what went wrong."""
    match = kept.match
    question, sides = match.question, match.sides(kept.turns)
    about = [match.protocol.label, f"match {match.key[:12]}", f"question {question.id}", f"source {question.source}"]
    about += [f"repeat {match.repeat}"] if match.repeat else []
    why = {tag.name: [one.why for one in tags if one.name == tag.name] for tag in tags}
    told = part("tags", *(markup.tag(name, places) for name, places in why.items())) if why else ""
    return whole(
        part("faint text", safe("  ·  ".join(about))),
        markup.text(question.text, "question", shown.words),
        *(_answer(match, i, sides, shown) for i in range(len(match.shown))),
        told,
    )


def _answer(match: Match, place: int, sides: dict[str, int], shown: Shown) -> str:
    index = match.shown[place]
    seats = [title(seat) for seat, answer in sides.items() if answer == index]
    told = f' <span class="faint">argued by {safe(", ".join(seats))}</span>' if seats else ""
    if shown.truth and index == match.question.correct:
        told += ' <span class="good"><b>✓ the right answer</b></span>'
    return part("text answer", markup.letter(LETTERS[place]), safe(match.question.answers[index]), told)


def passage(kept: Kept) -> str:
    """The hidden passage, with the places that verified quotes lead to."""
    hidden = kept.match.question.passage or ""
    quotes = [quote.text for turn in kept.turns for quote in turn.quotes if quote.verified]
    found = [one for quote in quotes for one in places(quote, hidden)]
    body = markup.marked(hidden, found, _name(kept.match))
    return whole(part("card tall", part("head", "Hidden passage"), body))


def rows(kept: Kept) -> Iterator[list[Turn]]:
    """The turns that stand abreast: those of the sides in one round; any other has a row of its own."""
    sides = kept.match.sides(kept.turns)

    def kind(turn: Turn) -> tuple[int, str, bool]:
        return turn.round, turn.act, turn.seat in sides and len(sides) > 1

    for (_, _, abreast), group in groupby(ordered(kept.match.protocol, kept.turns), key=kind):
        row = list(group)
        yield from ([row] if abreast else [[turn] for turn in row])


def turn(kept: Kept, said: Turn, shown: Shown) -> str:
    """One turn: who speaks for what, its text with quotes, what it took, what the arena noted."""
    match = kept.match
    parts = [part("head", _speaker(kept, said)), markup.spoken(said, _links(match, said, shown), shown.words)]
    parts += [_moves(match, said), part("faint", safe(_about(said)))]
    if notes := _notes(said):
        parts.append(part("note", safe(notes)))
    if shown.private and said.private:
        parts += [part("faint", "As written, seen by no other seat:"), markup.text(said.private, "faint tall")]
    return whole(part("card", *parts))


def _speaker(kept: Kept, said: Turn) -> str:
    side = kept.match.sides(kept.turns).get(said.seat)
    told = "" if side is None else f" for {markup.letter(LETTERS[kept.match.shown.index(side)])}"
    return f"{safe(who(said))}{told} <span class='faint'>round {said.round}</span>"


def _links(match: Match, said: Turn, shown: Shown) -> list[str]:
    """Where in the passage each quote leads, for a reader who sees the passage."""
    hidden = match.question.passage if shown.passage else None
    if not hidden:
        return []
    found = [places(quote.text, hidden) if quote.verified else () for quote in said.quotes]
    return [markup.place(_name(match), one[0][0]) if one and one[0][1] <= markup.LIMIT else "" for one in found]


def _name(match: Match) -> str:
    return f"p{match.key[:12]}"


def _moves(match: Match, said: Turn) -> str:
    """What a protocol computes with, where the text does not say it: probabilities and statements."""
    if said.p:
        order = match.question.answers
        shares = [(LETTERS[i], order[a], share) for i, (a, share) in enumerate(zip(match.shown, said.p, strict=False))]
        return markup.bars(shares)
    stated = [one for one in said.claims if one not in said.text]
    return "".join(markup.text(one) for one in stated)


def _about(said: Turn) -> str:
    quotes = f"{sum(q.verified for q in said.quotes)} of {len(said.quotes)} quotes verified" if said.quotes else ""
    return "  ·  ".join(filter(None, [quotes or "no quotes", usage(said.usage)]))


def usage(used: Usage) -> str:
    """What calls took, in words."""
    tokens = "tokens unknown" if used.tokens is None else f"{used.prompt:,} tokens read, {used.completion:,} written"
    seconds = "seconds unknown" if used.seconds is None else f"{used.seconds:.1f} s"
    return "  ·  ".join((tokens, seconds, money(used.cost)))


def money(cost: float | None) -> str:
    """US dollars, or that they are not known."""
    return "cost unknown" if cost is None else f"${cost:,.4f}" if 0 < cost < 1 else f"${cost:,.2f}"


def _notes(said: Turn) -> str:
    notes = ["cut at the limit of words"] if said.cut else []
    notes += [f"{said.forged} forged mark{'s' * (said.forged > 1)} of verification removed"] if said.forged else []
    notes += said.outcomes
    return "  ·  ".join(notes)


def failure(row: dict[str, Any]) -> str:
    """What did not come about."""
    told = row["seat"] or f"a judge, {order(row['order'])}"
    again = "; the next run tries again" if row["passing"] else ""
    title = part("head bad", safe(f"Failed: {told}: {row['kind']}{again}"))
    return whole(part("card", title, markup.text(row["message"])))


def order(number: int) -> str:
    """How the answers lay before a judge."""
    return "answers in the opposite order" if number else "answers as shown above"


def verdict(match: Match, row: dict[str, Any], shown: Shown) -> str:
    """What one judge decided in one order of the answers."""
    title = f"{safe(row['label'])} <span class='faint'>{order(row['order'])}</span>"
    flags = part("note", safe("  ·  ".join(row["flags"]))) if row["flags"] else ""
    used = part("faint", safe(usage(Usage.model_validate(row["usage"]))))
    if row["state"] != "read":
        parts = (part("head", title), part("note", "Unreadable"), markup.text(row["reason"]), flags, used)
        return whole(part("card", *parts))
    shares = [(LETTERS[i], match.question.answers[a], row["p"][a]) for i, a in enumerate(match.shown)]
    reason = markup.text(row["reason"]) if row["reason"] else ""
    chosen = _chosen(match, row["p"], shown)
    return whole(part("card", part("head", title), markup.bars(shares), chosen, reason, flags, used))


def _chosen(match: Match, p: Sequence[float], shown: Shown) -> str:
    best = [i for i, share in enumerate(p) if share == max(p)]
    letters = [markup.letter(LETTERS[place]) for place in sorted(match.shown.index(i) for i in best)]
    said = f"Tie: {' '.join(letters)}" if len(best) > 1 else f"Decided for {letters[0]}"
    if not shown.truth or match.question.correct is None:
        return part("", said)
    if len(best) > 1:
        return part("", said, ' <span class="note">tie</span>')
    kind, word = ("good", "✓ right") if best == [match.question.correct] else ("bad", "✗ wrong")
    return part("", said, f' <span class="{kind}"><b>{word}</b></span>')
