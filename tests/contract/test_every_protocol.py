from __future__ import annotations

import pickle
import random
from itertools import permutations

import pytest
from every import PASSAGE, PROTOCOLS, QUESTION, flat, game, matches

from arena.errors import RuleError
from arena.match import Match
from arena.nouns import JUDGE, View
from arena.protocol import Draw, Protocol, due


@pytest.fixture(params=PROTOCOLS, ids=lambda p: p.label)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


@pytest.fixture
def match(protocol: Protocol) -> Match:
    return next(matches(protocol))


def views(match: Match) -> list[View]:
    """Every view that is had in the match, the judge's after each step included."""
    played = game(match)
    had = [match.protocol.view(cue.seat, match.case(), step.heard) for step, _ in played for cue in step.cues]
    had += [match.protocol.view(JUDGE, match.case(), step.heard) for step, _ in played]
    return had + [match.verdict_view(flat(played), order) for order in match.orders]


def test_it_ends_and_cues_only_its_own_seats_each_once(match: Match) -> None:
    played = game(match)
    assert match.over(flat(played))
    for step, _ in played:
        seats = [cue.seat for cue in step.cues]
        assert len(set(seats)) == len(seats) and set(seats) <= set(match.protocol.seats)
    assert {turn.seat for turn in flat(played)} == set(match.protocol.seats)


def test_it_goes_on_from_every_round_and_every_part_of_a_round(match: Match) -> None:
    before: list = []
    for step, turns in game(match):
        assert due(match.protocol, match.case(), before) == step
        for count in range(1, len(turns)):
            for some in permutations(turns, count):
                missing = tuple(cue for cue in step.cues if cue.seat not in {t.seat for t in some})
                assert due(match.protocol, match.case(), [*before, *some]) == (missing, step.heard)
        before += turns


def test_who_was_faster_in_a_round_changes_nothing_that_is_heard(match: Match) -> None:
    late = [turn for _, turns in game(match) for turn in reversed(turns)]
    steps = [step for step, _ in game(match)]
    size = 0
    for step, turns in game(match):
        assert due(match.protocol, match.case(), late[:size]) == step
        size += len(turns)
    assert due(match.protocol, match.case(), late).heard == tuple(flat(game(match)))
    assert match.verdict_view(late) == match.verdict_view(flat(game(match)))
    assert len(steps) == len(game(match))


def test_nobody_hears_a_turn_of_the_own_round(match: Match) -> None:
    for step, turns in game(match):
        for cue in step.cues:
            heard = {turn.text for turn in match.protocol.view(cue.seat, match.case(), step.heard).turns}
            assert not heard & {turn.text for turn in turns}
            assert all(turn.after == len(step.heard) for turn in turns)


def test_rounds_count_from_1_without_a_gap(match: Match) -> None:
    rounds = [turn.round for turn in flat(game(match))]
    assert sorted(set(rounds)) == list(range(1, max(rounds, default=0) + 1))
    assert rounds == sorted(rounds)


def test_the_judge_never_reads_the_passage_unless_it_is_the_expert(match: Match) -> None:
    for view in views(match):
        if view.seat == JUDGE and match.protocol.name != "expert":
            assert view.passage is None and PASSAGE not in view.model_dump_json()
        else:
            assert view.passage == PASSAGE


def test_no_view_holds_the_private_text_of_another_seat(match: Match) -> None:
    seen = 0
    for view in views(match):
        text = view.model_dump_json()
        for seat in match.protocol.seats:
            assert (f"thought-{seat}-" in text) <= (seat == view.seat)
            seen += seat == view.seat and f"thought-{seat}-" in text
    assert seen or max((t.round for t in flat(game(match))), default=0) < 2


def test_which_answer_is_right_changes_no_case_no_cue_and_no_view(match: Match) -> None:
    flipped = match.model_copy(update={"question": QUESTION.model_copy(update={"correct": 1})})
    assert flipped.case().model_dump_json() == match.case().model_dump_json()
    assert game(flipped) == game(match)
    assert [v.model_dump_json() for v in views(flipped)] == [v.model_dump_json() for v in views(match)]


def test_the_same_turns_always_give_the_same_cues(match: Match) -> None:
    random.seed(1)
    first = game(match)
    random.seed(2)
    assert game(match) == first
    assert game(pickle.loads(pickle.dumps(match))) == first


