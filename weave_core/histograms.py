"""How often which values came: counts between edges, of any numbers, with or without numpy."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from weave_core.errors import ConfigError

__all__ = ["MAX_BINS", "binned", "counted"]

MAX_BINS = 512
"""Bars of a histogram."""
_LIMIT = 8e307
"""Farther out a number counts as this one: differences of larger ones are no doubles."""


def binned(values: Any, bins: int = 64) -> dict[str, Any]:
    """Counts of `values` in `bins` parts of the same width; what is not finite is counted apart.

    Args:
        values: Numbers in any nesting: a list, an array, a tensor that numpy can read.
        bins: 1 to `MAX_BINS`.

    Returns:
        `edges` (one more than `counts`), `counts`, `count`, `bad_count`, and of the finite ones
        `min`, `max` and `mean`.

    Raises:
        TypeError: If a value is no number.
    """
    bins = max(1, min(int(bins), MAX_BINS))
    if hasattr(values, "__array__"):
        return _of_array(values, bins)
    numbers = [float(value) for value in _flat(values)]
    finite = [max(-_LIMIT, min(each, _LIMIT)) for each in numbers if math.isfinite(each)]
    told: dict[str, Any] = {"count": len(numbers), "bad_count": len(numbers) - len(finite)}
    if not finite:
        return told | {"edges": [0.0, 1.0], "counts": [0], "min": None, "max": None, "mean": None}
    low, high = min(finite), max(finite)
    first, width = _span(low, high, bins)
    counts = [0] * bins
    for number in finite:
        counts[min(bins - 1, int((number - first) / width))] += 1
    edges = [first + width * place for place in range(bins + 1)]
    mean = math.fsum(finite) / len(finite)
    return told | {"edges": edges, "counts": counts, "min": low, "max": high, "mean": mean}


def counted(counts: list[float], edges: list[float]) -> dict[str, Any]:
    """What was counted already, as `binned` tells it.

    Raises:
        ConfigError: If counts and edges do not go together.
    """
    if not edges:
        edges = [float(place) for place in range(len(counts) + 1)]
    if not 0 < len(counts) <= MAX_BINS or len(edges) != len(counts) + 1:
        raise ConfigError(
            f"Histogram was given {len(counts)} counts and {len(edges)} edges",
            f"give 1 to {MAX_BINS} counts, and one edge more",
        )
    numbers = [float(count) for count in counts]
    ends = [float(edge) for edge in edges]
    return {
        "edges": ends,
        "counts": numbers,
        "count": sum(numbers),
        "bad_count": 0,
        "min": ends[0],
        "max": ends[-1],
        "mean": None,
    }


def _of_array(values: Any, bins: int) -> dict[str, Any]:
    import numpy as np  # Whoever has an array has it.

    numbers = np.asarray(values, dtype=np.float64).ravel()
    finite = numbers[np.isfinite(numbers)].clip(-_LIMIT, _LIMIT)
    told: dict[str, Any] = {"count": numbers.size, "bad_count": numbers.size - finite.size}
    if not finite.size:
        return told | {"edges": [0.0, 1.0], "counts": [0], "min": None, "max": None, "mean": None}
    low, high = float(finite.min()), float(finite.max())
    first, width = _span(low, high, bins)
    counts, edges = np.histogram(finite, bins=bins, range=(first, first + width * bins))
    told |= {"edges": edges.tolist(), "counts": counts.tolist(), "min": low, "max": high}
    return told | {"mean": float(finite.mean())}


def _span(low: float, high: float, bins: int) -> tuple[float, float]:
    """The first edge and the width of a bar; one value alone stands in the middle."""
    if high > low and (high - low) / bins > 0 and math.isfinite(high - low):
        return low, (high - low) / bins
    half = max(0.5, abs(low) * 1e-6)
    return low - half, 2 * half / bins


def _flat(values: Any) -> Iterable[Any]:
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        for value in values:
            yield from _flat(value)
    else:
        yield values
