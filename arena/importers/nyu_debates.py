"""The debates and consultancies of Michael et al. 2023: rooms in which people judged people and GPT-4.

Assumed of the origin (github.com/julianmichael/debate, branch 2023-nyu-experiments): debater A, or 0, argues for the
first answer; in a round of sequential speeches A speaks before B; a quote is a span of the story's tokens without its
end; a judgment is about all that was said before it, and the one that ends the debate is the verdict. Judges who came
later read the whole room at once (`timed`) or round by round (`stepped`), and some stopped early. A room that does not
go by the rules of `feedback` is imported by the protocol `recorded`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field

from arena.data import Row, Shape, rows
from arena.enact import enact
from arena.errors import DataError, RuleError
from arena.importer import Imported, Importer, Judgement, Utterance, judge, speaker
from arena.judge import Judge
from arena.match import Match
from arena.nouns import JUDGE, Act
from arena.parts import beside, files
from arena.plugin import OPERATIONAL
from arena.protocol import Protocol
from arena.protocols.feedback import Feedback
from arena.protocols.recorded import Recorded
from arena.stories import Story, about, prose

NONE = "none"
"""In place of the stories' path: there are none."""
OUTSIDE = "outside the paper"
"""The tag of questions of rooms that the paper leaves out."""
_WITHOUT = f"; `--set stories={NONE}` leaves the quotes out"
_NEGOTIATED = 5
"""Most rounds where the debaters end it themselves."""
_LIVE = "live"


class _Text(Shape):
    text: str


class _Quote(Shape):
    span: tuple[int, int]


class _Piece(Shape):
    text: _Text | None = Field(default=None, alias="Text")
    quote: _Quote | None = Field(default=None, alias="Quote")


class _Speech(Shape):
    speaker: str
    content: tuple[_Piece, ...]


class _Judgment(Shape):
    distribution: tuple[float, float]
    feedback: _Speech | None = None
    ends: bool = Field(alias="endDebate")


class _Speeches(Shape):
    speeches: dict[str, _Speech]


class _Votes(Shape):
    votes: dict[str, bool]


class _Reading(Shape):
    mode: str
    judgments: tuple[_Judgment, ...] = ()


class _Readings(Shape):
    judgments: dict[str, _Reading]


class _Round(Shape):
    judged: _Judgment | None = Field(default=None, alias="JudgeFeedback")
    together: _Speeches | None = Field(default=None, alias="SimultaneousSpeeches")
    in_turn: _Speeches | None = Field(default=None, alias="SequentialSpeeches")
    votes: _Votes | None = Field(default=None, alias="NegotiateEnd")
    later: _Readings | None = Field(default=None, alias="OfflineJudgments")

    @property
    def spoken(self) -> dict[str, _Speech]:
        """Who spoke, by index; nobody where it is a round of another kind."""
        said = self.together or self.in_turn
        return dict(sorted(said.speeches.items())) if said else {}


class _Room(Shape):
    room: str
    article_id: str
    tokens_id: str
    question: str
    answers: tuple[str, str]
    correct_index: int
    setting: str
    included_in_paper: bool
    roles: dict[str, str]
    rounds: tuple[_Round, ...]

    @property
    def consultancy(self) -> bool:
        return "consultancy" in self.setting.lower()

    @property
    def seats(self) -> dict[str, str]:
        """Index of the answer argued for -> seat."""
        if not self.consultancy:
            return {"0": "alice", "1": "bob"}
        return {str("AB".index(role[-1])): "consultant" for role in self.roles if role in ("Debater A", "Debater B")}

    @property
    def live(self) -> bool:
        """Whether a judge took part."""
        return "Judge" in self.roles


