"""What the Dashboard draws of each group, and which traces stand behind a point of it.  Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from weave_core.app import filters
from weave_core.app.charts import MAX_LINES, Line
from weave_core.model import FeedbackStats, Stats

__all__ = [
    "FEEDBACK_FIGURES",
    "FIELDS",
    "FIGURES",
    "FeedbackFigure",
    "Figure",
    "feedback_lines",
    "group_name",
    "lines_of",
    "top_groups",
    "traces_query",
]

FIELDS: Final = {
    "model": "model",
    "op": "op_name",
    "kind": "kind",
    "user": "user_id",
    "service": "service_name",
    "agent": "agent_name",
    "environment": "environment",
}
"""What spans can be grouped by here, and the field of a filter that picks one group."""

_MAX_NAME: Final = 60


@dataclass(frozen=True)
class Figure:
    """What a chart over time shows of each group."""

    title: str
    unit: str
    value: Callable[[Stats], float | None]
    """None leaves a gap."""
    order_by: str = ""
    """How the traces behind a point are ordered: whoever clicks on a slow minute wants the slow."""
    only: str = ""
    """A further condition on the span that counts."""


FIGURES: Final = (
    Figure("Calls", "count", lambda stats: stats.count),
    Figure(
        "Failed",
        "percent",
        lambda stats: 100 * stats.error_count / max(1, stats.count),
        only="span.status = 'error'",
    ),
    Figure(
        "Tokens",
        "count",
        lambda stats: stats.tokens.total_tokens if stats.tokens else None,
        "-total_tokens",
    ),
    Figure("Cost", "usd", lambda stats: stats.cost_usd, "-cost_usd"),
    Figure("Latency p50", "ms", lambda stats: stats.latency_ms.p50, "-duration_ms"),
    Figure("Latency p95", "ms", lambda stats: stats.latency_ms.p95, "-duration_ms"),
    Figure("Latency p99", "ms", lambda stats: stats.latency_ms.p99, "-duration_ms"),
    Figure("Latency mean", "ms", lambda stats: stats.latency_ms.mean, "-duration_ms"),
)
"""In the order of the page, four a row."""


@dataclass(frozen=True)
class FeedbackFigure:
    """What a chart over time shows of feedback by name."""

    title: str
    value: Callable[[FeedbackStats], float | None]
    """None leaves a gap."""


FEEDBACK_FIGURES: Final = (
    FeedbackFigure("Feedback given", lambda stats: stats.count),
    FeedbackFigure("Mean of feedback", lambda stats: stats.mean),
)


def feedback_lines(figure: FeedbackFigure, series: Sequence[FeedbackStats]) -> list[Line]:
    """The figure of the names that were given most."""
    counts: Counter[str] = Counter()
    points: dict[str, list[tuple[int, float | None]]] = {}
    for stats in series:
        value = figure.value(stats)
        if value is not None and stats.bucket_ns is not None:
            counts[stats.name] += stats.count
            points.setdefault(stats.name, []).append((stats.bucket_ns, value))
    return [Line(name, points[name]) for name, _ in counts.most_common(MAX_LINES)]


def group_name(stats: Stats, group_by: str) -> str:
    """What a group is called on screen."""
    value = getattr(stats, group_by)
    return "(none)" if value is None else str(value)[:_MAX_NAME]


def top_groups(totals: Sequence[Stats], group_by: str) -> list[str]:
    """The groups with the most spans, most first; the rest is left to the table."""
    largest = sorted(totals, key=lambda stats: stats.count, reverse=True)
    return [group_name(stats, group_by) for stats in largest[:MAX_LINES]]


def lines_of(
    figure: Figure, series: Sequence[Stats], *, group_by: str, groups: Sequence[str]
) -> list[Line]:
    """The figure of each of `groups` over time."""
    points: dict[str, list[tuple[int, float | None]]] = {group: [] for group in groups}
    for stats in sorted(series, key=lambda each: each.bucket_ns or 0):
        name = group_name(stats, group_by)
        if name in points and stats.bucket_ns is not None:
            points[name].append((stats.bucket_ns, figure.value(stats)))
    return [Line(name, line) for name, line in points.items()]


def traces_query(
    project: str,
    text: str,
    *,
    group: tuple[str, str],
    figure: Figure | None = None,
    period_ns: tuple[int, int] | None = None,
) -> dict[str, str]:
    """What the list of traces is asked for what stands behind a group, or a point of its line.

    Args:
        project: Whose traces.
        text: The Dashboard's own filter of spans.
        group: What the groups are of, and the value of this one.
        figure: That of the chart whose point it is.
        period_ns: The time of the point.
    """
    group_by, value = group
    wanted = filters.added(text, filters.equals(FIELDS[group_by], value))
    if figure and figure.only:
        wanted = filters.added(wanted, figure.only)
    if period_ns:
        wanted = filters.added(wanted, filters.begun_between(*period_ns))
    query = {"project": project, "filter": wanted}
    if figure and figure.order_by:
        query["order"] = figure.order_by
    return query
