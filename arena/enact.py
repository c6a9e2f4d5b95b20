"""Makes the turns of a match of what was said elsewhere, by the rules of its protocol."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from arena.errors import RuleError
from arena.importer import Utterance
from arena.match import Match
from arena.nouns import Cue, Speech, Turn, Usage, illegible
from arena.protocol import due
from arena.work import turn

UNKNOWN = Usage(prompt=None, completion=None, cost=None, seconds=None)
"""What was published elsewhere took nobody knows what."""


class Enacted(NamedTuple):
    """A transcript as far as it went."""

    turns: tuple[Turn, ...]
    over: bool


def enact(match: Match, said: Iterable[Utterance]) -> Enacted:
    """Each cue is answered by the seat's next utterance; where one is missing the transcript is not finished.

    Raises RuleError where somebody did what the protocol does not ask for, or spoke on after that.
    """
    waiting: dict[str, deque[Utterance]] = {seat: deque() for seat in match.protocol.seats}
    for one in said:
        if one.seat not in waiting:
            raise RuleError(f"{one.seat} speaks; seats of {match.protocol.name}: {', '.join(waiting) or 'none'}")
        waiting[one.seat].append(one)
    case, turns = match.case(), list[Turn]()
    while (step := due(match.protocol, case, turns)).cues and all(waiting[cue.seat] for cue in step.cues):
        turns += [_turn(match, cue, waiting[cue.seat].popleft(), step.heard) for cue in step.cues]
    turns += [_turn(match, cue, waiting[cue.seat].popleft(), step.heard) for cue in step.cues if waiting[cue.seat]]
    if left := [seat for seat, queue in waiting.items() if queue]:
        missing = [cue.seat for cue in step.cues if cue.seat not in left]
        why = f"{' and '.join(missing)} says nothing in round {step.cues[0].round}" if missing else "it is over"
        raise RuleError(f"{why}, and {left[0]} speaks on")
    return Enacted(tuple(turns), not step.cues)


def _turn(match: Match, cue: Cue, one: Utterance, heard: tuple[Turn, ...]) -> Turn:
    if one.act != cue.act:
        raise RuleError(f"in round {cue.round} {cue.seat} is to {cue.act}, and does {one.act}")
    if why := illegible(one.text):
        raise RuleError(f"what {cue.seat} says in round {cue.round} holds {why}")
    view = match.protocol.view(cue.seat, match.case(), heard)
    speech = Speech(text=one.text, choice=one.choice)
    made = turn(cue, speech, view, match.question.passage, len(heard), published=True)
    return made.model_copy(update={"usage": UNKNOWN})