class NyuDebates(Importer):
    """Rooms as matches: what was said, what judges held after each round, and their verdicts.

    Each judge goes by its anonymous name and by how it judged, or by the latter alone. Rooms that are not over are
    imported as far as they went. Questions of rooms that the paper leaves out have a tag.
    """

    origin: ClassVar[str] = (
        "rooms.*.jsonl.gz of the NYU debates, one room a row: room, article_id, tokens_id, question, answers, "
        "correct_index, setting, included_in_paper, roles, rounds; and stories.*.jsonl.gz for their quotes"
    )
    task: ClassVar[str] = "quality_stories"

    stories: Annotated[str, OPERATIONAL] = ""
    """The file of stories, or its folder; empty: beside the rooms, or in the folder `quality_stories` beside theirs;
    `none`: a quote is shown as the numbers of its tokens, and nobody has a passage."""

    judges: Literal["each", "pooled"] = "each"
    """`pooled`: all who judged live are one judge of the run, as in the paper's tables, and so with the other ways; the
    second who judged one room in the same way is `humans 2`."""

    def read(self) -> Iterator[Imported]:
        shelf: _Shelf | None = None
        for row in chain.from_iterable(rows(path) for path in files(self.path, "rooms")):
            room = row.read(_Room)
            shelf = shelf or _Shelf(self._stories())
            told = None if self.stories == NONE else shelf.story(row, room.tokens_id)
            with row.blamed():
                yield _imported(row, room, told)._replace(judged=tuple(_judged(room, self.judges == "pooled")))

    def _stories(self) -> list[str]:
        if self.stories == NONE:
            return []
        if self.stories:
            return files(self.stories, "stories")
        try:
            return beside(self.path, "stories", ("quality_stories",))
        except DataError as error:
            raise DataError(f"{error}; `--set stories=PATH` names one{_WITHOUT}") from None


class _Told(NamedTuple):
    tokens: tuple[str, ...]
    passage: str


_Tokens = tuple[str, ...] | None


class _Shelf:
    """The stories, whose running text is made when it is asked for."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = paths
        self._told: dict[str, _Told] = {}

    @cached_property
    def _stories(self) -> dict[str, Story]:
        found = (row.read(Story) for path in self._paths for row in rows(path))
        return {story.tokens_id: story for story in found}

    def story(self, row: Row, name: str) -> _Told:
        """The tokens of that version of a story, and its text. Raises DataError where there is none."""
        if name not in self._stories:
            raise row.error(f"column 'tokens_id': {name!r} is in none of {', '.join(self._paths)}{_WITHOUT}")
        if name not in self._told:
            tokens = self._stories[name].tokens
            self._told[name] = _Told(tokens, prose(tokens))
        return self._told[name]


def _imported(row: Row, room: _Room, told: _Told | None) -> Imported:
    said = _said(row, room, told.tokens if told else None)
    ends = "judge" if room.live else "debaters"
    form = "consultancy" if room.consultancy else "debate"
    most = {} if room.live else {"rounds": _NEGOTIATED}
    match = _match(room, told, Feedback.model_validate({"form": form, "end": ends, **most}), said)
    try:
        enact(match, said)
    except RuleError:
        spoken = tuple(one for one in said if one.act != "choose")
        price = Feedback().round_price if room.live else 0
        called = form if room.live else f"{form}, {ends}"
        recorded = Recorded(form=called, script=_script(room), round_price=price)
        match, said = _match(room, told, recorded, spoken), spoken
    return Imported(row.place, match, said)


def _match(room: _Room, told: _Told | None, protocol: Protocol, said: tuple[Utterance, ...]) -> Match:
    tags = ("room",) if room.included_in_paper else ("room", OUTSIDE)
    question = about(room.article_id, room.question, room.answers, room.correct_index, tags)
    machine = room.setting.startswith("AI")
    roles = {seat: room.roles.get(f"Debater {'AB'[int(index)]}", "") for index, seat in room.seats.items()}
    named = {**roles, JUDGE: room.roles.get("Judge", "")}
    agents = {
        seat: speaker(
            named[seat],
            named[seat] if machine and seat != JUDGE else "people",
            room.room,
            tuple(one for one in said if one.seat == seat),
        )
        for seat in protocol.seats
    }
    return Match(
        question=question.model_copy(update={"passage": told.passage if told else None}),
        protocol=protocol,
        agents=agents,
        defends={seat: int(index) for index, seat in room.seats.items()},
        shown=(0, 1),
    )


def _said(row: Row, room: _Room, tokens: _Tokens) -> tuple[Utterance, ...]:
    """What was said and chosen, in order. The last feedback is the verdict's reason and no turn."""
    found: list[Utterance] = []
    act: Act = "answer" if room.consultancy and room.live else "argue"
    spoken = False
    for one in room.rounds:
        if one.judged:
            if spoken:
                found.append(Utterance(JUDGE, act="choose", choice=0 if one.judged.ends else 1))
            if not one.judged.ends:
                found.append(Utterance(JUDGE, _text(row, one.judged.feedback, tokens), "ask"))
        for index, speech in one.spoken.items():
            if index not in room.seats:
                raise row.error(f"column 'rounds': {index!r} speaks in a {room.setting} of {', '.join(room.roles)}")
            found.append(Utterance(room.seats[index], _text(row, speech, tokens), act))
            spoken = True
        for index, wants in sorted((one.votes.votes if one.votes else {}).items()):
            found.append(Utterance(room.seats[index], act="choose", choice=0 if wants else 1))
    return tuple(found)


