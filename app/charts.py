"""Charts over time as ECharts options; pure functions from numbers to dictionaries, no Streamlit.

Names of lines come from senders: they go in as data, which ECharts draws as plain text, and a
tooltip is never built from HTML of ours around them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

__all__ = [
    "BUCKETS",
    "BUCKET_S",
    "MAX_LINES",
    "Line",
    "chosen_point",
    "color_of",
    "legend",
    "time_chart",
]

BUCKETS: Final = {"1h": "1m", "24h": "30m", "7d": "3h", "30d": "12h"}
"""Width of a bucket by time range: 48 to 60 points a line."""

BUCKET_S: Final = {"1m": 60, "30m": 1_800, "3h": 10_800, "12h": 43_200}
"""The same in seconds."""

MAX_LINES: Final = 6
"""Lines of one chart; more can't be told apart."""

_COLORS: Final = ("#0f9d8f", "#8250df", "#c2681b", "#2f6fd0", "#2a8f5b", "#b0578d")
_SCALES: Final[dict[str, tuple[tuple[float, float, str, str], ...]]] = {
    "ms": ((10_000, 1e-3, "s", "%,.2f s"), (0, 1, "ms", "%,.1f ms")),
    "count": ((2e6, 1e-6, "millions", "%,.2f M"), (2e4, 1e-3, "thousands", "%,.1f k"),
              (0, 1, "", "%,.0f")),
    "usd": ((0, 1, "$", "$%,.4f"),),
    "percent": ((0, 1, "%", "%.1f %%"),),
    "By": ((2**31, 2**-30, "GiB", "%,.2f GiB"), (2**21, 2**-20, "MiB", "%,.1f MiB"),
           (0, 1, "bytes", "%,.0f bytes")),
}  # fmt: skip
"""By unit: from which largest value on, the factor, what the title says, the tooltip's format."""


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    points: Sequence[tuple[int, float | None]]
    """Time in nanoseconds and value, in the order of time; None leaves a gap."""


def color_of(place: int) -> str:
    """The colour of the line at this place, the same in all charts of a page."""
    return _COLORS[place % len(_COLORS)]


def time_chart(
    title: str, lines: Sequence[Line], *, unit: str, from_ns: int, to_ns: int
) -> dict[str, Any]:
    """One line a group over time; the axis is the whole time asked for, also where nothing was.

    Args:
        title: What is drawn.
        lines: In the order of their colours.
        unit: Of the values: `ms`, `count`, `usd`, `percent`, or as OpenTelemetry writes units.
            Large values are drawn in a larger unit, so that an axis needs no eight digits.
        from_ns: Where the time begins.
        to_ns: Where it ends.
    """
    largest = max((abs(v) for line in lines for _, v in line.points if v is not None), default=0.0)
    factor, words, tooltip = _scale(unit, largest)
    return {
        "title": {
            "text": f"{title}, {words}" if words else title,
            "left": 4,
            "textStyle": {"fontSize": 13, "fontWeight": 600},
        },
        "color": list(_COLORS),
        "grid": {"left": 8, "right": 12, "top": 34, "bottom": 6, "containLabel": True},
        "tooltip": {"trigger": "axis", "renderMode": "richText", "valueFormatter": tooltip},
        "xAxis": {
            "type": "time",
            "min": _when(from_ns),
            "max": _when(to_ns),
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {"type": "value", "min": 0, "splitNumber": 3},
        "animation": False,  # A reader of a live page waits for no line to grow.
        "series": [
            {
                "name": line.name,
                "type": "line",
                "data": [
                    [_when(time_ns), None if value is None else value * factor]
                    for time_ns, value in line.points
                ],
                "symbol": "circle",
                "symbolSize": 6,  # Large enough to be clicked.
                "selectedMode": "single",
                "lineStyle": {"width": 1.6},
            }
            for line in lines
        ],
    }


def legend() -> dict[str, Any]:
    """Which line is whose, below a chart."""
    return {
        "type": "scroll",
        "bottom": 0,
        "itemWidth": 12,
        "itemHeight": 8,
        "textStyle": {"fontSize": 11},
    }


def chosen_point(
    selected: Sequence[Mapping[str, Any]], lines: Sequence[Line]
) -> tuple[str, int] | None:
    """Name of the line and time of the point that was clicked in a `time_chart`; None: none was."""
    by_name = {line.name: line for line in lines}
    for each in selected:
        line = by_name.get(str(each.get("series_name")))
        for index in each.get("data_indices", ()):
            if line and isinstance(index, int) and 0 <= index < len(line.points):
                return line.name, line.points[index][0]
    return None


def _scale(unit: str, largest: float) -> tuple[float, str, str]:
    for least, factor, words, tooltip in _SCALES.get(unit, ()):
        if largest >= least:
            return factor, words, tooltip
    words = unit.strip("{}")
    return 1.0, words, "%,.4g"


def _when(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
