"""The lane of a process to an endpoint: in turn, few messages whatever the number of calls, nothing without a lease."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from random import Random

from arena.governor import Governor, Grant, Report, Terms
from arena.lane import Lane


class Office:
    """Counts and keeps what lanes report to a governor."""

    def __init__(self, terms: Terms) -> None:
        self.governor, self.terms = Governor(terms), terms
        self.told: list[tuple[str, Report]] = []
        self.reachable = True

    def lane(self, name: str = "a", far: float = 0.0) -> Lane:
        """Answers are on their way to it for `far` seconds."""

        async def lease(report: Report) -> Grant | None:
            self.told.append((name, report))
            grant = self.governor.lease(name, report, self.terms.most) if self.reachable else None
            await asyncio.sleep(far)
            return grant

        return Lane(lease)


async def call(lane: Lane, seconds: float = 0.0) -> None:
    async with lane.enter():
        await asyncio.sleep(seconds)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(within())


def test_calls_begin_in_the_order_in_which_they_came() -> None:
    async def test() -> None:
        lane, began = Office(Terms(1)).lane(), []

        async def one(number: int) -> None:
            async with lane.enter():
                began.append(number)
                await asyncio.sleep(0.001)

        await asyncio.gather(*(one(number) for number in range(30)))
        assert began == list(range(30))
        lane.close()

    run(test)


def test_a_thousand_calls_ask_the_governor_no_more_than_five_times_a_second() -> None:
    async def test() -> None:
        office = Office(Terms(64))
        lane, began = office.lane(), time.monotonic()
        await asyncio.gather(*(call(lane, 0.03) for _ in range(1000)))
        took = time.monotonic() - began
        assert len(office.told) <= 5 * took + 2
        assert sum(report.done for _, report in office.told) <= 1000
        lane.close()

    run(test)


def test_lanes_of_several_workers_keep_the_limit_together() -> None:
    async def test() -> None:
        office = Office(Terms(6))
        lanes = [office.lane(name) for name in "abc"]
        flying, peak = 0, 0

        async def one(lane: Lane) -> None:
            nonlocal flying, peak
            async with lane.enter():
                flying += 1
                peak = max(peak, flying)
                await asyncio.sleep(0.02)
                flying -= 1

        await asyncio.gather(*(one(lanes[i % 3]) for i in range(120)))
        assert peak <= 6
        for lane in lanes:
            lane.close()

    run(test)


def test_a_share_that_shrinks_is_not_used_up_while_the_news_of_it_is_on_its_way() -> None:
    async def peak(seed: int) -> int:
        office, draw, most = Office(Terms(40)), Random(seed), 0
        office.governor.limit, flying = 40, set[object]()

        async def one(lane: Lane) -> None:
            nonlocal most
            async with lane.enter() as place:
                flying.add(place)
                most = max(most, len(flying))
                await asyncio.sleep(0.05)
                flying.discard(place)

        lanes = [office.lane("a", far=0.2), office.lane("b")]
        async with asyncio.TaskGroup() as group:
            for _ in range(60):  # each has much to do or nothing
                for lane in lanes:
                    for _ in range(draw.choice((0, 0, 60))):
                        group.create_task(one(lane))
                await asyncio.sleep(0.05)
        for lane in lanes:
            lane.close()
        return most

    async def test() -> None:
        assert set(await asyncio.gather(*(peak(seed) for seed in range(8)))) == {40}

    run(test)


def test_workers_go_on_when_there_is_one_place_for_all_of_them() -> None:
    async def test() -> None:
        office = Office(Terms(1))
        lanes = [office.lane(name) for name in "abcd"]
        await asyncio.gather(*(call(lane) for lane in lanes for _ in range(3)))
        for lane in lanes:
            lane.close()

    run(test)


def test_no_call_begins_while_the_governor_cannot_be_reached_and_all_do_once_it_can() -> None:
    async def test() -> None:
        office = Office(Terms(8))
        office.reachable = False
        lane = office.lane()
        calls = [asyncio.create_task(call(lane)) for _ in range(5)]
        while len(office.told) < 3:
            await asyncio.sleep(0.01)
        assert (lane.traffic.flying, lane.traffic.waiting) == (0, 5)
        office.reachable = True
        await asyncio.gather(*calls)
        lane.close()

    run(test)


def test_a_call_that_is_cancelled_while_it_waits_leaves_its_place_to_the_next() -> None:
    async def test() -> None:
        lane = Office(Terms(1)).lane()
        first = asyncio.create_task(call(lane, 0.05))
        waiting = [asyncio.create_task(call(lane)) for _ in range(4)]
        while lane.traffic.flying == 0:
            await asyncio.sleep(0.001)
        for one in waiting[:3]:
            one.cancel()
        await first
        await waiting[3]
        assert (lane.traffic.flying, lane.traffic.waiting) == (0, 0)
        lane.close()

    run(test)


def test_a_call_that_is_cancelled_as_its_turn_comes_gives_the_place_back() -> None:
    async def test() -> None:
        lane = Office(Terms(1)).lane()
        async with lane.enter():
            next_ = asyncio.create_task(call(lane))
            last = asyncio.create_task(call(lane))
            await asyncio.sleep(0)
        next_.cancel()  # its turn has just come, and it has not run yet
        await last
        lane.close()

    run(test)


def test_after_retry_after_no_call_of_any_worker_begins_before_its_time() -> None:
    async def test() -> None:
        office = Office(Terms(8))
        lanes, began = [office.lane(name) for name in "ab"], []
        await asyncio.gather(*(call(lane) for lane in lanes))
        async with lanes[0].enter() as place:
            place.refused, place.pause = True, 0.6
        refused = time.monotonic()

        async def one(lane: Lane) -> None:
            async with lane.enter():
                began.append(time.monotonic() - refused)

        while office.told[-1][1].pause == 0:
            await asyncio.sleep(0.001)
        while office.told[-1][0] != "b":  # the other hears of it with its next lease
            await asyncio.sleep(0.001)
        await asyncio.gather(*(one(lane) for lane in lanes for _ in range(3)))
        assert min(began) >= 0.55
        for lane in lanes:
            lane.close()

    run(test)


def test_a_lane_without_calls_gives_its_lease_back_and_takes_another_for_the_next() -> None:
    async def test() -> None:
        office = Office(Terms(8))
        lane = office.lane()
        await call(lane)
        while not office.told[-1][1].over:
            await asyncio.sleep(0.01)
        await call(lane)
        assert not office.told[-1][1].over
        lane.close()

    run(test)


def test_a_call_that_comes_while_the_lease_is_given_back_gets_another() -> None:
    async def test() -> None:
        office = Office(Terms(8))
        lane = office.lane(far=0.2)
        await call(lane)
        while not office.told[-1][1].over:
            await asyncio.sleep(0.01)
        await call(lane)
        lane.close()

    run(test)


def test_what_a_lane_was_granted_and_did_not_use_goes_back() -> None:
    async def test() -> None:
        office = Office(Terms(8, requests=600.0))
        lane = office.lane()
        await asyncio.gather(*(call(lane) for _ in range(12)))
        while not office.told[-1][1].over:
            await asyncio.sleep(0.01)
        granted = sum(report.starts for _, report in office.told)
        assert math.isfinite(granted) and 0 <= granted < 12
        lane.close()

    run(test)
