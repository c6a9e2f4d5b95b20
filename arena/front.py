"""The Pareto front: what no other choice beats on both counts, less effort and more of what is wanted."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """The indices of the (effort, gain) points that no other point dominates, by effort and then by gain.

    A point is dominated by one with no more effort and no less gain that is better in one of the two; of equal points
    none dominates the other. Point estimates are compared: intervals that overlap are the reader's to weigh.
    """
    found: list[int] = []
    best = float("-inf")
    for i in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[i][1] > best or (found and points[i] == points[found[-1]]):
            found.append(i)
            best = points[i][1]
    return tuple(found)
