"""The space that a sweep searches: its parameters, and points in it.

A point has a place for each parameter that can vary.  What is nested in a config is nested in the
values that a trial gets; its name here has dots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from weave_core.server.sweeps.distributions import Choices, Curve, Distribution, canonical

__all__ = ["Parameter", "Point", "Space"]

Point = tuple[float, ...]
"""A place for each parameter that varies, in the order of the space."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    path: tuple[str, ...]
    """Its keys from the outside in."""
    distribution: Distribution
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Other parameters, and the values of each with which alone this one is there."""

    @property
    def name(self) -> str:
        """Its keys with dots between."""
        return ".".join(self.path)

    @property
    def is_fixed(self) -> bool:
        """Whether it has one value only."""
        return isinstance(self.distribution, Choices) and self.distribution.count == 1


@dataclass(frozen=True)
class Space:
    """All parameters of a sweep, each behind those that its `when` names."""

    parameters: tuple[Parameter, ...]

    @cached_property
    def varied(self) -> tuple[Parameter, ...]:
        """Those that a search moves."""
        return tuple(each for each in self.parameters if not each.is_fixed)

    @cached_property
    def has_conditions(self) -> bool:
        """Whether some parameters are not always there."""
        return any(each.when for each in self.parameters)

    @cached_property
    def size(self) -> int | None:
        """How many points there are; None: no end of them."""
        size = 1
        for each in self.varied:
            if isinstance(each.distribution, Curve):
                return None
            size *= each.distribution.count
        return size

    def params_of(self, point: Sequence[float]) -> dict[str, Any]:
        """The values of a point, nested as the config is; what is not there is left out."""
        places = dict(zip((each.name for each in self.varied), point, strict=True))
        values: dict[str, Any] = {}
        params: dict[str, Any] = {}
        for each in self.parameters:
            if not _is_there(each, values):
                continue
            value = each.distribution.value_at(places.get(each.name, 0.0))
            values[each.name] = value
            inner = params
            for key in each.path[:-1]:
                inner = inner.setdefault(key, {})
            inner[each.path[-1]] = value
        return params

    def point_of(self, params: Mapping[str, Any]) -> Point | None:
        """The point of values that a trial had; None: they are not of this space."""
        point = []
        for each in self.varied:
            value: Any = params
            for key in each.path:
                value = value.get(key) if isinstance(value, Mapping) else None
            if value is None and each.when:
                point.append(each.distribution.drawn_at(0.5))
                continue
            place = each.distribution.place_of(value)
            if place is None:
                return None
            point.append(place)
        return tuple(point)

    def point_at(self, shares: Sequence[float]) -> Point:
        """The point that even draws from 0 to 1 come to."""
        pairs = zip(self.varied, shares, strict=True)
        return tuple(each.distribution.drawn_at(float(share)) for each, share in pairs)


def _is_there(parameter: Parameter, values: Mapping[str, Any]) -> bool:
    return all(
        name in values and canonical(values[name]) in {canonical(each) for each in allowed}
        for name, allowed in parameter.when
    )
