"""Transcripts of Khan et al. 2024: debates and consultancies of language models, with models' or people's verdicts.

Assumed of the published code (github.com/ucl-dark/llm_debate: core/rollouts/utils.py, core/judge.py,
core/scoring/accuracy.py, data/dataset_readme.md): a row is a TranscriptConfig, or has one as JSON in the column
`transcript`; without `swap` the right answer is A and the debater for it speaks first; what the judge, then the cross
examiner, says in a round comes before that round's arguments, which were written at the same time unless the round's
type is `seq`. Judges' replies lie in `answer_judge`, with more digits for more votes: a letter after `Answer:`, or the
probabilities of both; people's confidence lies in `confidence_correct`. Not tried on the original files: the rows of
the tests are made by hand after that code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, ClassVar

from pydantic import Field, field_validator

from arena.data import Row, Shape, rows
from arena.importer import Imported, Importer, Judgement, Utterance, judge, speaker
from arena.match import Match
from arena.nouns import JUDGE, Question
from arena.parts import files
from arena.protocol import Protocol
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct
from arena.protocols.recorded import Recorded
from arena.stories import about

_CROSS = "cross_examiner"
_MARKS = re.compile(r"<(/?)[vu]_quote>")
_LETTER = re.compile(
    r"^(?:Final )?Answer: <?([AB])>?\s*$|^([AB])\)?$|answer is most likely to be \(([AB])", re.MULTILINE
)
_PROBABILITIES = re.compile(r"Prob A: ([\d.]+), Prob B: ([\d.]+)")
_SURE = re.compile(r"Confidence correct: ([\d.]+)\s*$")


class _Answers(Shape):
    correct: str
    incorrect: str


class _Names(Shape):
    correct: str | None = None
    incorrect: str | None = None


class _Round(Shape):
    correct: str | None = None
    incorrect: str | None = None
    cross_examiner: str | None = None
    judge: str | None = None
    type: str | None = None


class _Transcript(Shape):
    question: str
    story: str | None = None
    story_title: str | None = None
    question_set_id: str | None = None
    answers: _Answers
    names: _Names = _Names()
    swap: bool
    rounds: tuple[_Round, ...] = ()

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that somebody argued for, the first shown first."""
        order = ("incorrect", "correct") if self.swap else ("correct", "incorrect")
        return tuple(side for side in order if any(getattr(one, side) for one in self.rounds))

    @property
    def seats(self) -> dict[str, str]:
        """Side -> seat."""
        names = ("alice", "bob") if len(self.sides) == 2 else ("consultant",)
        return dict(zip(self.sides, names, strict=False))


class _Judged(Shape):
    """The columns beside a transcript, of which any may be absent."""

    judge_id: str | None = None
    confidence_correct: float | None = None
    explanation: str | None = None
    experiment_name: str | None = None
    debater_config: str | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        """A CSV file has no other way to say that there is nothing."""
        return None if value == "" else value


class LlmDebate(Importer):
    """Each transcript a match, with the verdict of its row; rows of the same transcript are verdicts on one match.

    The answers are the right one and the wrong one, shown in the order in which they were. Quotes are verified where
    the row holds the story, which the published files leave out.
    """

    origin: ClassVar[str] = (
        "a .csv or .jsonl of github.com/ucl-dark/llm_debate: rollouts and judgements (`transcript`, `answer_judge`), "
        "the human data (`transcript`, `judge_id`, `confidence_correct`, ...), or transcripts alone, one a row"
    )

    judge: str = Field(default="judge", min_length=1)
    """What the model is called whose replies lie in `answer_judge`: the files do not say."""

    def read(self) -> Iterator[Imported]:
        found: dict[str, Imported] = {}
        for row in chain.from_iterable(rows(path) for path in files(self.path, "transcripts")):
            with row.blamed():
                one = self._imported(row)
            known = found.setdefault(one.match.key, one)
            if known is not one:
                found[one.match.key] = known._replace(judged=known.judged + one.judged)
        yield from found.values()

    def _imported(self, row: Row) -> Imported:
        made, beside = _transcript(row), row.read(_Judged)
        protocol = _protocol(made)
        said = tuple(_said(made, protocol))
        shown = (1, 0) if made.swap else (0, 1)
        named = {seat: getattr(made.names, side) or side for side, seat in made.seats.items()}
        match = Match(
            question=_question(made, beside),
            protocol=protocol,
            agents={
                seat: speaker(
                    named.get(seat, seat),
                    beside.debater_config or "model",
                    made.question_set_id or "",
                    tuple(one for one in said if one.seat == seat),
                )
                for seat in protocol.seats
            },
            defends={seat: 0 if side == "correct" else 1 for side, seat in made.seats.items()},
            shown=shown,
        )
        return Imported(row.place, match, said, tuple(self._judged(row, beside, shown)))

    def _judged(self, row: Row, beside: _Judged, shown: tuple[int, int]) -> Iterator[Judgement]:
        if beside.confidence_correct is not None:
            p = (beside.confidence_correct, 1 - beside.confidence_correct)
            yield Judgement(judge(f"judge {beside.judge_id}", "llm_debate"), p, beside.explanation or "")
        for column in row.fields:
            votes = re.fullmatch(r"answer_judge(\d*)", column)
            if votes and row.fields[column]:
                reply = str(row.fields[column])
                yield Judgement(judge(f"{self.judge}{votes[1]}", "llm_debate"), _verdict(reply, shown), reply)


