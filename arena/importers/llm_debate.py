"""Transcripts of Khan et al. 2024: debates and consultancies of language models, with models' or people's verdicts.

Known from the published code (github.com/ucl-dark/llm_debate: core/rollouts, core/judge.py, core/file_handler.py,
core/agents/judge_quality.py, core/scoring/accuracy.py, data/dataset_readme.md): a row has a TranscriptConfig as JSON in
the column `transcript`. `swap` says that the right answer is B and that who argues for it comes second. In a round the
judge (a person) or the cross examiner (a model) speaks first, then the debaters: at the same time where its type is
`sim`, one after the other where it is `seq`. A simultaneous debate is played once and judged twice, the second time
with answers and names swapped: that is the second order of one match here. Judgements lie in
METHOD/JUDGE/data0_judgement.csv and data0_swap_judgement.csv, in the column `answer_judge`, with more digits for more
votes. A baseline has no rounds, and only METHOD says whether its judge read the story. People's verdicts lie in
`confidence_correct`.

Deviations: a reply that names both letters is unreadable (there it says A), and so is one that names none, which the
published rules count wrong where it is inconclusive. The published data, which lie in Git LFS, were not at hand: what
the tests read is made by hand after that code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import field_validator

from arena.data import Row, Shape, rows
from arena.errors import DataError, choices
from arena.importer import Imported, Importer, Judgement, Utterance, judge, speaker
from arena.match import Match
from arena.nouns import JUDGE, Question
from arena.parts import files
from arena.protocol import Protocol
from arena.protocols.consultancy import Consultancy
from arena.protocols.debate import Debate
from arena.protocols.direct import Direct
from arena.protocols.expert import Expert
from arena.protocols.recorded import Recorded
from arena.stories import about

_CROSS = "cross_examiner"
_ORACLE = "baseline_oracle"
_LAYOUT = ("*_judgement*.csv", "data*.csv")
"""Files of an experiment: judgements, or else what is not judged."""
_DEEP = ("", "*/", "*/*/")
"""The folder may be that of the experiment, of a method or of a judge."""
_MARKS = re.compile(r"<(/?)[vu]_quote>")
_LETTER = re.compile(r"^(?:Final )?Answer: <?([AB])>?\s*$|correct answer is most likely to be \(([AB])", re.MULTILINE)
_LAST = re.compile(r"final answer.*: [<(]*([AB])[>)]*$", re.IGNORECASE)
_SHORT = re.compile(r"\(?([AB])\)|([AB])")
_PROBABILITIES = re.compile(r"Prob A: ([\d.]+), Prob B: ([\d.]+)")
_SURE = re.compile(r"Confidence correct: ([\d.]+)$")


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
        """The sides that somebody argued for, the right one first."""
        return tuple(side for side in ("correct", "incorrect") if any(getattr(one, side) for one in self.rounds))

    @property
    def shown(self) -> tuple[str, ...]:
        """The same, as the judge read them."""
        return self.sides[::-1] if self.swap else self.sides

    @property
    def asked(self) -> list[bool]:
        """For each round whether a person asked something before it."""
        return [bool(one.judge) for one in self.rounds]

    @property
    def crossed(self) -> bool:
        """Whether a model asked something."""
        return any(one.cross_examiner for one in self.rounds)


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

    The answers are the right one and the wrong one. Quotes are verified where the row holds the story, which the human
    data leave out.
    """

    origin: ClassVar[str] = (
        "a folder of experiments or a .csv or .jsonl of github.com/ucl-dark/llm_debate: rollouts and judgements "
        "(`transcript`, `answer_judge`), the human data (`transcript`, `judge_id`, `confidence_correct`, ...), or "
        "transcripts alone, one a row"
    )

    judge: str = ""
    """What the model is called whose replies lie in `answer_judge`; empty for the folder of a file of judgements, which
    is named by it, and elsewhere for `judge`."""
    experiments: tuple[str, ...] = ()
    """Only rows with these in the column `experiment_name`; empty for all. The paper's figures for people are of few of
    them, and in some a fault chose the worst arguments: see data/dataset_readme.md there."""

    def read(self) -> Iterator[Imported]:
        found: dict[str, Imported] = {}
        for path, row in self._rows():
            with row.blamed():
                one = self._imported(path, row)
            known = found.setdefault(one.match.key, one)
            if known is not one:
                found[one.match.key] = known._replace(judged=known.judged + one.judged)
        yield from found.values()

    def _rows(self) -> Iterator[tuple[Path, Row]]:
        """The rows of the experiments that are wanted, each with its file."""
        others = set[str]()
        for path in _files(self.path):
            for row in rows(path):
                name = str(row.get("experiment_name")) if self.experiments else ""
                if not self.experiments or name in self.experiments:
                    yield Path(path).expanduser().resolve(), row
                others.add(name)
        if lost := [name for name in self.experiments if name not in others]:
            raise DataError(f"{self.path}: no row has the experiment_name {lost[0]!r}; {choices(lost[0], others)}")

    def _imported(self, path: Path, row: Row) -> Imported:
        made, beside = _transcript(row), row.read(_Judged)
        protocol = _protocol(made, _ORACLE in (path.parent.name, path.parent.parent.name))
        seats = _seats(made.sides if protocol.relabels else made.shown)
        said = tuple(_said(made, protocol, seats))
        named = {seat: getattr(made.names, side) for seat, side in zip(seats.values(), made.shown, strict=True)}
        match = Match(
            question=_question(made),
            protocol=protocol,
            agents={
                seat: speaker(
                    named.get(seat) or seat,
                    beside.debater_config or "model",
                    made.question_set_id or "",
                    tuple(one for one in said if one.seat == seat),
                )
                for seat in protocol.seats
            },
            defends={seat: 0 if side == "correct" else 1 for side, seat in seats.items()},
            shown=(1, 0) if made.swap and not protocol.relabels else (0, 1),
        )
        model = self.judge or (path.parent.name if path.match(_LAYOUT[0]) else "") or "judge"
        order = int(made.swap and protocol.relabels)
        judged = (one._replace(order=order) for one in _judged(row, beside, model, made.swap))
        return Imported(row.place, match, said, tuple(judged))


