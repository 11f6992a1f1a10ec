"""Charts as ECharts options; pure functions from sums to dictionaries, no Streamlit.

Names of groups come from senders: they go in as data, which ECharts draws as plain text, and a
tooltip is never built from HTML of ours around them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from weave_core.model import Stats

__all__ = ["BUCKETS", "FIGURES", "MAX_LINES", "Figure", "group_name", "time_chart", "top_groups"]


@dataclass(frozen=True)
class Figure:
    """What a chart over time shows of each group."""

    title: str
    tooltip_format: str
    """Streamlit's number format."""
    value: Callable[[Stats], float | None]
    """None leaves a gap."""


FIGURES: Final = (
    Figure("Calls", "%,d", lambda stats: stats.count),
    Figure("Failed, %", "%.1f", lambda stats: 100 * stats.error_count / max(1, stats.count)),
    Figure("Latency p95, ms", "%,.1f", lambda stats: stats.latency_ms.p95),
    Figure("Cost, $", "%.6f", lambda stats: stats.cost_usd),
)

BUCKETS: Final = {"1h": "1m", "24h": "30m", "7d": "3h", "30d": "12h"}
"""Width of a bucket by time range: 48 to 60 points a line."""

MAX_LINES: Final = 6
"""Lines of one chart; more can't be told apart."""

_COLORS: Final = ["#0f9d8f", "#8250df", "#c2681b", "#2f6fd0", "#2a8f5b", "#b0578d"]
_MAX_NAME: Final = 60


def group_name(stats: Stats, group_by: str) -> str:
    """What a group is called on screen."""
    value = getattr(stats, group_by)
    return "(none)" if value is None else str(value)[:_MAX_NAME]


def top_groups(totals: Sequence[Stats], group_by: str) -> list[str]:
    """The groups with the most spans, most first; the rest is left to the table."""
    largest = sorted(totals, key=lambda stats: stats.count, reverse=True)
    return [group_name(stats, group_by) for stats in largest[:MAX_LINES]]


def time_chart(
    figure: Figure, series: Sequence[Stats], *, group_by: str, groups: Sequence[str]
) -> dict[str, Any]:
    """One line a group over time.

    Args:
        figure: What to draw.
        series: Sums with their buckets.
        group_by: The key that names the group.
        groups: The groups to draw, in the order of their colours.
    """
    points: dict[str, list[list[Any]]] = {group: [] for group in groups}
    for stats in series:
        name = group_name(stats, group_by)
        if name in points and stats.bucket_ns is not None:
            when = datetime.fromtimestamp(stats.bucket_ns / 1e9, UTC).isoformat()
            points[name].append([when, figure.value(stats)])
    return {
        "title": {"text": figure.title, "textStyle": {"fontSize": 13, "fontWeight": 600}},
        "color": _COLORS,
        "grid": {"left": 8, "right": 12, "top": 34, "bottom": 4, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            "valueFormatter": figure.tooltip_format,
        },
        "xAxis": {"type": "time", "axisLabel": {"hideOverlap": True}},
        "yAxis": {"type": "value", "min": 0, "splitNumber": 3},
        "series": [
            {
                "name": name,
                "type": "line",
                "data": sorted(line),
                "showSymbol": len(line) < 3,  # noqa: PLR2004  # A line needs two points to be seen.
                "lineStyle": {"width": 1.6},
            }
            for name, line in points.items()
        ],
    }