def _transcript(row: Row) -> _Transcript:
    """What was said, from the row itself or from JSON in a column."""
    if not row.has("transcript"):
        return row.read(_Transcript)
    value: Any = row.get("transcript")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise row.error(f"column 'transcript' is not JSON: {error}: {value[:60]!r}") from None
    if not isinstance(value, dict):
        raise row.error(f"column 'transcript' is an object {{...}}, not {value!r:.60}")
    return Row(f"{row.place}: transcript", row.number, value).read(_Transcript)


def _question(made: _Transcript, beside: _Judged) -> Question:
    source = made.story_title or made.question_set_id or made.question
    tags = (beside.experiment_name,) if beside.experiment_name else ()
    question = about(source, made.question, (made.answers.correct, made.answers.incorrect), 0, tags)
    return question.model_copy(update={"passage": made.story})


def _protocol(made: _Transcript) -> Protocol:
    """A protocol of the arena whose rules hold for the transcript, or else `recorded`."""
    rounds, asked = made.rounds, [bool(one.judge) for one in made.rounds]
    whole = all(getattr(one, side) for one in rounds for side in made.sides)
    crossed = any(one.cross_examiner for one in rounds)
    if not made.sides:
        return Direct()
    if whole and not crossed and len(made.sides) == 2 and not any(asked):
        if all(one.type != "seq" for one in rounds):
            return Debate(rounds=len(rounds))
        if all(one.type == "seq" for one in rounds[1:]) and rounds[0].type != "seq":
            return Debate(rounds=len(rounds), turns="sequential")
    if whole and not crossed and len(made.sides) == 1 and asked == [False] + [True] * (len(rounds) - 1):
        return Consultancy(rounds=len(rounds))
    form = "debate" if len(made.sides) == 2 else "consultancy"
    return Recorded(form=f"interactive {form}" if any(asked) else form, script=_script(made))


def _script(made: _Transcript) -> str:
    """Who spoke when, for the protocol `recorded`."""
    rounds = []
    for one in made.rounds:
        asks = [f"{JUDGE}:ask"] * bool(one.judge) + [f"{_CROSS}:ask"] * bool(one.cross_examiner)
        seats = [seat for side, seat in made.seats.items() if getattr(one, side)]
        rounds.append(" ".join([*asks, (" " if one.type == "seq" else "+").join(seats)]).strip())
    return "; ".join(part for part in rounds if part)


def _said(made: _Transcript, protocol: Protocol) -> Iterator[Utterance]:
    answers = isinstance(protocol, Consultancy)
    for number, one in enumerate(made.rounds, start=1):
        for seat, text in ((JUDGE, one.judge), (_CROSS, one.cross_examiner)):
            if text:
                yield Utterance(seat, text, "ask")
        for side, seat in made.seats.items():
            if text := getattr(one, side):
                yield Utterance(seat, _MARKS.sub(r"<\1quote>", text), "answer" if answers and number > 1 else "argue")


def _verdict(reply: str, shown: tuple[int, int]) -> tuple[float, ...]:
    """The probabilities that a judge's reply comes to, of the right answer first; none where it cannot be read."""
    if sure := _SURE.search(reply.strip()):
        return (float(sure[1]), 1 - float(sure[1]))
    letters = {letter for found in _LETTER.findall(reply) for letter in found if letter}
    if stated := _PROBABILITIES.search(reply):
        a, b = float(stated[1]), float(stated[2])
        p = (a / (a + b), b / (a + b)) if a + b else ()
    else:
        p = {frozenset("A"): (1.0, 0.0), frozenset("B"): (0.0, 1.0)}.get(frozenset(letters), ())
    return tuple(p[shown.index(answer)] for answer in (0, 1)) if p else ()
