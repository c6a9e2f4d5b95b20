"""Decides by a set number of checks, each with a set rate of error: a simulated judge, for tests and theory.

What it can check is one step of a computation, one sample of its oracle, or one quote. Its errors are drawn from the
content hash of what it sees, so the same view is always judged alike.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from random import Random

from pydantic import Field
from scipy.stats import binom

from arena.chain import Chain, Odds, Span, hung
from arena.judge import Judge
from arena.nouns import JUDGE, Verdict, View
from arena.plugin import key

IDLE = "nothing to check"


class Bounded(Judge):
    """A check that errs gives a wrong result: another state, the other bit, the opposite of a quote's mark.

    It decides by the first of these that it can: the claim that the protocol says everything hangs on, if its moves
    are within the budget, with all the samples that the budget allows for odds; its own computation from the start; the
    chains of checkpoints that speakers state, as many of them as the budget allows, drawn; without a computation, the
    quotes' marks. A claim of several spans hangs on no one of them and is false. Moves of a claim or of its own
    computation it goes through as often as the budget allows, and holds with the most common end. Of checkpoints it
    holds that a false chain has one false move, as likely here as there, and weighs what it found by Bayes' rule with
    its own rate of error. With nothing to check it gives a uniform verdict and says so in a flag. Its reason is the
    number of checks.
    """

    checks: int = Field(default=10, ge=0)
    """Moves, samples or quotes that it may check in one decision."""
    error: float = Field(default=0.01, ge=0, lt=0.5)
    """Probability that a check errs, each by itself."""

    def times(self, moves: int) -> int:
        """How often it goes through so many moves: an odd number within its checks, or 0."""
        rounds = self.checks // moves
        return rounds - (rounds % 2 == 0) if rounds else 0

    def surety(self, moves: int) -> float:
        """The least probability that it sees the right end of so many moves: that more than half of its times do."""
        times = self.times(moves)
        return float(binom.sf(times // 2, times, (1 - self.error) ** moves)) if times else 0.0

    async def decide(self, view: View) -> Verdict:
        eye = _Eye(self, view)
        chain = Chain.read(view.question)
        p = eye.quotes() if chain is None else eye.hinged(chain) or eye.computed(chain) or eye.stated(chain)
        n = len(view.answers)
        flags = () if p else (IDLE,)
        return Verdict(p=p or (1 / n,) * n, reason=f"checks {eye.used}", flags=flags)


P = tuple[float, ...]


class _Eye:
    """One decision's checks, counted; the parts give no probabilities where they cannot decide."""

    def __init__(self, judge: Bounded, view: View) -> None:
        self.judge, self.view = judge, view
        self.used = 0
        self._draw = Random(key(judge, view))

    @property
    def left(self) -> int:
        return self.judge.checks - self.used

    def hinged(self, chain: Chain) -> P:
        """By the one claim that decides, or by the record of a match in which nothing was challenged."""
        follows = hung(self.view.brief)
        if "record" in follows:
            return self._for(follows["record"], 1 - self.judge.error)
        if "true" not in follows or not self.left:
            return ()
        spans, odds = Span.found(self.view.brief), Odds.found(self.view.brief)
        if odds:
            holds = self._sampled(chain, odds[-1])
            return self._for(follows[_NAMES[holds]], 1 - self.judge.error)
        if len(spans) > 1:
            return self._for(follows["false"], 1 - self.judge.error)
        if not spans or spans[0].length > self.left:
            return ()
        length = spans[0].length
        holds = self._holds(chain, spans[0], self.judge.times(length))
        return self._for(follows[_NAMES[holds]], max(0.5, self.judge.surety(length)))

    def computed(self, chain: Chain) -> P:
        """By going through the moves itself."""
        if chain.moves > self.left:
            return ()
        end = self._end(chain, 0, chain.start, chain.moves, self.judge.times(chain.moves))
        return self._for(chain.answer(end), max(0.5, self.judge.surety(chain.moves)))

    def stated(self, chain: Chain) -> P:
        """By checkpoints of those who argue."""
        proofs = {answer: self._proof(chain, answer) for answer in sorted(set(self.view.sides.values()))}
        spans = [(answer, span) for answer, proof in proofs.items() for span in proof]
        self._draw.shuffle(spans)
        checked, refuted = dict.fromkeys(proofs, 0), set()
        for answer, span in spans:
            if span.length <= self.left:
                checked[answer] += span.length
                refuted |= set() if self._holds(chain, span) else {answer}
        if not self.used:
            return ()
        return self._posterior(
            {i: _likelihood(checked[i], chain.moves, self.judge.error, i in refuted) for i in checked}
        )

    def _posterior(self, found: dict[int, tuple[float, float]]) -> P:
        """Of each answer, where one is right, from how likely what was found is if it is right and if it is wrong."""
        each = range(len(self.view.answers))
        odds = [prod(found[j][i != j] for j in found) for i in each]
        return tuple(one / sum(odds) for one in odds) if sum(odds) else ()

    def _proof(self, chain: Chain, answer: int) -> list[Span]:
        """Checkpoints that lead from the start to an end that gives the answer; none where they do not."""
        turns = [t for t in self.view.turns if t.seat != JUDGE and self.view.sides.get(t.seat) == answer]
        spans = list(dict.fromkeys(span for turn in turns for span in Span.found(turn.text)))
        return spans if chain.proof(spans, self.view.answers[answer]) else []

    def quotes(self) -> P:
        """By the answer whose speakers have more verified than unverified quotes, of those it looks at."""
        marks = [
            (self.view.sides[turn.seat], quote.verified)
            for turn in self.view.turns
            if turn.seat in self.view.sides and turn.seat != JUDGE
            for quote in turn.quotes
        ]
        score = [0] * len(self.view.answers)
        for answer, verified in self._draw.sample(marks, min(self.judge.checks, len(marks))):
            self.used += 1
            score[answer] += 1 if verified != self._errs() else -1
        best = [i for i, points in enumerate(score) if points == max(score)]
        return self._for(self.view.answers[best[0]], 1 - self.judge.error) if len(best) == 1 else ()

    def _for(self, answer: str, p: float) -> P:
        """`p` on one answer and the rest shared; nothing where it is none of the answers."""
        answers = self.view.answers
        if answer not in answers:
            return ()
        return tuple(p if one == answer else (1 - p) / (len(answers) - 1) for one in answers)

    def _errs(self) -> bool:
        return self._draw.random() < self.judge.error

    def _trace(self, chain: Chain, first: int, before: int, last: int) -> int:
        """The state that it believes the moves to end in."""
        state = before
        for i in range(first + 1, last + 1):
            self.used += 1
            state = chain.move(i, state)
            if self._errs():
                state = (state + self._draw.randrange(1, chain.modulus)) % chain.modulus
        return state

    def _end(self, chain: Chain, first: int, before: int, last: int, times: int) -> int:
        """The state in which it most often believes the moves to end."""
        ends = Counter(self._trace(chain, first, before, last) for _ in range(times))
        return ends.most_common(1)[0][0]

    def _holds(self, chain: Chain, span: Span, times: int = 1) -> bool:
        return self._end(chain, span.first, span.before, span.last, times) == span.after

    def _sampled(self, chain: Chain, claim: Odds) -> bool:
        """Whether the samples' mean, its own known errors taken out, is within half the gap of the claimed odds."""
        odds, error, n = chain.odds(claim.state, claim.ones), self.judge.error, self.left
        self.used += n
        ones = sum((self._draw.random() < odds) != self._errs() for _ in range(n))
        return abs((ones / n - error) / (1 - 2 * error) - claim.p) <= claim.gap / 2


def _likelihood(checked: int, moves: int, error: float, refuted: bool) -> tuple[float, float]:
    """That so many checked moves of a chain pass, or one does not: of a true chain, of one with a false move."""
    clean = (1 - error) ** checked
    passes = clean, clean * (1 - checked / moves)
    return (1 - passes[0], 1 - passes[1]) if refuted else passes


_NAMES = {True: "true", False: "false"}
