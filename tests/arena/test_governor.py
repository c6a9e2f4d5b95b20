"""The governor of an endpoint: limits found and kept, shared fairly, by a clock that the test holds."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest

from arena.governor import LASTS, Governor, Grant, Report, Terms


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """Keeps its lease as a lane does, with as many calls waiting as it is told."""

    def __init__(self, governor: Governor, name: str, most: int = 1000) -> None:
        self.governor, self.name, self.most = governor, name, most
        self.flying = self.done = 0
        self.starts = self.tokens = 0.0
        self.places = 0

    def renew(self, waiting: int, refused: int = -1, pause: float = 0.0) -> Grant:
        """Report, and take what is granted."""
        starts = 0.0 if self.starts == float("inf") else self.starts
        tokens = 0.0 if self.tokens == float("inf") else self.tokens
        told = Report(self.flying, waiting, self.done, refused, pause, starts, tokens)
        grant = self.governor.lease(self.name, told, self.most)
        self.done, self.places = 0, grant.places
        self.starts, self.tokens = self.starts - starts + grant.starts, self.tokens - tokens + grant.tokens
        return grant

    def begin(self, waiting: int, weight: float = 0.0) -> int:
        """Begin what may begin; how many calls that are."""
        begun = 0
        while begun < waiting and self.flying < self.places and self.starts >= 1 and self.tokens > 0:
            begun, self.flying = begun + 1, self.flying + 1
            self.starts, self.tokens = self.starts - 1, self.tokens - weight
        return begun

    def end(self, count: int) -> None:
        self.flying, self.done = self.flying - count, self.done + count


def test_the_limit_doubles_as_calls_end_until_the_first_refusal() -> None:
    governor = Governor(Terms(100), Clock())
    found = []
    for _ in range(4):
        ended = int(governor.limit)
        governor.lease("a", Report(flying=0, waiting=200, done=0 if not found else ended), 100)
        found.append(governor.limit)
    assert found == [8, 16, 32, 64]
    governor.lease("a", Report(waiting=200, done=64), 100)
    assert governor.limit == 100


def test_after_a_refusal_the_limit_grows_by_one_when_all_have_ended() -> None:
    governor = Governor(Terms(100), Clock())
    governor.lease("a", Report(flying=8, waiting=50, refused=0), 100)
    assert governor.limit == 4
    for _ in range(4):
        governor.lease("a", Report(waiting=50, done=1), 100)
    assert governor.limit == pytest.approx(5, abs=0.15)


def test_refusals_of_calls_from_before_a_cut_cut_once_whoever_tells_of_them() -> None:
    governor = Governor(Terms(100), Clock())
    grant = governor.lease("a", Report(flying=8, waiting=9), 100)
    for name in ("a", "b", "a", "c"):
        grant = governor.lease(name, Report(flying=8 if name == "a" else 0, waiting=9, refused=0), 100)
    assert (governor.limit, grant.episode) == (4, 1)
    governor.lease("b", Report(waiting=9, refused=1), 100)
    assert governor.limit == 2


def test_a_limit_that_nobody_needs_does_not_grow() -> None:
    governor = Governor(Terms(100), Clock())
    for _ in range(50):
        governor.lease("a", Report(flying=2, waiting=0, done=2), 100)
    assert governor.limit == 8


def test_all_workers_wait_as_long_as_the_endpoint_asked_one_of_them_to() -> None:
    clock = Clock()
    governor = Governor(Terms(100, requests=6000), clock)
    governor.lease("a", Report(waiting=1, refused=0, pause=5.0), 100)
    assert governor.lease("b", Report(waiting=9), 100)[1:4:2] == (0, 5.0)
    clock.now += 3
    governor.lease("b", Report(waiting=1, pause=0.5), 100)
    assert governor.lease("c", Report(waiting=9), 100).pause == pytest.approx(2)
    clock.now += 2.1
    assert governor.lease("c", Report(waiting=9), 100).starts >= 1


@pytest.mark.parametrize("seed", range(20))
def test_workers_together_never_begin_a_call_beyond_the_limit_also_while_shares_shrink(seed: int) -> None:
    draw, clock = Random(seed), Clock()
    governor = Governor(Terms(40), clock)
    crew = [Worker(governor, name, 40) for name in "abcde"]
    wanted = dict.fromkeys("abcde", 0)
    for _ in range(600):
        one = draw.choice(crew)
        clock.now += 0.05
        if draw.random() < 0.05:
            wanted[one.name] = draw.choice((0, 1, 5, 60))
        one.end(draw.randint(0, one.flying))
        grant = one.renew(wanted[one.name], refused=governor._episode if draw.random() < 0.03 else -1)
        if one.begin(wanted[one.name]):
            assert sum(each.flying for each in crew) <= governor.limit
        assert grant.places <= governor.limit


def test_who_needs_little_gets_it_all_and_the_others_share_the_rest_evenly() -> None:
    governor = Governor(Terms(30), Clock())
    governor.limit = 30
    crew = {name: Worker(governor, name, 30) for name in "abc"}
    wanted = {"a": 2, "b": 50, "c": 50}
    for _ in range(6):
        for name, one in crew.items():
            one.end(one.flying)
            one.renew(wanted[name])
            one.begin(wanted[name])
    assert [one.places for one in crew.values()] == [2, 14, 14]


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("names", ["ab", "abcd", "abcdefg"])
def test_with_fewer_places_than_workers_that_ask_in_lockstep_each_gets_its_turn(names: str, limit: int) -> None:
    governor = Governor(Terms(limit), Clock())
    crew = [Worker(governor, name, limit) for name in names]
    begun = dict.fromkeys(names, 0)
    for _ in range(100):
        for number, one in enumerate(crew):
            one.end(one.flying)
            one.renew(5 + number)
            begun[one.name] += one.begin(5)
    assert min(begun.values()) >= 100 * limit / len(names) / 4
    assert sum(begun.values()) >= 50 * min(limit, len(names))


def test_what_a_lost_worker_had_leased_comes_back_when_its_lease_has_expired() -> None:
    clock = Clock()
    governor = Governor(Terms(8), clock)
    assert governor.lease("lost", Report(flying=8, waiting=8), 8).places == 8
    assert governor.lease("b", Report(waiting=8), 8).places == 0
    clock.now += LASTS + 0.1
    assert governor.lease("b", Report(waiting=8), 8).places == 8


def test_who_needs_no_lease_any_more_leaves_its_places_to_the_others_at_once() -> None:
    clock = Clock()
    governor = Governor(Terms(8), clock)
    governor.lease("a", Report(flying=8, waiting=8), 8)
    governor.lease("a", Report(over=True), 8)
    clock.now += 0.01
    assert governor.lease("b", Report(waiting=8), 8).places == 8


def _minutes(governor: Governor, clock: Clock, workers: int, weight: float) -> list[float]:
    """When calls begin in three minutes; each takes up to half a second, and a quarter less than was thought."""
    draw = Random(1)
    crew = [Worker(governor, f"w{i}") for i in range(workers)]
    flying: deque[tuple[float, Worker]] = deque()
    begun: list[float] = []
    for _ in range(180 * 20):
        clock.now += 0.05
        one = draw.choice(crew)
        while flying and flying[0][0] < clock.now:
            ended = flying.popleft()[1]
            ended.end(1)
            ended.tokens += weight / 4
        one.renew(20)
        count = one.begin(20, weight)
        flying.extend((clock.now + 0.5, one) for _ in range(count))
        begun += [clock.now] * count
    return begun


def _most(times: list[float], seconds: float) -> int:
    """Most in any stretch of so many seconds."""
    return max(sum(at <= other < at + seconds for other in times) for at in times)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("rate", [30.0, 240.0])
def test_requests_a_minute_are_kept_and_used_by_any_number_of_workers(workers: int, rate: float) -> None:
    clock = Clock()
    begun = _minutes(Governor(Terms(1000, requests=rate), clock), clock, workers, 0.0)
    assert _most(begun, 60) <= rate + max(1, rate / 60)
    assert len(begun) >= 0.9 * 3 * rate


@pytest.mark.parametrize("workers", [1, 4])
def test_tokens_a_minute_are_kept_and_used_by_any_number_of_workers(workers: int) -> None:
    clock = Clock()
    begun = _minutes(Governor(Terms(1000, tokens=12_000.0), clock), clock, workers, 100.0)
    taken = 75.0  # each
    assert _most(begun, 60) * taken <= 12_000 * (1 + 1 / 60) + 100 * workers
    assert len(begun) * taken >= 0.9 * 3 * 12_000
