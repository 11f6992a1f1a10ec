"""Charts as ECharts options; pure functions from sums to dictionaries, no Streamlit.

Names of groups come from senders: they go in as data, which ECharts draws as plain text, and a
tooltip is never built from HTML of ours around them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from weave_core.model import Stats

__all__ = [
    "BUCKETS",
    "BUCKET_S",
    "FIGURES",
    "MAX_LINES",
    "Figure",
    "chosen_point",
    "group_name",
    "time_chart",
    "top_groups",
]


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
    Figure("Tokens", "%,d", lambda stats: stats.tokens.total_tokens if stats.tokens else None),
    Figure("Cost, $", "%.6f", lambda stats: stats.cost_usd),
    Figure("Latency p50, ms", "%,.1f", lambda stats: stats.latency_ms.p50),
    Figure("Latency p95, ms", "%,.1f", lambda stats: stats.latency_ms.p95),
    Figure("Latency p99, ms", "%,.1f", lambda stats: stats.latency_ms.p99),
    Figure("Latency mean, ms", "%,.1f", lambda stats: stats.latency_ms.mean),
)
"""In the order of the page, four a row."""

BUCKETS: Final = {"1h": "1m", "24h": "30m", "7d": "3h", "30d": "12h"}
"""Width of a bucket by time range: 48 to 60 points a line."""

BUCKET_S: Final = {"1m": 60, "30m": 1_800, "3h": 10_800, "12h": 43_200}
"""The same in seconds."""

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
    points = _points(series, group_by, groups)
    return {
        "title": {"text": figure.title, "textStyle": {"fontSize": 13, "fontWeight": 600}},
        "color": _COLORS,
        "grid": {"left": 8, "right": 12, "top": 34, "bottom": 26, "containLabel": True},
        "legend": {
            "type": "scroll",
            "bottom": 0,
            "itemWidth": 12,
            "itemHeight": 8,
            "textStyle": {"fontSize": 11},
        },
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
                "data": [[_when(stats), figure.value(stats)] for stats in line],
                "symbol": "circle",
                "symbolSize": 6,  # Large enough to be clicked.
                "selectedMode": "single",
                "lineStyle": {"width": 1.6},
            }
            for name, line in points.items()
        ],
    }


def chosen_point(
    selected: Sequence[Mapping[str, Any]],
    series: Sequence[Stats],
    *,
    group_by: str,
    groups: Sequence[str],
) -> Stats | None:
    """The sums behind the point that was clicked in a `time_chart`; None: none was."""
    points = _points(series, group_by, groups)
    for each in selected:
        line = points.get(str(each.get("series_name")), [])
        for index in each.get("data_indices", ()):
            if isinstance(index, int) and 0 <= index < len(line):
                return line[index]
    return None


def _points(
    series: Sequence[Stats], group_by: str, groups: Sequence[str]
) -> dict[str, list[Stats]]:
    """The sums of each group in the order of time."""
    points: dict[str, list[Stats]] = {group: [] for group in groups}
    for stats in sorted(series, key=lambda each: each.bucket_ns or 0):
        name = group_name(stats, group_by)
        if name in points and stats.bucket_ns is not None:
            points[name].append(stats)
    return points


def _when(stats: Stats) -> str:
    return datetime.fromtimestamp((stats.bucket_ns or 0) / 1e9, UTC).isoformat()
