"""The Pareto front against its definition."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arena.front import front

Point = tuple[float, float]


def beats(one: Point, other: Point) -> bool:
    return one[0] <= other[0] and one[1] >= other[1] and one != other


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=12))
def test_the_front_is_what_no_point_beats(points: list[Point]) -> None:
    free = {i for i, one in enumerate(points) if not any(beats(other, one) for other in points)}
    assert set(front(points)) == free


def test_the_front_goes_from_little_effort_to_much() -> None:
    assert front([(3, 0.9), (1, 0.5), (2, 0.4), (2, 0.7), (1, 0.5)]) == (1, 4, 3, 0)
    assert front([]) == ()
