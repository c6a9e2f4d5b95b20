"""Generated passages with facts to look up and to combine: endless, seeded, needs no data."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from pydantic import Field

from arena.nouns import Question
from arena.task import Task

_NAMES = (
    "Orla Tobin Maren Edrik Suli Hanno Brisa Colm Petra Ivo Nesta Ruben Talia Goran Linnea Osric Wanda Jorun Mirek "
    "Della Anselm Bettany Corin Dagny Elspeth Fergal Greta Hollis Imre Joss"
).split()


class _Fact(NamedTuple):
    """An attribute of a settler: its values, how the passage says it, how a question asks for it and names by it."""

    values: tuple[str, ...]
    said: tuple[str, ...]
    asked: str
    named: str


_FACTS = (
    _Fact(
        ("Tarsk", "Velmouth", "Oxney", "Brindal", "Corrow", "Hollin", "Skarne", "Pellworth", "Drossel", "Minch"),
        ("{n} came from {v}.", "{v} was where {n} came from.", "{n} was the one who came from {v}."),
        "Where did {n} come from?",
        "the settler from {v}",
    ),
    _Fact(
        ("cooper", "glazier", "beekeeper", "ropemaker", "saddler", "clockmaker", "dyer", "mason", "fletcher", "baker"),
        ("By trade {n} was a {v}.", "{n} was a {v} by trade.", "The trade of {n} was that of a {v}."),
        "What was the trade of {n}?",
        "the {v}",
    ),
    _Fact(
        (
            "a copper kettle",
            "a caged finch",
            "a brass sextant",
            "a sack of rye",
            "a walnut fiddle",
            "an iron stove",
            "a bundle of maps",
            "a blue lantern",
            "a silver flute",
            "a painted sled",
        ),
        ("{n} brought {v}.", "{n} brought {v} on the boat.", "What {n} brought was {v}."),
        "What did {n} bring?",
        "the settler who brought {v}",
    ),
    _Fact(
        (
            "Heron Inn",
            "Salt House",
            "Old Mill",
            "Ferry Loft",
            "Grey Barn",
            "Chapel Hall",
            "North Tower",
            "Wharf Cottage",
        ),
        (
            "{n} spent the first winter in the {v}.",
            "{n} was in the {v} for the first winter.",
            "For the first winter {n} lived in the {v}.",
        ),
        "Where did {n} spend the first winter?",
        "the settler who spent the first winter in the {v}",
    ),
)


class Passages(Task):
    """Each passage tells of invented settlers, each with one value of every kind of fact, in shuffled sentences.

    The right answer is one settler's value and a wrong one is another's, of the same kind and from the same passage;
    which settler is asked about is drawn uniformly. Right and wrong are exchangeable given all but the passage, so
    without the passage no judge can do better than chance, whatever it knows.
    """

    questions: int | None = Field(default=10, ge=1)
    people: int = Field(default=4, ge=2, le=8)
    """Settlers in a passage: its length, and how many wrong answers there are."""
    facts: int = Field(default=3, ge=2, le=4)
    """Facts told of each settler."""
    difficulty: int = Field(default=1, ge=1, le=3)
    """1: one fact, asked by name. 2: two facts, the settler named by another fact. 3: as 2, through a settler who
    travelled with the one named."""
    choices: int = Field(default=2, ge=2, le=8)
    """Answers to a question; no more than there are settlers."""
    per_passage: int = Field(default=1, ge=1, le=4)
    """Questions about the same passage: one source for the statistics."""

    def stream(self, seed: int) -> Iterator[Question]:
        """Question i is the same for a seed, however many are taken."""
        for i in range(self.questions or 0):
            passage, number = divmod(i, self.per_passage)
            yield self._question(f"passages {seed} {passage} of {self.people} x {self.facts}", number)

    def _question(self, source: str, number: int) -> Question:
        place = self._place(Random(source))
        draw = Random(f"{source} question {number}")
        asked, by = draw.sample(range(self.facts), 2)
        people = draw.sample(list(place.settlers), min(self.choices, self.people))
        who = self._who(place, people[0], by)
        answers = [place.settlers[name][asked] for name in people]
        draw.shuffle(answers)
        return Question(
            id=f"{source}.{number} d{self.difficulty}",
            text=_FACTS[asked].asked.format(n=who),
            answers=tuple(answers),
            correct=answers.index(place.settlers[people[0]][asked]),
            passage=place.passage,
            source=source,
            tags=(f"difficulty {self.difficulty}",),
        )

    def _place(self, draw: Random) -> _Place:
        names = draw.sample(_NAMES, self.people)
        drawn = [draw.sample(fact.values, self.people) for fact in _FACTS[: self.facts]]
        settlers = {name: tuple(values[i] for values in drawn) for i, name in enumerate(names)}
        said = [
            draw.choice(fact.said).format(n=name, v=settlers[name][k])
            for k, fact in enumerate(_FACTS[: self.facts])
            for name in names
        ]
        ring = draw.sample(names, self.people)
        partner = dict(zip(ring, ring[1:] + ring[:1], strict=True))
        if self.difficulty == 3:
            said += [f"{one} sat beside {other} on the boat, to the left." for one, other in partner.items()]
        draw.shuffle(said)
        return _Place(settlers, {other: one for one, other in partner.items()}, " ".join(said))

    def _who(self, place: _Place, name: str, by: int) -> str:
        """How the question names the settler it asks about."""
        if self.difficulty == 1:
            return name
        if self.difficulty == 2:
            return _FACTS[by].named.format(v=place.settlers[name][by])
        left = place.left[name]
        return f"the settler to whose left {_FACTS[by].named.format(v=place.settlers[left][by])} sat"


class _Place(NamedTuple):
    settlers: dict[str, tuple[str, ...]]
    """Name -> the settler's value of each fact."""
    left: dict[str, str]
    """Settler -> the one who sat to the left."""
    passage: str
