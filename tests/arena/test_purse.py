"""What a run may spend: never more calls than the limit, and nothing that a lost worker held is spent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from arena.errors import LimitError
from arena.experiment import Limits
from arena.purse import Draft, Money, Purse, Wallet


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def wallet(purse: Purse, name: str) -> Wallet:
    async def draw(back: Money, more: bool) -> Draft:
        await asyncio.sleep(0)  # it is a message to another process
        return purse.draw(name, back, more)

    return Wallet(draw)


async def spend(one: Wallet, took: Money | None = None, seconds: float = 0.0) -> bool:
    """Pay for a call; whether that could be done."""
    try:
        async with one.enter() as bill:
            await asyncio.sleep(seconds)
            bill.extend([took] if took else [])
            return True
    except LimitError:
        return False


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(within())


@pytest.mark.parametrize("limit", [1, 2, 7, 100, 333])
@pytest.mark.parametrize("wallets", [1, 5, 16])
def test_calls_are_paid_up_to_the_limit_and_not_one_more(limit: int, wallets: int) -> None:
    async def test() -> None:
        purse = Purse(Limits(max_calls=limit), Money())
        crew = [wallet(purse, f"w{i}") for i in range(wallets)]
        paid = await asyncio.gather(*(spend(crew[i % wallets]) for i in range(limit + 60)))
        assert sum(paid) == limit
        assert purse.gone
        for one in crew:
            one.close()

    run(test)


def test_a_call_that_was_not_answered_is_paid_back_and_another_takes_its_place() -> None:
    async def test() -> None:
        one = wallet(Purse(Limits(max_calls=3), Money()), "a")
        assert await spend(one, Money(calls=-1.0))
        assert [await spend(one) for _ in range(4)] == [True, True, True, False]

    run(test)


def test_what_was_spent_before_counts() -> None:
    assert Purse(Limits(max_calls=7), Money(calls=7)).gone
    assert Purse(Limits(max_cost=1.0), Money(cost=1.5)).gone
    assert not Purse(Limits(max_calls=7), Money(calls=6, tokens=1e9, cost=1e9)).gone


@pytest.mark.parametrize("limits", [Limits(max_tokens=1000), Limits(max_cost=10.0)])
def test_tokens_and_dollars_pass_the_limit_by_no_more_than_the_calls_in_flight(limits: Limits) -> None:
    async def test() -> None:
        purse = Purse(limits, Money())
        crew = [wallet(purse, f"w{i}") for i in range(3)]
        took = Money(tokens=10.0, cost=0.1)
        places = asyncio.Semaphore(6)

        async def one(number: int) -> bool:
            async with places:
                return await spend(crew[number % 3], took, 0.001)

        paid = await asyncio.gather(*(one(number) for number in range(160)))
        assert 100 <= sum(paid) <= 100 + 6
        for each in crew:
            each.close()

    run(test)


def test_what_a_lost_wallet_had_drawn_counts_as_spent() -> None:
    clock = Clock()
    purse = Purse(Limits(max_calls=100), Money(), clock)
    lost = purse.draw("lost", Money(), more=True).money.calls
    mine, paid = purse.draw("b", Money(), more=True), 0.0
    for _ in range(50):
        paid += mine.money.calls
        mine = purse.draw("b", Money(), more=True)
    assert (paid, mine.over) == (100 - lost, False)  # it may still bring something back
    clock.now += 15.1
    assert purse.draw("b", Money(), more=True).over


def test_a_wallet_that_is_heard_of_is_not_lost_and_what_it_brings_back_is_given_out() -> None:
    clock = Clock()
    purse = Purse(Limits(max_calls=10), Money(), clock)
    held = purse.draw("a", Money(), more=True).money
    while purse.draw("b", Money(), more=True).money.calls:
        clock.now += 0.1
    assert not purse.draw("b", Money(), more=True).over
    assert not purse.draw("a", held, more=False).over
    assert purse.draw("b", Money(), more=True).money.calls > 0


def test_an_idle_wallet_gives_back_what_another_needs() -> None:
    async def test() -> None:
        purse = Purse(Limits(max_calls=20), Money())
        idle, busy = wallet(purse, "idle"), wallet(purse, "busy")
        assert await spend(idle)
        assert sum([await spend(busy) for _ in range(25)]) == 19
        idle.close()
        busy.close()

    run(test)


def test_a_wallet_that_was_idle_pays_again() -> None:
    async def test() -> None:
        purse = Purse(Limits(max_calls=20), Money())
        one, other = wallet(purse, "a"), wallet(purse, "b")
        assert await spend(one)
        while purse.draw("c", Money(), more=False) and purse._left.calls < 19:
            await asyncio.sleep(0.05)
        assert await spend(one) and await spend(other)
        one.close()
        other.close()

    run(test)
