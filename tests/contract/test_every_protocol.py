from __future__ import annotations

import pickle
import random
from itertools import permutations

import pytest
from every import PROTOCOLS, draw, fitting, flat, flipped, game, matches, relabelled

from arena.errors import RuleError
from arena.match import Match
from arena.nouns import JUDGE, View
from arena.protocol import Protocol, due


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
            heard = match.protocol.view(cue.seat, match.case(), step.heard).turns
            assert all(turn.after < len(step.heard) for turn in heard)
        assert all(turn.after == len(step.heard) for turn in turns)


def test_rounds_count_from_1_without_a_gap(match: Match) -> None:
    rounds = [turn.round for turn in flat(game(match))]
    assert sorted(set(rounds)) == list(range(1, max(rounds, default=0) + 1))
    assert rounds == sorted(rounds)


def test_a_seat_sees_the_passage_where_the_protocol_says_that_it_reads_it(match: Match) -> None:
    passage = match.question.passage
    for view in views(match):
        if match.protocol.reads(view.seat):
            assert view.passage == passage
        else:
            assert view.passage is None and (passage is None or passage not in view.model_dump_json())


def test_no_judge_sees_what_another_seat_believes(match: Match) -> None:
    beliefs = {turn.text for turn in flat(game(match)) if turn.act == "believe"}
    for view in views(match):
        if view.seat == JUDGE:
            assert not any(turn.act == "believe" or turn.p for turn in view.turns)
            assert not any(text in view.model_dump_json() for text in beliefs)


def test_no_view_holds_the_private_text_of_another_seat(match: Match) -> None:
    seen = 0
    for view in views(match):
        text = view.model_dump_json()
        for seat in match.protocol.seats:
            assert (f"thought-{seat}-" in text) <= (seat == view.seat)
            seen += seat == view.seat and f"thought-{seat}-" in text
    spoken = [turn.seat for turn in flat(game(match)) if turn.seat != JUDGE]
    assert seen or len(set(spoken)) == len(spoken)


def test_which_answer_is_right_changes_no_case_no_cue_and_no_view(match: Match) -> None:
    other = flipped(match)
    assert other.case().model_dump_json() == match.case().model_dump_json()
    assert game(other) == game(match)
    assert [v.model_dump_json() for v in views(other)] == [v.model_dump_json() for v in views(match)]


def test_the_same_turns_always_give_the_same_cues(match: Match) -> None:
    random.seed(1)
    first = game(match)
    random.seed(2)
    assert game(match) == first
    assert game(pickle.loads(pickle.dumps(match))) == first


def test_every_answer_is_defended_alike_or_none_is(protocol: Protocol) -> None:
    drawn = draw(fitting(protocol))
    for one in (drawn, drawn.turned()):
        sides = protocol.sides(one)
        assert {answer for side in sides for answer in side.values()} in (set(), set(drawn.answers))
        assert all(set(side) <= set(protocol.seats) - {JUDGE} for side in sides)
    last = drawn.answers[-1]
    turned = [{seat: last - answer for seat, answer in side.items()} for side in protocol.sides(drawn)]
    assert turned == protocol.sides(drawn.turned())


def test_who_argues_for_what_is_settled_before_the_first_argument(match: Match) -> None:
    assigned, argued = [], False
    for step, turns in game(match):
        argued = argued or any(turn.act != "believe" for turn in turns)
        assigned += [match.protocol.assigned(match.case(), step.heard)] * argued
    assert all(sides == assigned[0] for sides in assigned)
    assert all(sides.items() >= match.case().defends.items() for sides in assigned)


def test_the_arm_is_about_an_answer_that_a_seat_argues_for(match: Match) -> None:
    turns = flat(game(match))
    answer = match.protocol.advocate(match.case(), turns)
    assert answer is None or answer in match.protocol.assigned(match.case(), turns).values()
    assert match.arm(turns) in ({""} if answer is None else {"right", "wrong"})


def test_in_the_swapped_presentation_each_text_stays_with_its_answer(protocol: Protocol) -> None:
    for match in matches(protocol):
        turns = flat(game(match))
        shown = [match.verdict_view(turns, order) for order in match.orders]
        claims = [sorted((t.text, v.answers[v.sides[t.seat]]) for t in v.turns if t.seat in v.sides) for v in shown]
        assert claims == [claims[0]] * len(claims)
        sides = match.protocol.assigned(match.case(), turns)
        meant = {turn.text: match.case().answers[sides[turn.seat]] for turn in turns if turn.seat in sides}
        assert all(meant[text] == answer for text, answer in claims[0])
        assert [v.answers for v in shown] == [match.case().answers, match.case().answers[::-1]][: len(shown)]


def test_relabelling_twice_gives_the_original(protocol: Protocol) -> None:
    for match in matches(protocol):
        if not protocol.relabels:
            assert match.orders == (0,)
            continue
        turns = flat(game(match))
        turned = relabelled(match, turns)
        shown, defends = match.shown[::-1], match.case(1).defends
        other = match.model_copy(
            update={"shown": shown, "defends": {seat: shown[answer] for seat, answer in defends.items()}}
        )
        assert other.verdict_view(turned, 1) == match.verdict_view(turns, 0)
        assert other.verdict_view(turned, 0) == match.verdict_view(turns, 1)
        assert match.verdict_view(turns, 1).sides == match.verdict_view(turns, 0).sides or len(match.defends) == 1


def test_a_relabelled_transcript_keeps_the_rules(match: Match) -> None:
    turns = flat(game(match))
    for order in match.orders:
        told = relabelled(match, turns) if order else turns
        assert not due(match.protocol, match.case(order), told).cues
        assert match.verdict_view(turns, order) == match.protocol.view(
            JUDGE, match.case(order), due(match.protocol, match.case(order), told).heard
        )


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


def test_a_judge_can_be_asked_after_every_round_on_whole_steps_of_the_game(match: Match) -> None:
    played = game(match)
    turns = flat(played)
    for number in match.rounds(turns):
        heard = match.until(turns, number)
        assert 0 < len(heard) < len(turns) and len(heard) in {len(step.heard) for step, _ in played}
        said = {turn.text for turn in heard}
        assert all(t.text in said for order in match.orders for t in match.verdict_view(heard, order).turns)
