"""Computes: argues from a computation's steps, truly where its answer is right and with its best lie where not.

It needs no model, so that a protocol can be tried on thousands of steps and held against what is proven of it. It knows
the rule from the question's text and its side from its seat; whether its side is right it finds out by computing.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from arena.agent import Agent
from arena.chain import ACCEPTS, Bet, Block, Chain, Span, stated
from arena.errors import Unreadable
from arena.nouns import Cue, Speech, View

_WORDS = 10
"""Of a statement about two states."""
_SHORT = 0.99
"""How close to the gap its false probabilities go: further, and they could be challenged."""


class Prover(Agent):
    """Sits in any seat that argues about a question that states a computation; private text counts its steps.

    Its lie: true states up to a step drawn from the case, one false step there, and from it on the states that end in
    its answer, found by undoing the moves. A false probability of a vote is its true one, moved by nearly the gap. As
    an opponent it attacks the first false claim; where all are true, one that is drawn. A statement that is not one
    claim about the computation's states, to the word, it holds to be false. As an estimator whose side is wrong it
    spreads its error evenly over all statements, so that none is far off. In a speech it states as many checkpoints as
    the words allow. It does not answer what it is asked in words, and repeats its case.
    """

    async def speak(self, view: View, cue: Cue) -> Speech:
        chain = Chain.read(view.question)
        if chain is None:
            raise Unreadable("the question states no computation; this agent argues about the task `computation` alone")
        mind = _Mind(chain, view, cue)
        said = mind.say()
        return said.model_copy(update={"private": f"{mind.steps} steps computed"})


class _Mind:
    """One turn's thought, with the count of the steps it took."""

    def __init__(self, chain: Chain, view: View, cue: Cue) -> None:
        self.chain, self.view, self.cue = chain, view, cue
        self.steps = 0

    def say(self) -> Speech:
        """What the cue asks for. Raises Unreadable for an act that no computation answers."""
        cue = self.cue
        if cue.act == "choose":
            return Speech(choice=self._choice())
        if cue.act == "believe":
            end = self._trace(0, self.chain.start, self.chain.moves)[-1]
            return Speech(p=tuple(float(answer == self.chain.answer(end)) for answer in self.view.answers))
        if cue.act == "claim":
            block = Block.found(cue.task)
            return Speech(claims=self._claims(block))
        if cue.act == "ask":
            raise Unreadable("this agent computes and asks nothing")
        return Speech(text=self._case())

    def _claims(self, block: Block | None) -> tuple[str, ...]:
        if block:
            return (self._values(block) if self.view.seat == "alice" else self._challenge(block),)
        return self._estimates() if self.cue.options else self._split(self._node(), self.cue.most)

    @property
    def _mine(self) -> str:
        if self.view.seat not in self.view.sides:
            raise Unreadable("this agent argues for an answer, and its seat has none")
        return self.view.mine

    def _draw(self, name: str) -> Random:
        return Random(f"{name} {self.view.question} {self.view.seat} {self._mine}")

    def _trace(self, first: int, before: int, last: int) -> list[int]:
        self.steps += last - first
        return self.chain.trace(first, before, last)

    def _back(self, last: int, after: int, first: int) -> list[int]:
        self.steps += last - first
        return self.chain.back(last, after, first)

    def _read(self, statement: str) -> Span | None:
        """The claim that a statement is, without the bet on it; None where it is no claim about this computation."""
        bet = Bet.found(statement)
        span = Span.read(statement.removesuffix(f" {bet.text}") if bet else statement)
        return span if span and span.last <= self.chain.moves else None

    def _holds(self, statement: str) -> bool:
        span = self._read(statement)
        return span is not None and self._trace(span.first, span.before, span.last)[-1] == span.after

    def _node(self) -> Span:
        """The claim to support: what was chosen last, or the own answer."""
        chosen = [turn.text for turn in self.view.turns if turn.act == "choose"]
        if chosen and (span := self._read(chosen[-1])):
            return span
        chain = self.chain
        end = self._trace(0, chain.start, chain.moves)[-1]
        return Span(first=0, before=chain.start, last=chain.moves, after=chain.target(self._mine, end))

    def _split(self, node: Span, most: int) -> tuple[str, ...]:
        """Checkpoints at equal distances, with one false step where the claim is false."""
        states = self._trace(node.first, node.before, node.last)
        if states[-1] != node.after:
            wrong = self._draw(f"lie {node.first}").randint(node.first + 1, node.last)
            states[wrong - node.first :] = self._back(node.last, node.after, wrong)
        parts = min(most, node.length)
        marks = [node.first + node.length * i // parts for i in range(parts + 1)]
        at = {mark: states[mark - node.first] for mark in marks}
        return tuple(Span(first=i, before=at[i], last=j, after=at[j]).text for i, j in pairwise(marks))

    def _case(self) -> str:
        """The checkpoints as a speech; against or for the claim that a match has come to, its own computation."""
        chosen = any(turn.act == "choose" for turn in self.view.turns)
        if not chosen:
            return " ".join(self._split(self._node(), max(1, self.cue.words // _WORDS)))
        node = self._node()
        found = self._trace(node.first, node.before, node.last)[-1]
        after = node.after if self.view.seat == "alice" else found
        return node.model_copy(update={"after": after}).text

    def _choice(self) -> int:
        holds = [self._holds(option) for option in self.cue.options]
        bets = [Bet.found(option) for option in self.cue.options]
        offers = zip(bets, holds, strict=True)
        gains = [(b.sign * (true - b.p), b.sign, -b.p) if b else (-true, 0, 0) for b, true in offers]
        best = [i for i, gain in enumerate(gains) if gain == max(gains)]
        return best[0] if bets[0] or not holds[best[0]] else self._draw("attack").choice(best)

    def _estimates(self) -> tuple[str, ...]:
        """Of the opponent's answer: 0, whichever is right. Of statements: the truth, or the error spread thin."""
        true = [float(self._holds(option)) for option in self.cue.options]
        if all(true):
            bets = [bet for turn in self.view.turns if turn.act == "choose" and (bet := Bet.found(turn.text))]
            node = bets[-1].p if bets else 0.0
            true = [1 - (1 - node) / len(true)] * len(true)
        return tuple(f"It has the probability {p:.12f}." for p in true)

    def _size(self, block: Block) -> int:
        """Steps in a turn of Alice's: those of all turns but the last are as many."""
        past = self.cue.round - 1
        return (block.first - 1) // past if past else block.last

    def _values(self, block: Block) -> str:
        """The values of a block's steps, following on what was stated before."""
        chain = self.chain
        values = stated(self.view.turns, self._size(block), chain.moves)
        states = self._states(block.first, min(block.last, chain.moves), values) if block.first <= chain.moves else []
        values += states
        votes = self._votes(block, values) if block.last > chain.moves else []
        return " ".join([*map(str, states), *(f"{p:.6f}" for p in votes)])

    def _states(self, first: int, last: int, values: list[float]) -> list[int]:
        """The states of some steps. On a computation without votes the lie is here, once in all blocks."""
        chain = self.chain
        before = round(values[-1]) if values else chain.start
        wrong = self._draw("lie").randint(1, chain.moves)
        if chain.votes or not first <= wrong <= last:
            return self._trace(first - 1, before, last)[1:]
        states = self._trace(first - 1, before, chain.moves)
        if chain.answer(states[-1]) != self._mine:
            target = chain.target(self._mine, states[-1])
            states[wrong - first + 1 :] = self._back(chain.moves, target, wrong)
        return states[1 : last - first + 2]

    def _votes(self, block: Block, values: list[float]) -> list[float]:
        """Probabilities of votes, bit by bit with the public coins; nearly a gap off where the answer is wrong."""
        chain = self.chain
        end, past = round(values[chain.moves - 1]), len(values) - chain.moves
        side = 0 if chain.answer(end) == self._mine else 1 if self._mine == ACCEPTS else -1
        draw = Random(block.coins)
        coins = [draw.random() for _ in range(block.last - chain.moves)]
        ones, stated_p = chain.ones(values[chain.moves :], block.coins)[-1], []
        for coin in coins[past:]:
            stated_p.append(chain.odds(end, ones) + side * _SHORT * block.gap)
            ones += coin < stated_p[-1]
        self.steps += len(stated_p)
        return stated_p

    def _challenge(self, block: Block) -> str:
        """The first wrong value; at the very end, if what was stated goes the other way, any."""
        values = stated(self.view.turns, self._size(block), self.chain.moves)[: block.last]
        wrong = self._wrong(block, values)
        self.steps += (wrong or block.last) - block.first + 1
        if not wrong and block.last == self.chain.steps and self.chain.record(values, block.coins) != self._mine:
            votes = self.chain.moves + 1 if self.chain.votes else 1
            wrong = self._draw("challenge").randint(max(votes, block.first), block.last)
        return f"I challenge step {wrong}." if wrong else "I accept."

    def _wrong(self, block: Block, values: list[float]) -> int:
        """The first step of the block whose value is wrong, given those before; 0 where none is."""
        chain = self.chain
        ones = chain.ones(values[chain.moves :], block.coins)
        for i in range(block.first, block.last + 1):
            if i <= chain.moves:
                before = round(values[i - 2]) if i > 1 else chain.start
                off = values[i - 1] != chain.move(i, before)
            else:
                odds = chain.odds(round(values[chain.moves - 1]), ones[i - 1 - chain.moves])
                off = abs(values[i - 1] - odds) >= block.gap
            if off:
                return i
        return 0
