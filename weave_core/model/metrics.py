"""Metrics: what a project has, and a metric's points or sums of them."""

from typing import Any

from weave_core.model.values import Value

__all__ = ["MetricBucket", "MetricPage", "MetricPoint", "MetricSummary"]


class MetricSummary(Value):
    """One metric of a project."""

    name: str
    description: str = ""
    unit: str = ""
    kind: str
    """`gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`."""
    series_count: int
    point_count: int
    first_ns: int | None = None
    last_ns: int | None = None


class MetricPoint(Value):
    """A point as it was sent."""

    time_ns: int
    start_ns: int
    temporality: str
    """`delta`, `cumulative` (since `start_ns`) or empty."""
    attributes: dict[str, Any] = {}
    value: float | None = None
    """Of gauges and sums; the others have what follows."""
    count: int | None = None
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: list[float] = []
    """Upper bounds of all buckets but the last."""
    bucket_counts: list[int] = []
    quantiles: list[Any] = []
    exemplars: list[dict[str, Any]] = []
    """`time_ns`, `value`, `trace_id`, `span_id` each."""


class MetricBucket(Value):
    """Sums of what happened in one bucket of time, of one group.

    Of counters: `sum`.  Of histograms: `count`, `sum`, `mean`, percentiles within the precision of
    the sender's buckets.  Of gauges: `count` of points, `mean`, `min`, `max`, `last`.
    """

    bucket_ns: int
    group: dict[str, Any] = {}
    count: int
    sum: float | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    last: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class MetricPage(Value):
    """A bounded part of a metric's points, or its buckets."""

    name: str
    unit: str
    kind: str
    items: list[MetricPoint] | list[MetricBucket]
    next_cursor: str | None = None
