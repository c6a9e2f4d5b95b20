"""Alice supports her answer with claims, Bob attacks one, and so on down to a claim that can be judged by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from arena.chain import Chain, hinge
from arena.nouns import JUDGE, Case, Cue, Turn, View
from arena.prompt import Prompt, fenced, fill, inert, load
from arena.protocol import Draw, Part, Play, Protocol, two


class Recursive(Protocol):
    """Recursive debate (Barnes & Christiano 2020); of a computation it is the bisection of Brown-Cohen 2023.

    A node is a claim. Alice states sub-claims that together prove it, Bob picks the one to attack, and that is the next
    node. The way down ends at `depth`, where Alice restates a claim that she cannot split, or where the judge's seat is
    sure. At the end both argue once, about that claim alone, and the judge sees that claim and that node's turns alone.

    Deviations: Alice makes all the claims and Bob all the attacks, where Barnes & Christiano let both answer; both
    orders are played instead. That the sub-claims prove the claim is not itself open to attack: in words an
    answer may stand on true sub-claims that do not prove it. Of a computation the arena sees whether each is one claim
    about two states and not a word besides, and whether they lead from one state to the other in parts that are no
    longer than equal ones, as the bisection asks: where they do not, or where a claim of several moves is not split,
    Alice's answer falls.
    """

    depth: int = Field(default=3, ge=1)
    """How often a claim is split at most."""
    branching: int = Field(default=4, ge=1)
    """How many sub-claims a claim may be split into."""
    words: int = Field(default=200, ge=1)
    """Limit on the sub-claims together, and on an argument."""
    stop: Literal["never", "sure"] = "never"
    """`sure`: the way down ends when the judge's seat finds an answer as probable as `sure`."""
    sure: float = Field(default=0.95, gt=0.5, le=1)
    prompt: Prompt = Field(default_factory=lambda: load("recursive"))
    """What the seats and the judge are told."""

    @property
    def seats(self) -> dict[str, str]:
        asked = {JUDGE: "questioner"} if self.stop == "sure" else {}
        return {"alice": "prover", "bob": "prover", **asked}

    @property
    def relabels(self) -> bool:
        return False

    def fits(self, case: Case) -> str:
        return two(case)

    def sides(self, draw: Draw) -> list[dict[str, int]]:
        return [{"alice": draw.pair[0], "bob": draw.pair[1]}]

    def play(self, case: Case) -> Play:
        claim, number = yield from self._down(case, "", 1)
        tasks = {"alice": "defend", "bob": "refute"}
        yield tuple(
            Cue(seat=seat, round=number, words=self.words, task=fill(self.prompt, task, claim=fenced(inert(claim))))
            for seat, task in tasks.items()
        )

    def _down(self, case: Case, claim: str, number: int) -> Part[tuple[str, int]]:
        """From a claim (empty: the answer) to the one that the match comes to, and the round in which it is argued."""
        task = fill(self.prompt, "split", claim=fenced(inert(claim))) if claim else fill(self.prompt, "root")
        if chain := Chain.read(case.question):
            task = f"{task}\n{fill(self.prompt, 'even', most=chain.part(claim, self.branching))}"
        (split,) = yield Cue(seat="alice", round=number, act="claim", words=self.words, most=self.branching, task=task)
        if split.claims == (claim,):
            return claim, number + 1
        options = split.claims
        (chosen,) = yield Cue(seat="bob", round=number, act="choose", options=options, task=fill(self.prompt, "attack"))
        below = options[chosen.choice or 0]
        if number >= self.depth or (yield from self._sure(number)):
            return below, number + 1
        return (yield from self._down(case, below, number + 1))

    def _sure(self, number: int) -> Part[bool]:
        """Whether the judge needs to go no further."""
        if self.stop == "never":
            return False
        (belief,) = yield Cue(seat=JUDGE, round=number, act="believe")
        return max(belief.p) >= self.sure

    def brief(self, case: Case, turns: Sequence[Turn]) -> str:
        attacked = [turn for turn in turns if turn.act == "choose"]
        if not attacked:
            return fill(self.prompt, "whole")
        if self._gap(case, turns):
            return fill(self.prompt, "gap", hinge=hinge(record=case.answers[case.defends["bob"]]))
        falls = {"true": case.defends["alice"], "false": case.defends["bob"]}
        follows = hinge(**{name: case.answers[answer] for name, answer in falls.items()})
        return fill(self.prompt, "node", claim=fenced(inert(attacked[-1].text)), hinge=follows)

    def _gap(self, case: Case, turns: Sequence[Turn]) -> bool:
        """Whether sub-claims about a computation fail to prove what they should."""
        chain, mine = Chain.read(case.question), case.answers[case.defends["alice"]]
        node = ""
        for turn in turns:
            if chain and turn.act == "claim" and not chain.proved(node, mine, turn.claims, self.branching):
                return True
            node = turn.text if turn.act == "choose" else node
        return False

    def view(self, seat: str, case: Case, turns: Sequence[Turn]) -> View:
        """The judge sees the last node alone."""
        whole = super().view(seat, case, turns)
        last = max((turn.round for turn in turns), default=0)
        node = tuple(turn for turn in whole.turns if turn.round == last)
        return whole.model_copy(update={"turns": node}) if seat == JUDGE else whole
