"""Grid: every point once, counted like the digits of a number; the last parameter moves first."""

from weave_core.server.sweeps.distributions import Curve
from weave_core.server.sweeps.spaces import Point, Space

__all__ = ["grid_point", "next_place"]


def grid_point(space: Space, place: int) -> Point:
    """The point with this number."""
    point: list[float] = []
    for each in reversed(space.varied):
        assert not isinstance(each.distribution, Curve)  # noqa: S101  # A config with one is refused.
        place, digit = divmod(place, each.distribution.count)
        point.append(float(digit))
    return tuple(reversed(point))


def next_place(space: Space, place: int) -> int | None:
    """The first number from `place` on that is to be tried; None: the grid is used up.

    Where a parameter is not there its digits all mean the same, and only its first counts.
    """
    size = space.size or 0
    while place < size:
        if not space.has_conditions or _is_first(space, grid_point(space, place)):
            return place
        place += 1
    return None


def _is_first(space: Space, point: Point) -> bool:
    params = space.params_of(point)
    for each, digit in zip(space.varied, point, strict=True):
        inner = params
        for key in each.path[:-1]:
            inner = inner.get(key, {})
        if each.path[-1] not in inner and digit:
            return False
    return True
