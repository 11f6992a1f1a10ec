"""Sums of metric points: what was added between two points of a total, and percentiles of buckets.

A cumulative point is a total since `start_ns`; what it adds is the difference to the point before,
or all of it when the total began anew (data model of OpenTelemetry metrics, "Resets and gaps").
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

__all__ = ["Increment", "Sums", "increments", "percentile"]

Range = tuple[float, float]
_MAX_EXPONENT = 1_000.0
"""Powers of two beyond this are no doubles."""
_MAX_SHIFT = 64
"""Steps of scale beyond this leave one bucket."""


@dataclass(slots=True)
class Increment:
    """What one point adds to its series, or what a gauge reads."""

    time_ns: int
    value: float | None = None
    count: int = 0
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    buckets: dict[Range, float] = field(default_factory=dict)
    """Count of each range of values."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """What `buckets` were read from."""


def increments(
    rows: Iterable[Mapping[Any, Any]], temporality: str, kind: str, *, is_gauge: bool
) -> Iterator[Increment]:
    """What each of `rows`, points of one series in time order, adds.

    Args:
        rows: Columns of `metric_point`.
        temporality: `delta`, `cumulative` or empty.
        kind: That of the series.
        is_gauge: Whether values are readings, which have no difference.
    """
    before: Increment | None = None
    began_ns = 0
    # Summaries are totals too, but have no temporality of their own.
    is_total = not is_gauge and (temporality == "cumulative" or kind == "summary")
    for row in rows:
        now = _read(row)
        if not is_total:
            yield now
            continue
        is_same = (
            before is not None and row["start_ns"] == began_ns and not _has_shrunk(now, before)
        )
        yield _difference(now, before) if before is not None and is_same else now
        before, began_ns = now, row["start_ns"]


def _read(row: Mapping[Any, Any]) -> Increment:
    return Increment(
        time_ns=row["time_ns"],
        value=row["value"],
        count=row["count"] or 0,
        sum=row["sum"],
        min=row["min"],
        max=row["max"],
        buckets=_ranges(row["body"] or {}),
        body=row["body"] or {},
    )


def _has_shrunk(now: Increment, before: Increment) -> bool:
    """A total that is smaller than before has begun anew, whatever its start says."""
    return now.count < before.count or (now.value or 0) < (before.value or 0)


def _difference(now: Increment, before: Increment) -> Increment:
    """Extremes are of the whole total, so the difference has none."""
    old = before.buckets
    if "scale" in now.body and before.body.get("scale", 0) > now.body["scale"]:
        # Exponential buckets are halved in number when values spread, each being two of before.
        old = _exponential(before.body, int(now.body["scale"]))
    # Otherwise a sender with new buckets: no telling what lies where.
    is_comparable = old.keys() <= now.buckets.keys()
    return Increment(
        time_ns=now.time_ns,
        value=None if now.value is None else now.value - (before.value or 0),
        count=now.count - before.count,
        sum=None if now.sum is None or before.sum is None else now.sum - before.sum,
        buckets={
            key: count - old.get(key, 0)
            for key, count in now.buckets.items()
            if is_comparable and count > old.get(key, 0)
        },
    )


def _ranges(body: Mapping[str, Any]) -> dict[Range, float]:
    """The buckets of a histogram as ranges of values."""
    if "scale" in body:
        return _exponential(body, int(body["scale"]))
    bounds, counts = body.get("bounds", []), body.get("counts", [])
    if len(counts) != len(bounds) + 1:
        return {}
    ranges: dict[Range, float] = {}
    for index, count in enumerate(counts):
        if count and bounds:
            # The outer buckets have no end; a total's own extremes would change with each point.
            lower = bounds[index - 1] if index else min(0.0, bounds[0])
            upper = bounds[index] if index < len(bounds) else bounds[-1]
            ranges[lower, upper] = count
    return ranges


def _exponential(body: Mapping[str, Any], scale: int) -> dict[Range, float]:
    """Bucket i holds base**i to base**(i+1), where base is 2**(2**-scale).

    Args:
        body: With the buckets of its own scale.
        scale: That of the result; not above the body's.
    """
    ranges: dict[Range, float] = {}
    shift = min(int(body["scale"]) - scale, _MAX_SHIFT)
    width = 2.0 ** -max(-_MAX_SHIFT, min(scale, _MAX_SHIFT))
    for name, sign in (("positive", 1), ("negative", -1)):
        offset, counts = body.get(name) or (0, [])
        for place, count in enumerate(counts):
            if count:
                index = (offset + place) >> shift
                near, far = sign * _power(index * width), sign * _power((index + 1) * width)
                key = (min(near, far), max(near, far))
                ranges[key] = ranges.get(key, 0) + count
    if body.get("zero_count"):
        threshold = float(body.get("zero_threshold") or 0.0)
        ranges[-threshold, threshold] = body["zero_count"]
    return ranges


def _power(exponent: float) -> float:
    return float(2.0 ** max(-_MAX_EXPONENT, min(exponent, _MAX_EXPONENT)))


def percentile(ranges: Mapping[Range, float], share: float) -> float | None:
    """The value below which `share` of all counts lie; within a range counts lie evenly.

    Ranges may overlap, since two senders may have other buckets.
    """
    total = sum(ranges.values())
    if total <= 0:
        return None
    edges = sorted({edge for each in ranges for edge in each})
    masses = dict.fromkeys(edges, 0.0)
    slopes = dict.fromkeys(edges, 0.0)
    for (lower, upper), count in ranges.items():
        if upper > lower:
            slopes[lower] += count / (upper - lower)
            slopes[upper] -= count / (upper - lower)
        else:
            masses[lower] += count
    wanted = share * total
    below = 0.0
    for edge, nearest, slope in zip(
        edges, [*edges[1:], None], accumulate(slopes[edge] for edge in edges), strict=True
    ):
        below += masses[edge]
        if below >= wanted or nearest is None:
            return edge
        more = max(slope, 0.0) * (nearest - edge)
        if more > 0 and below + more >= wanted:
            return edge + (wanted - below) / slope
        below += more
    return edges[-1]


class Sums:
    """What increments come to, of any kind of metric."""

    def __init__(self, *, is_gauge: bool) -> None:
        self._is_gauge = is_gauge
        self._count = 0
        self._sum = 0.0
        self._has_sum = False
        self._min: float | None = None
        self._max: float | None = None
        self._last: tuple[int, float] | None = None
        self._buckets: dict[Range, float] = {}
        self._is_histogram = False
        self._has_extremes = True

    def add(self, point: Increment) -> None:
        """Count `point` in."""
        value = point.sum if point.value is None else point.value
        if value is not None:
            self._sum += value
            self._has_sum = True
        if point.value is None:
            self._is_histogram = True
            self._count += point.count
            self._widen(point.min, point.max)
            if point.count and (point.min is None or point.max is None):
                self._has_extremes = False  # Those of the others are not those of all.
            for key, count in point.buckets.items():
                self._buckets[key] = self._buckets.get(key, 0.0) + count
        else:
            self._count += 1
            if self._is_gauge:
                self._widen(point.value, point.value)
                self._last = max(
                    self._last or (point.time_ns, point.value), (point.time_ns, point.value)
                )

    def _widen(self, low: float | None, high: float | None) -> None:
        if low is not None:
            self._min = low if self._min is None else min(self._min, low)
        if high is not None:
            self._max = high if self._max is None else max(self._max, high)

    def shape(self) -> dict[str, Any]:
        """The fields of `weave_core.model.MetricBucket`, without its place."""
        low, high = (self._min, self._max) if self._has_extremes else (None, None)
        has_mean = self._has_sum and self._count > 0 and (self._is_histogram or self._is_gauge)
        shape: dict[str, Any] = {
            "count": self._count,
            "sum": self._sum if self._has_sum and not self._is_gauge else None,
            "mean": self._sum / self._count if has_mean else None,
            "min": low,
            "max": high,
            "last": self._last[1] if self._last else None,
        }
        for percent in (50, 95, 99):
            found = percentile(self._buckets, percent / 100)
            if found is not None and high is not None:
                found = min(found, high)
            if found is not None and low is not None:
                found = max(found, low)
            shape[f"p{percent}"] = found
        return shape
