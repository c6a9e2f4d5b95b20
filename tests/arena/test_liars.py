"""Of a computation who is right and honest wins, whatever the other side says, before a judge that errs in no check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.prover import Prover
from arena.chain import Block, Chain, Span
from arena.errors import Unreadable
from arena.nouns import JUDGE, Case, Cue, Speech, Turn, View
from arena.protocol import Protocol, due
from arena.protocols.doubly_efficient import DoublyEfficient
from arena.protocols.prover_estimator import ProverEstimator
from arena.protocols.recursive import Recursive
from arena.work import turn
from judges.bounded import Bounded
from tasks.computation import Computation

JUDGED = Bounded(checks=9, error=0)
RECURSIVE = Recursive(depth=3, branching=3)
ESTIMATED = ProverEstimator(depth=3, branching=3, stakes=3.0)
Say = Callable[[View, Cue], Speech]

TWISTS: dict[str, Callable[[Chain, Span], str]] = {
    "as it is": lambda chain, span: span.text,
    "twice": lambda chain, span: f"{span.text} {span.text}",
    "split in one claim": lambda chain, span: f"{_made(chain, span, span.first + 1).text} {span.text}",
    "denied": lambda chain, span: f"It is not so: {span.text}",
    "with words": lambda chain, span: f"{span.text} That is plain.",
    "off": lambda chain, span: span.model_copy(update={"after": (span.after + 1) % 997}).text,
    "beyond the modulus": lambda chain, span: span.model_copy(update={"after": span.after + 997}).text,
    "from beyond": lambda chain, span: span.model_copy(update={"before": span.before + 997}).text,
    "negative": lambda chain, span: span.text.replace("= ", "= -", 1),
    "back": lambda chain, span: f"From x({span.last}) = {span.after} it follows that x({span.first}) = {span.before}.",
    "elsewhere": lambda chain, span: span.model_copy(update={"first": span.first + 1, "last": span.last + 1}).text,
    "endless": lambda chain, span: span.model_copy(update={"last": 999_999_999}).text,
    "huge": lambda chain, span: span.text.replace("= ", f"= {'9' * 5000}", 1),
    "in other digits": lambda chain, span: span.text.translate({ord("0") + i: 0x0660 + i for i in range(10)}),
    "a true one": lambda chain, span: _made(chain, span, span.last).text,
    "with a bet": lambda chain, span: f"{span.text} (more probable than 0.5)",
    "words": lambda chain, span: "The answer is right.",
}


def _made(chain: Chain, span: Span, last: int) -> Span:
    """From where a claim begins, what does follow."""
    return Span(
        first=span.first,
        before=span.before,
        last=last,
        after=chain.trace(span.first, span.before, last)[-1] if last > span.first else 0,
    )


def honest(view: View, cue: Cue) -> Speech:
    return asyncio.run(Prover().speak(view, cue))


def liar(data: st.DataObject) -> Say:
    """Says what a computing liar would, some of it twisted; challenges, chooses and estimates anything."""

    def say(view: View, cue: Cue) -> Speech:
        best = honest(view, cue)
        chain = Chain.read(view.question)
        assert chain
        if cue.act == "choose":
            return Speech(choice=data.draw(st.integers(0, len(cue.options) - 1)))
        if view.seat == "bob" and cue.act == "claim":
            return Speech(claims=_answers(data, cue))
        if cue.act == "claim" and Block.found(cue.task):
            return Speech(claims=(_values(data, best.claims[0]),))
        if cue.act != "claim":
            return best
        said = [_twisted(data, chain, claim) for claim in best.claims]
        return Speech(claims=tuple(data.draw(st.one_of(st.just(said), st.permutations(said), _some(said)))))

    return say


def _twisted(data: st.DataObject, chain: Chain, claim: str) -> str:
    twist = TWISTS[data.draw(st.sampled_from(["as it is"] * 3 + list(TWISTS)))]
    return twist(chain, Span.found(claim)[0])


def _some(said: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(said), min_size=1, max_size=3)


def _answers(data: st.DataObject, cue: Cue) -> tuple[str, ...]:
    if block := Block.found(cue.task):
        step = data.draw(st.integers(block.first, block.last))
        return (data.draw(st.sampled_from(["I accept.", f"I challenge step {step}."])),)
    p = st.sampled_from([0.0, 0.3, 2 / 3, 0.5, 8 / 9, 26 / 27, 1.0])
    return tuple(f"It is {data.draw(p):.12f}" for _ in range(data.draw(st.integers(1, cue.most))))


def _values(data: st.DataObject, best: str) -> str:
    """The values, some of them others, some beyond the modulus, some left out."""
    off = st.sampled_from([0, 0, 0, 0, 1, 997, None])
    said = [(word, data.draw(off)) for word in best.split()]
    return " ".join(str(int(word) + more) for word, more in said if more is not None) or "none"


def case(right: bool, variety: int, **task: Any) -> Case:
    question = next(iter(Computation(steps=20, **task).stream(variety)))
    order = (question.correct, 1 - question.correct) if right else (1 - question.correct, question.correct)
    answers = tuple(question.answers[i] for i in order)
    return Case(question=question.text, answers=answers, defends={"alice": 0, "bob": 1}, seed=str(variety))


def played(protocol: Protocol, given: Case, says: dict[str, Say]) -> list[Turn]:
    """The whole match. Raises Unreadable for a move that is refused, which is no match at all."""
    turns: list[Turn] = []
    while (step := due(protocol, given, turns)).cues:
        for cue in step.cues:
            view = protocol.view(cue.seat, given, step.heard)
            said = turn(cue, says[cue.seat](view, cue), view, None, len(step.heard))
            if why := protocol.refuses(given, said):
                raise Unreadable(why)
            turns.append(said)
    return turns


def won(protocol: Protocol, given: Case, alice: Say, bob: Say) -> str:
    turns = played(protocol, given, {"alice": alice, "bob": bob})
    verdict = asyncio.run(JUDGED.decide(protocol.view(JUDGE, given, turns)))
    return "alice" if verdict.p[0] == 1 else "bob" if verdict.p[1] == 1 else "nobody"


@pytest.mark.parametrize("protocol", [RECURSIVE, ESTIMATED, DoublyEfficient(block=7)], ids=lambda p: p.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), variety=st.integers(0, 50))
def test_an_honest_bob_beats_every_liar(protocol: Protocol, data: st.DataObject, variety: int) -> None:
    assert won(protocol, case(False, variety), liar(data), honest) == "bob"


@pytest.mark.parametrize("protocol", [RECURSIVE, DoublyEfficient(block=7)], ids=lambda p: p.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), variety=st.integers(0, 50))
def test_an_honest_alice_beats_every_liar(protocol: Protocol, data: st.DataObject, variety: int) -> None:
    assert won(protocol, case(True, variety), honest, liar(data)) == "alice"


@settings(max_examples=60, deadline=None)
@given(data=st.data(), variety=st.integers(0, 50))
def test_an_honest_alice_beats_every_estimator_that_doubts_her(data: st.DataObject, variety: int) -> None:
    """An estimate of her answer that is within the margin of 1 leaves the rest to the draw."""
    given_ = case(True, variety)
    turns = played(ESTIMATED, given_, {"alice": honest, "bob": liar(data)})
    if "It is 1" not in turns[0].text:
        verdict = asyncio.run(JUDGED.decide(ESTIMATED.view(JUDGE, given_, turns)))
        assert verdict.p[0] == 1


@pytest.mark.parametrize("protocol", [RECURSIVE, ESTIMATED], ids=lambda p: p.name)
@pytest.mark.parametrize("twist", sorted(TWISTS))
def test_a_lie_told_in_any_form_falls(protocol: Protocol, twist: str) -> None:
    def twisted(view: View, cue: Cue) -> Speech:
        said = honest(view, cue)
        chain = Chain.read(view.question)
        assert chain
        claims = tuple(TWISTS[twist](chain, span) for claim in said.claims for span in Span.found(claim)[:1])
        return said.model_copy(update={"claims": claims})

    assert won(protocol, case(False, 1), twisted, honest) == "bob"