def _text(row: Row, speech: _Speech | None, tokens: _Tokens) -> str:
    """Running text, quotes from the story between <quote> and </quote>."""
    parts: list[str] = []
    for piece in speech.content if speech else ():
        if piece.text:
            parts.append(piece.text.text)
        elif piece.quote:
            glue = " " if parts and not parts[-1][-1:].isspace() else ""
            parts.append(f"{glue}{_quoted(row, *piece.quote.span, tokens)}")
    return "".join(parts).strip()


def _quoted(row: Row, start: int, end: int, tokens: _Tokens) -> str:
    if tokens is None:
        return f"[the story's tokens {start} to {end}]"
    if not 0 <= start < end <= len(tokens):
        raise row.error(f"column 'rounds': a quote is the span {start}-{end} of {len(tokens)} tokens")
    return f"<quote>{prose(tokens[start:end])}</quote>"


def _judged(room: _Room, pooled: bool) -> Iterator[Judgement]:
    """What the live judge held after each round and its verdict, then those of who judged the transcript."""
    last = sum(bool(one.spoken) for one in room.rounds)
    known: dict[str, list[str]] = defaultdict(list)
    rounds = 0
    for one in room.rounds:
        rounds += bool(one.spoken)
        readings = one.later.judgments if one.later else {}
        if one.judged and room.live:
            readings = {room.roles["Judge"]: _Reading(mode=_LIVE, judgments=(one.judged,))}
        for name, reading in readings.items():
            called = _alias(name, known[reading.mode]) if pooled else f"human {name}"
            first = {_LIVE: rounds, "timed": last}.get(reading.mode, 0)
            yield from _read(judge(called, "nyu_debates", reading.mode), reading.judgments, first, last)


def _read(who: Judge, judgments: tuple[_Judgment, ...], first: int, last: int) -> Iterator[Judgement]:
    """The judgments of one judge, the first of them after round `first`, and a round between them."""
    for after, one in enumerate(judgments, start=first):
        reason = "".join(piece.text.text for piece in one.feedback.content if piece.text) if one.feedback else ""
        early = (f"after round {after} of {last}",) if one.ends and after < last else ()
        yield Judgement(who, one.distribution, reason, None if one.ends else after, flags=early)


def _alias(name: str, alike: list[str]) -> str:
    """What a judge is called among those who judged a room in the same way, so far; notes the name."""
    if name not in alike:
        alike.append(name)
    place = alike.index(name) + 1
    return f"humans {place}" if place > 1 else "humans"


def _script(room: _Room) -> str:
    """Who spoke when, for the protocol `recorded`."""
    rounds, steps = list[str](), list[str]()
    act = ":answer" if room.consultancy and room.live else ""
    for one in room.rounds:
        if one.judged and not one.judged.ends:
            steps.append(f"{JUDGE}:ask")
        if one.spoken:
            seats = [f"{room.seats[index]}{act}" for index in one.spoken]
            rounds.append(" ".join([*steps, ("+" if one.together else " ").join(seats)]))
            steps = []
    return "; ".join([*rounds, *([" ".join(steps)] if steps else [])])