def test_both_sides_of_a_pair_are_defended(protocol: Protocol) -> None:
    for pair in ((0, 1), (1, 0)):
        sides = protocol.sides(Draw(pair, pair))
        defended = {answer for side in sides for answer in side.values()}
        assert defended in (set(), {0, 1})
        assert all(set(side) <= set(protocol.seats) - {JUDGE} for side in sides)
    turned = [{seat: 1 - answer for seat, answer in side.items()} for side in protocol.sides(Draw((0, 1), (0, 1)))]
    assert turned == protocol.sides(Draw((1, 0), (1, 0)))


def test_in_the_swapped_presentation_each_text_stays_with_its_answer(protocol: Protocol) -> None:
    for match in matches(protocol):
        turns = flat(game(match))
        shown = [match.verdict_view(turns, order) for order in match.orders]
        claims = [sorted((t.text, v.answers[v.sides[t.seat]]) for t in v.turns if t.seat in v.sides) for v in shown]
        assert claims == [claims[0]] * len(claims)
        assert claims[0] == sorted((t.text, QUESTION.answers[match.defends[t.seat]]) for t in turns if t.seat != JUDGE)
        assert [v.answers for v in shown] == [match.case().answers, match.case().answers[::-1]][: len(shown)]


def test_relabelling_twice_gives_the_original(protocol: Protocol) -> None:
    for match in matches(protocol):
        if not protocol.relabels:
            assert match.orders == (0,)
            continue
        turns = flat(game(match))
        swap = dict(zip(match.defends, reversed(match.defends), strict=True))
        turned = [t.model_copy(update={"seat": swap.get(t.seat, t.seat)}) for t in turns]
        defends = {swap[seat]: answer for seat, answer in match.defends.items()}
        other = match.model_copy(update={"shown": match.shown[::-1], "defends": defends})
        assert other.verdict_view(turned, 1) == match.verdict_view(turns, 0)
        assert other.verdict_view(turned, 0) == match.verdict_view(turns, 1)
        assert match.verdict_view(turns, 1).sides == match.verdict_view(turns, 0).sides or len(match.defends) == 1


def test_a_relabelled_transcript_keeps_the_rules(match: Match) -> None:
    turns = flat(game(match))
    for order in match.orders:
        seats = {t.text: t.seat for t in match.verdict_view(turns, order).turns}
        as_told = [t.model_copy(update={"seat": seats[t.text]}) for t in turns]
        assert not due(match.protocol, match.case(order), as_told).cues


def test_a_foreign_or_misplaced_turn_is_refused(match: Match) -> None:
    turns = flat(game(match))
    for i, turn in enumerate(turns):
        act = "ask" if turn.act == "argue" else "argue"
        wrong = [{"seat": "mallory"}, {"round": turn.round + 1}, {"act": act}, {"after": turn.after + 1}]
        for update in wrong:
            with pytest.raises(RuleError):
                due(match.protocol, match.case(), [*turns[:i], turn.model_copy(update=update), *turns[i + 1 :]])


def test_a_turn_too_many_or_twice_is_refused(match: Match) -> None:
    turns = flat(game(match))
    for i, turn in enumerate(turns):
        with pytest.raises(RuleError):
            due(match.protocol, match.case(), [*turns[: i + 1], turn])
        with pytest.raises(RuleError):
            due(match.protocol, match.case(), [*turns, turn])


def test_a_round_before_its_time_is_refused(match: Match) -> None:
    played = game(match)
    for i in range(len(played) - 1):
        with pytest.raises(RuleError):
            due(match.protocol, match.case(), flat([*played[:i], played[i + 1]]))


def test_match_and_transcript_survive_json_and_pickle(protocol: Protocol) -> None:
    for match in matches(protocol):
        name = match.key
        for again in (Match.model_validate_json(match.model_dump_json()), pickle.loads(pickle.dumps(match))):
            assert again == match and again.key == name
        turns = flat(game(match))
        assert [type(t).model_validate_json(t.model_dump_json()) for t in turns] == turns


def test_every_match_about_a_question_has_a_key_of_its_own(protocol: Protocol) -> None:
    distinct = {m.model_dump_json() for m in matches(protocol)}
    assert len({m.key for m in matches(protocol)}) == len(distinct)
