"""The values that one parameter of a sweep may have, each at a place that a search can move.

A choice and a level are numbered from 0; on a curve the place is the share of the distribution
that lies below, from 0 to 1, so that a search sees every curve as even.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import orjson

__all__ = ["Choices", "Curve", "Distribution", "Family", "Levels", "canonical"]

Family = Literal["uniform", "log", "normal", "log_normal", "beta"]

_EDGE = 1e-4
"""What is left out at both ends of a curve that has none; wandb's search leaves out as much."""


@dataclass(frozen=True, slots=True)
class Choices:
    """One of some values, of any type, without an order."""

    values: tuple[Any, ...]
    weights: tuple[float, ...] | None = None
    """What share of draws each gets; None: the same."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    def value_at(self, place: float) -> Any:
        """The value with this number."""
        return self.values[int(place)]

    def place_of(self, value: Any) -> float | None:
        """The number of a value; None: it is none of them."""
        wanted = canonical(value)
        found = (place for place, each in enumerate(self.values) if canonical(each) == wanted)
        return next((float(place) for place in found), None)

    def drawn_at(self, share: float) -> float:
        """The place that an even draw from 0 to 1 comes to."""
        if self.weights is None:
            return float(min(int(share * self.count), self.count - 1))
        below = 0.0
        for place, weight in enumerate(self.weights):
            below += weight
            if share < below:
                return float(place)
        return float(max(place for place, weight in enumerate(self.weights) if weight > 0))


@dataclass(frozen=True, slots=True)
class Levels:
    """Numbers that stand equally far apart."""

    low: float
    step: float
    count: int

    def value_at(self, place: float) -> float:
        """The number of this level; whole where low and step are."""
        return _tidy(self.low + self.step * int(place), self.low, self.step)

    def place_of(self, value: Any) -> float | None:
        """The nearest level; None: it is no number."""
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        place = round((value - self.low) / self.step)
        return float(min(max(place, 0), self.count - 1))

    def drawn_at(self, share: float) -> float:
        """The place that an even draw from 0 to 1 comes to."""
        return float(min(int(share * self.count), self.count - 1))


@dataclass(frozen=True, slots=True)
class Curve:
    """Any number, spread as a distribution says."""

    family: Family
    first: float
    """Least value; of a normal the mean, of a beta its first shape."""
    second: float
    """Largest value; of a normal the deviation, of a beta its second shape."""
    quantum: float | None = None
    """Values are rounded to multiples of it."""

    def value_at(self, place: float) -> float:
        """The value below which this share of the distribution lies."""
        value = self._value(min(max(place, 0.0), 1.0))
        if self.quantum is None:
            return value
        return _tidy(round(value / self.quantum) * self.quantum, self.quantum)

    def place_of(self, value: Any) -> float | None:
        """The share of the distribution below a value; None: it is no number."""
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return min(max(self._place(float(value)), 0.0), 1.0)

    def drawn_at(self, share: float) -> float:
        """The place that an even draw from 0 to 1 comes to."""
        return share

    def _value(self, place: float) -> float:
        if self.family == "uniform":
            return self.first + (self.second - self.first) * place
        if self.family == "log":
            low, high = math.log(self.first), math.log(self.second)
            # Rounding must not leave the bounds that were asked for.
            return min(max(math.exp(low + (high - low) * place), self.first), self.second)
        inner = min(max(place, _EDGE), 1 - _EDGE)
        if self.family == "beta":
            from scipy.special import betaincinv  # Half a second, for the one who asks for it.

            return float(betaincinv(self.first, self.second, inner))
        value = NormalDist(self.first, self.second).inv_cdf(inner)
        return math.exp(value) if self.family == "log_normal" else value

    def _place(self, value: float) -> float:
        if self.family == "uniform":
            return (value - self.first) / (self.second - self.first)
        if self.family in {"log", "log_normal"}:
            if value <= 0:
                return 0.0
            value = math.log(value)
        if self.family == "log":
            low, high = math.log(self.first), math.log(self.second)
            return (value - low) / (high - low)
        if self.family == "beta":
            from scipy.special import betainc  # As above.

            return float(betainc(self.first, self.second, min(max(value, 0.0), 1.0)))
        return NormalDist(self.first, self.second).cdf(value)


Distribution = Choices | Levels | Curve


def canonical(value: Any) -> bytes:
    """A value as bytes that are the same for the same JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _tidy(value: float, *parts: float) -> float:
    """`value` as a whole number where its parts are, else without the noise of its last digits."""
    if all(isinstance(part, int) for part in parts):
        return round(value)
    return float(f"{value:.12g}")
