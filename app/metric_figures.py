"""What is drawn of a metric, by its kind.  Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from weave_core.app.charts import MAX_LINES, Line
from weave_core.model import MetricBucket, MetricPoint

__all__ = ["MetricFigure", "figures_of_kind", "keys_of", "lines_of_metric"]

_MAX_NAME: Final = 60


@dataclass(frozen=True)
class MetricFigure:
    """What a chart over time shows of each group of a metric."""

    title: str
    value: Callable[[MetricBucket], float | None]
    is_count: bool = False
    """A number of points, whatever the metric's unit."""


_COUNT = MetricFigure("Count", lambda bucket: bucket.count, is_count=True)
_SUM = MetricFigure("Sum", lambda bucket: bucket.sum)
_MEAN = MetricFigure("Mean", lambda bucket: bucket.mean)
_DISTRIBUTION = (
    _COUNT,
    _MEAN,
    MetricFigure("p50", lambda bucket: bucket.p50),
    MetricFigure("p95", lambda bucket: bucket.p95),
    MetricFigure("p99", lambda bucket: bucket.p99),
    _SUM,
)
_LEVEL = (
    _MEAN,
    MetricFigure("Smallest", lambda bucket: bucket.min),
    MetricFigure("Largest", lambda bucket: bucket.max),
    MetricFigure("Last", lambda bucket: bucket.last),
)


def figures_of_kind(kind: str, buckets: Iterable[MetricBucket]) -> list[MetricFigure]:
    """The charts of a metric; those that would be empty are left out."""
    buckets = list(buckets)
    if kind == "sum":
        figures: tuple[MetricFigure, ...] = (_SUM, *_LEVEL)
    else:
        figures = _LEVEL if kind == "gauge" else _DISTRIBUTION
    return [each for each in figures if any(each.value(bucket) is not None for bucket in buckets)]


def keys_of(points: Iterable[MetricPoint]) -> list[str]:
    """Attributes that tell these points apart, by name."""
    values: dict[str, set[str]] = {}
    for point in points:
        for key, value in point.attributes.items():
            values.setdefault(key, set()).add(str(value))
    return sorted(values, key=lambda key: (len(values[key]) < 2, key))  # noqa: PLR2004  # One tells nothing apart.


def lines_of_metric(
    figure: MetricFigure, buckets: Sequence[MetricBucket], *, group_by: str | None
) -> list[Line]:
    """The figure of the largest groups over time."""
    counts: dict[str, int] = {}
    points: dict[str, list[tuple[int, float | None]]] = {}
    for bucket in sorted(buckets, key=lambda each: each.bucket_ns):
        name = str(bucket.group.get(group_by, "") or "(none)")[:_MAX_NAME] if group_by else "all"
        counts[name] = counts.get(name, 0) + bucket.count
        points.setdefault(name, []).append((bucket.bucket_ns, figure.value(bucket)))
    largest = sorted(points, key=lambda name: (-counts[name], name))[:MAX_LINES]
    return [Line(name, points[name]) for name in largest]
