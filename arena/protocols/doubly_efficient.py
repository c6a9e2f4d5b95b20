"""Alice states every step of a computation, Bob accepts or challenges one, and the judge checks no step but that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil

from pydantic import Field

from arena.chain import Block, Chain, Odds, Span, hinge, stated
from arena.errors import ConfigError
from arena.nouns import JUDGE, Case, Cue, Turn
from arena.prompt import Prompt, fenced, fill, load
from arena.protocol import Draw, Play, Protocol


class DoublyEfficient(Protocol):
    """Doubly-efficient debate (Brown-Cohen, Irving & Piliouras 2023), for computations with an oracle.

    Of a move Alice states the next state, of a vote the probability that the oracle says 1. Bob accepts, and the arena
    draws the bit from Alice's own probability, or challenges a step, and the judge asks the oracle about that one step.
    If nothing is challenged, the votes drawn decide, with the threshold (c + s) / 2, or the last state does. So the
    judge's work is the same for any number of steps, and the provers' work grows as the computation does.

    Deviations: steps are stated in blocks, and to make that possible the coins are public, drawn before the match: a
    vote is 1 where its coin is below the stated probability. A challenge ends the match, and the first challenged step
    counts. Knowing the coins gives a liar nothing: below the gap d, whatever Alice states and whatever she knows, a bit
    is at most what the same coin gives at the true probability plus d, so the bound for hidden coins holds with c - d
    and s + d. A number that is missing counts as 0, as a state does that is no whole number, and is Bob's to challenge.
    Bob accepts or challenges in one of the forms that he is told; what is in none of them is refused, and not guessed.
    """

    block: int = Field(default=500, ge=1)
    """Steps in a turn; a person or a language model states few at a time and can hardly use the coins: 1 for them."""
    gap: float = Field(default=0.15, gt=0, lt=1)
    """How far a stated probability must be off to be wrong: below (c - s) / 2, or honest votes could be overturned."""
    prompt: Prompt = Field(default_factory=lambda: load("doubly_efficient"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        return {"alice": "prover", "bob": "prover"}

    @property
    def relabels(self) -> bool:
        return False

    def fits(self, case: Case) -> str:
        chain = Chain.read(case.question)
        if chain is None:
            return "its text states no computation of steps; the task `computation` makes such questions"
        if chain.votes and self.gap >= (chain.c - chain.s) / 2:
            return f"gap is {self.gap}; it must be below (c - s) / 2 = {(chain.c - chain.s) / 2:g}"
        return ""

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def play(self, case: Case) -> Play:
        chain = _chain(case)
        for number in range(1, ceil(chain.steps / self.block) + 1):
            block = self._block(chain, case, number)
            count = block.last - block.first + 1
            asks = fill(self.prompt, "state", block=block.text)
            yield Cue(seat="alice", round=number, act="claim", words=2 * count + 6, task=asks)
            asks = fill(self.prompt, "answer", block=block.text)
            (answer,) = yield Cue(seat="bob", round=number, act="claim", words=20, task=asks, form=_form(block))
            if _challenged(answer, block):
                return

    def refuses(self, case: Case, turn: Turn) -> str:
        block = self._block(_chain(case), case, turn.round)
        if turn.seat != "bob" or _ACCEPTED.fullmatch(turn.claims[0]) or _challenged(turn, block):
            return ""
        steps = f"N from {block.first} to {block.last}"
        return f"'I accept.' or 'I challenge step N.', {steps}, was asked for: {turn.claims[0][:80]!r}"

    def _block(self, chain: Chain, case: Case, number: int) -> Block:
        coins = f"{case.draw('coins').getrandbits(64):016x}"
        last = min(number * self.block, chain.steps)
        return Block(first=(number - 1) * self.block + 1, last=last, coins=coins, gap=self.gap)

    def hears(self, seat: str, turn: Turn) -> bool:
        """The judge reads no list of values: what concerns it stands in its brief."""
        return seat != JUDGE

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        chain = _chain(case)
        values = stated(turns, self.block, chain.moves)
        answers = [turn for turn in turns if turn.seat == "bob"]
        block = self._block(chain, case, max(1, len(answers)))
        step = _challenged(answers[-1], block) if answers else 0
        mine, other = (case.answers[case.defends[seat]] for seat in ("alice", "bob"))
        if step:
            follows = hinge(true=mine, false=other)
            claim = fenced(self._claim(chain, values, step, block.coins))
            return fill(self.prompt, "challenge", claim=claim, hinge=follows)
        if len(answers) * self.block < chain.steps:
            return fill(self.prompt, "whole")
        stands = chain.record(values[: chain.steps], block.coins) == mine
        return fill(self.prompt, "record", hinge=hinge(record=mine if stands else other))

    def _claim(self, chain: Chain, values: Sequence[float], step: int, coins: str) -> str:
        """What Alice stated of a step, with all that it takes to check it."""
        if step <= chain.moves:
            before = int(values[step - 2]) if step > 1 else chain.start
            return Span(first=step - 1, before=before, last=step, after=int(values[step - 1])).text
        ones = chain.ones(values[chain.moves : step - 1], coins)[-1]
        state = int(values[chain.moves - 1])
        return Odds(moves=chain.moves, state=state, ones=ones, p=values[step - 1], gap=self.gap).text


def _chain(case: Case) -> Chain:
    chain = Chain.read(case.question)
    if chain is None:
        raise ConfigError(f"no computation of steps in the question {case.question[:80]!r}")
    return chain


def _challenged(answer: Turn, block: Block) -> int:
    """The step of the block that Bob challenges; 0 where he challenges none of it."""
    found = _CHALLENGED.fullmatch(answer.claims[0])
    step = int(next(filter(None, found.groups()))) if found else 0
    return step if block.first <= step <= block.last else 0


def _form(block: Block) -> str:
    """What Bob may say of a block; where it is not too long for a grammar, with the steps that it has."""
    steps = range(block.first, block.last + 1)
    some = f"({'|'.join(map(str, steps))})" if len(steps) <= _MANY else "[1-9][0-9]{0,4}"
    return rf"I (accept|challenge step {some})\."


_MANY = 200
_CHALLENGED = re.compile(
    r"\W*(?:I challenge |challenge\W+)?(?:step\W*)?([0-9]{1,9})\W*"
    r"|\W*(?:step\W*|x\()([0-9]{1,9})\)?(?: is| was|:|,)? (?:wrong|false|incorrect)\W*",
    re.IGNORECASE,
)
"""`I challenge step 7.`, `challenge: 7`, `7`, `Step 7 is wrong`, `Step 7: wrong`, `x(7) is wrong`."""
_ACCEPTED = re.compile(
    r"\W*(?:I )?accept(?:ed)?(?:\W+(?:all|the|these|them|of|it|steps?|values?|and|to|[0-9]+))*\W*", re.IGNORECASE
)
"""`I accept.`, `I accept all values`, `I accept steps 1 to 20`."""
