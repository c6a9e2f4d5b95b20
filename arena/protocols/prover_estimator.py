"""Alice proves her answer by claims, Bob says how probable each is, and they go down to the one that Alice bets on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from arena.chain import Bet, Chain, hinge
from arena.nouns import JUDGE, Case, Cue, Turn
from arena.prompt import Prompt, fenced, fill, inert, load
from arena.protocol import Draw, Play, Protocol, two


class Node(NamedTuple):
    """Where the match stands: a claim, what Bob makes of it, and what Alice has gained on the way."""

    claim: str
    """Empty: Alice's answer."""
    p: float
    sign: int = 1
    """The direction in which Alice says that the estimate errs."""
    gain: float = 0.0
    """From estimates that do not hang together, at the stakes of their rounds."""


class ProverEstimator(Protocol):
    """Prover-estimator debate (Brown-Cohen, Irving & Piliouras 2025), against arguments too obscure to be refuted.

    Bob need not find the flaw in Alice's argument: he says how probable each of her sub-claims is. Alice picks one,
    says in which direction its estimate errs, and that sub-claim is split in turn, `depth` times. The judge decides
    whether the last claim holds. Her gain is sign * (holds - p) at that claim's stake, and at each level what Bob's
    estimates miss of hanging together: a claim that n sub-claims prove is at least as probable as 1 - sum(1 - p_k)
    (Frechet 1935). Stakes grow by `stakes` each round, so that an error spread thin over many sub-claims is as dear at
    the end as in one place: `stakes` should be at least `branching`. Where she gains more than `margin`, the estimates
    are refuted, and her answer stands if she bet on `more` and falls if she bet on `less`; else the answer is a bit
    drawn from Bob's first estimate.

    Deviations: the paper trains both by these payoffs and proves what is an equilibrium, here they decide a single
    match. The sub-claims of a claim are taken to prove it together, so estimates must obey one bound, where the paper
    has any function of the sub-claims. Bits are drawn for the root alone: at every other level the estimate itself
    takes the bit's place, with the same mean. Roles do not alternate; Bob argues for the other answer, by low
    estimates. An estimate that says no number from 0 to 1 counts as 1/2. The arena computes what hangs together. Of a
    computation it also sees whether the sub-claims prove their claim, as in `recursive`: where they do not, Alice's
    answer falls.
    """

    depth: int = Field(default=2, ge=1)
    branching: int = Field(default=4, ge=1)
    """How many sub-claims a claim may be split into."""
    words: int = Field(default=200, ge=1)
    """Limit on the sub-claims together."""
    stakes: float = Field(default=4.0, ge=1)
    """By how much the stakes grow from one round to the next."""
    margin: float = Field(default=0.1, ge=0, lt=1)
    """What Alice must gain to refute the estimates."""
    prompt: Prompt = Field(default_factory=lambda: load("prover_estimator"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        return {"alice": "prover", "bob": "estimator"}

    @property
    def relabels(self) -> bool:
        return False

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def play(self, case: Case) -> Play:
        answer = (case.answers[case.defends["alice"]],)
        (turn,) = yield Cue(seat="bob", round=1, act="claim", words=20, options=answer, task=fill(self.prompt, "root"))
        node = Node("", _probability(turn.claims[0]))
        for number in range(2, self.depth + 2):
            told = fill(self.prompt, "split", claim=fenced(inert(node.claim))) if node.claim else ""
            task = told or fill(self.prompt, "claims")
            if chain := Chain.read(case.question):
                task = f"{task}\n{fill(self.prompt, 'even', most=chain.part(node.claim, self.branching))}"
            (split,) = yield Cue(
                seat="alice", round=number, act="claim", words=self.words, most=self.branching, task=task
            )
            (guess,) = yield self._estimate(number, node, split.claims)
            p = _estimates(guess, len(split.claims))
            bets = _bets(split.claims, p)
            (chosen,) = yield Cue(seat="alice", round=number, act="choose", options=bets, task=fill(self.prompt, "bet"))
            node = self._next(number, node, split.claims, p, chosen.choice or 0)

    def _estimate(self, number: int, node: Node, claims: tuple[str, ...]) -> Cue:
        task = fill(self.prompt, "estimate", p=node.p, count=len(claims))
        return Cue(
            seat="bob", round=number, act="claim", words=20 * len(claims), most=len(claims), options=claims, task=task
        )

    def _next(self, number: int, node: Node, claims: Sequence[str], p: Sequence[float], choice: int) -> Node:
        missed = inconsistency(node.p, p) * self.stakes ** (number - 2)
        index, sign = choice // 2, 1 - 2 * (choice % 2)
        return Node(claims[index], p[index], sign, node.gain + missed)

    def _reached(self, turns: Sequence[Turn]) -> Node:
        """Where the turns have come to."""
        claims: tuple[str, ...] = ()
        p: tuple[float, ...] = ()
        node = Node("", 0.5)
        for turn in turns:
            if turn.seat == "bob":
                p = _estimates(turn, len(claims) or 1)
                node = node if claims else Node("", p[0])
            elif turn.act == "claim":
                claims = turn.claims
            else:
                node = self._next(turn.round, node, claims, p, turn.choice or 0)
        return node

    def hears(self, seat: str, turn: Turn) -> bool:
        """The judge reads the last claim alone, in its brief: whether it holds, and not who estimated well."""
        return seat != JUDGE

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        node = self._reached(turns)
        if sum(turn.act == "choose" for turn in turns) < self.depth:
            return fill(self.prompt, "whole")
        if self._gap(case, turns):
            return fill(self.prompt, "gap", hinge=hinge(record=case.answers[case.defends["bob"]]))
        falls = {name: case.answers[self._answer(case, turns, node, holds)] for name, holds in _HOLDS.items()}
        return fill(self.prompt, "leaf", claim=fenced(inert(node.claim)), hinge=hinge(**falls))

    def _gap(self, case: Case, turns: Sequence[Turn]) -> bool:
        """Whether sub-claims about a computation fail to prove what they should."""
        chain, mine = Chain.read(case.question), case.answers[case.defends["alice"]]
        node = ""
        claims: tuple[str, ...] = ()
        for turn in turns:
            if turn.seat == "alice" and turn.act == "claim":
                claims = turn.claims
                if chain and not chain.proved(node, mine, claims, self.branching):
                    return True
            elif turn.act == "choose":
                node = claims[(turn.choice or 0) // 2]
        return False

    def _answer(self, case: Case, turns: Sequence[Turn], node: Node, holds: int) -> int:
        """The answer that follows where the last claim holds (1) or not (0)."""
        gain = node.gain + node.sign * (holds - node.p) * self.stakes**self.depth
        if gain > self.margin:
            return case.defends["alice" if node.sign > 0 else "bob"]
        first = _probability(turns[0].claims[0])
        return case.defends["alice" if case.draw("root").random() < first else "bob"]


_HOLDS = {"true": 1, "false": 0}


def inconsistency(p: float, parts: Sequence[float]) -> float:
    """By how much a claim's estimate is below the least that the estimates of the parts that prove it allow.

    Frechet (1935): P(all of them) >= 1 - sum(1 - p_k), however they depend on one another.
    """
    return max(0.0, 1 - sum(1 - part for part in parts) - p)


def _estimates(turn: Turn, count: int) -> tuple[float, ...]:
    found = [_probability(claim) for claim in turn.claims[:count]]
    return (*found, *(0.5,) * (count - len(found)))


def _probability(text: str) -> float:
    """The last percentage that is said, else the last decimal, else the last 0 or 1; 1/2 where there is none."""
    said = _STATED.findall(_SCALE.sub("", text))
    percent = [float(number) / 100 for number, unit in said if unit]
    plain = sorted((number for number, unit in said if not unit), key=lambda number: not number.isdigit())
    return next((p for p in reversed([*map(float, plain), *percent]) if 0 <= p <= 1), 0.5)


_STATED = re.compile(r"(?<![\w.])(\d*\.?\d+(?:e-?\d+)?)\s*(%|per ?cent)?", re.IGNORECASE)
_SCALE = re.compile(r"(?:from|between) 0 (?:to|and) 1(?:00)?\b")


def _bets(claims: Sequence[str], p: Sequence[float]) -> tuple[str, ...]:
    """Two options a claim: its estimate is too low, it is too high."""
    pairs = zip(claims, p, strict=True)
    return tuple(f"{claim} {Bet(sign=sign, p=one).text}" for claim, one in pairs for sign in (1, -1))