def _files(path: str) -> list[str]:
    """The data files of a folder by the layout of the published code, or those called transcripts.*; a file itself."""
    folder = Path(path).expanduser()
    for form in _LAYOUT if path and folder.is_dir() else ():
        if found := sorted(one for deep in _DEEP for one in folder.glob(deep + form)):
            return [str(one) for one in found]
    return files(path, "transcripts")


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


def _question(made: _Transcript) -> Question:
    source = made.story_title or made.question_set_id or made.question
    question = about(source, made.question, (made.answers.correct, made.answers.incorrect), 0, ())
    return question.model_copy(update={"passage": made.story})


def _seats(sides: tuple[str, ...]) -> dict[str, str]:
    """Side -> seat."""
    return dict(zip(sides, ("alice", "bob") if len(sides) == 2 else ("consultant",), strict=False))


def _protocol(made: _Transcript, oracle: bool) -> Protocol:
    """A protocol of the arena whose rules hold for the transcript, or else `recorded`."""
    rounds, sides = made.rounds, made.sides
    whole = all(getattr(one, side) for one in rounds for side in sides)
    later = [False] + [True] * (len(rounds) - 1)
    if not sides:
        return Expert() if oracle else Direct()
    if whole and not made.crossed and len(sides) == 2 and not any(made.asked):
        in_turn = [one.type == "seq" for one in rounds]
        if not any(in_turn):
            return Debate(rounds=len(rounds))
        if in_turn == later:
            return Debate(rounds=len(rounds), turns="sequential")
    if whole and not made.crossed and len(sides) == 1 and made.asked == later:
        return Consultancy(rounds=len(rounds))
    form = "debate" if len(sides) == 2 else "consultancy"
    asked = made.crossed or any(made.asked)
    return Recorded(form=f"interactive {form}" if asked else form, script=_script(made))


def _script(made: _Transcript) -> str:
    """Who spoke when, for the protocol `recorded`."""
    rounds = []
    for one in made.rounds:
        asks = [f"{JUDGE}:ask"] * bool(one.judge) + [f"{_CROSS}:ask"] * bool(one.cross_examiner)
        spoke = [seat for side, seat in _seats(made.shown).items() if getattr(one, side)]
        rounds.append(" ".join([*asks, (" " if one.type == "seq" else "+").join(spoke)]).strip())
    return "; ".join(part for part in rounds if part)


def _said(made: _Transcript, protocol: Protocol, seats: dict[str, str]) -> Iterator[Utterance]:
    answers = isinstance(protocol, Consultancy)
    for number, one in enumerate(made.rounds, start=1):
        for seat, text in ((JUDGE, one.judge), (_CROSS, one.cross_examiner)):
            if text:
                yield Utterance(seat, text, "ask")
        for side, seat in seats.items():
            if text := getattr(one, side):
                yield Utterance(seat, _MARKS.sub(r"<\1quote>", text), "answer" if answers and number > 1 else "argue")


def _judged(row: Row, beside: _Judged, model: str, swap: bool) -> Iterator[Judgement]:
    """The verdicts of a row; a reply that the file says is not complete is none."""
    if beside.confidence_correct is not None:
        p = (beside.confidence_correct, 1 - beside.confidence_correct)
        yield Judgement(judge(f"human {beside.judge_id}", "llm_debate"), p, beside.explanation or "")
    for column, value in row.fields.items():
        votes = re.fullmatch(r"answer_judge(\d*)", column)
        if votes and value and str(row.fields.get(f"complete_judge{votes[1]}")) != "False":
            yield Judgement(judge(f"{model}{votes[1]}", "llm_debate"), _verdict(str(value), swap), str(value))


def _verdict(reply: str, swap: bool) -> tuple[float, ...]:
    """The probabilities that a judge's reply comes to, of the right answer first; none where it cannot be read."""
    if sure := _SURE.search(reply.strip()):
        return (float(sure[1]), 1 - float(sure[1]))
    if stated := _PROBABILITIES.search(reply):
        a, b = float(stated[1]), float(stated[2])
        p = (a / (a + b), b / (a + b)) if a + b else ()
    else:
        p = {frozenset("A"): (1.0, 0.0), frozenset("B"): (0.0, 1.0)}.get(frozenset(_letters(reply.strip())), ())
    return p[::-1] if swap else p


def _letters(reply: str) -> set[str]:
    """The letters that a reply names as its answer."""
    found = [short] if (short := _SHORT.fullmatch(reply)) else [*_LETTER.finditer(reply)]
    found = found or [*_LAST.finditer(reply.rpartition("\n")[2])]
    return {letter for one in found for letter in one.groups() if letter}
