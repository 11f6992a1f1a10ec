"""Intervals that may be looked at after every item: valid whenever one stops.

An ordinary interval that is read again and again until it says something says it by chance in the
end.  Source: Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by
betting", the hedged capital of equation 24 with the bets of equation 26.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from weave_core.statistics.estimates import CONFIDENCE

__all__ = ["ConfidenceSequence"]

_GRID = 1_001
_ROUNDING = 1e-12
_TRUNCATION = 0.5
"""The largest share of the capital that one bet risks; 1/2 is the paper's."""

Array = np.ndarray[Any, np.dtype[np.float64]]


class ConfidenceSequence:
    """Where the mean of bounded values lies, after each of them, all at once.

    Args:
        low: The least that a value can be.
        high: The most.
        confidence: The chance that the true mean is inside at every moment.

    Example:
        >>> seen = ConfidenceSequence(-1, 1)
        >>> seen.add([0.0, 1.0, 1.0])
        >>> seen.interval
    """

    def __init__(self, low: float, high: float, confidence: float = CONFIDENCE) -> None:
        self._low, self._width = low, high - low
        self._alpha = 1 - confidence
        self._means: Array = np.linspace(0.0, 1.0, _GRID)
        self._up = np.zeros(_GRID)
        self._down = np.zeros(_GRID)
        self._is_in = np.ones(_GRID, dtype=bool)
        self._n = 0
        self._sum, self._squares = 0.5, 0.25
        self._interval = (0.0, 1.0)

    @property
    def n(self) -> int:
        """Values so far."""
        return self._n

    @property
    def interval(self) -> tuple[float, float]:
        """Where the mean lies; it only ever gets narrower."""
        low, high = self._interval
        return self._low + low * self._width, self._low + high * self._width

    def add(self, values: Sequence[float]) -> None:
        """Look at more values, in the order in which they came.

        Raises:
            ValueError: If one is outside the bounds.
        """
        for value in values:
            scaled = (value - self._low) / self._width
            if not -_ROUNDING <= scaled <= 1 + _ROUNDING:
                raise ValueError(f"{value!r} is outside {self._low!r} to {self._low + self._width}")
            self._bet(min(max(scaled, 0.0), 1.0))
        # A mean is out when betting against it has made a fortune of 1 / alpha, half a stake on
        # each side.  Once out it stays out.
        capital = np.maximum(self._up, self._down) + np.log(0.5)
        self._is_in &= capital < np.log(1 / self._alpha)
        inside = np.flatnonzero(self._is_in)
        if len(inside):
            step = 1 / (_GRID - 1)
            # A grid point stands for what is around it.
            low = max(float(self._means[inside[0]]) - step, 0.0)
            high = min(float(self._means[inside[-1]]) + step, 1.0)
            self._interval = (max(low, self._interval[0]), min(high, self._interval[1]))

    def _bet(self, value: float) -> None:
        n = self._n + 1
        variance = self._squares / n
        bet = np.sqrt(2 * np.log(2 / self._alpha) / (variance * n * np.log(n + 1)))
        means = self._means
        up = np.minimum(bet, _TRUNCATION / np.maximum(means, _ROUNDING))
        down = np.minimum(bet, _TRUNCATION / np.maximum(1 - means, _ROUNDING))
        self._up += np.log1p(up * (value - means))
        self._down += np.log1p(-down * (value - means))
        self._n = n
        self._sum += value
        self._squares += (value - self._sum / (n + 1)) ** 2
