"""Charts of runs as ECharts options; pure functions, no Streamlit.

Keys come from senders: they go in as data, which ECharts draws as plain text.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from weave_core.app.charts import color_of
from weave_core.model import RunSeries

__all__ = ["AXES", "metric_chart", "section_of", "sections_of"]

AXES: Final = {"step": "step", "time": "time", "runtime": "seconds since it began"}
"""What charts may have along x, and how it is called."""
_MAX_TITLE = 60


def metric_chart(
    key: str, series: Sequence[RunSeries], *, names: dict[str, str], x: str, is_log: bool = False
) -> dict[str, Any]:
    """One line a run and rank; NaN and infinity are gaps.

    Args:
        key: What is drawn.
        series: Points of it, in the order of their colours.
        names: What runs are called, by id; a line of one run alone is called after the key.
        x: `step`, `time`, `runtime`, a key, or empty for the step.
        is_log: Whether values lie on a logarithmic axis.
    """
    is_time = x == "time"
    return {
        "title": {
            "text": key if len(key) <= _MAX_TITLE else f"{key[: _MAX_TITLE - 1]}…",
            "left": 4,
            "textStyle": {"fontSize": 13, "fontWeight": 600},
        },
        "grid": {"left": 8, "right": 14, "top": 34, "bottom": 6, "containLabel": True},
        "tooltip": {"trigger": "axis", "renderMode": "richText", "valueFormatter": "%,.5g"},
        "xAxis": {
            "type": "time" if is_time else "value",
            "scale": True,
            "min": "dataMin",
            "max": "dataMax",
            "splitLine": {"show": False},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {"type": "log" if is_log else "value", "scale": True, "splitNumber": 4},
        "animation": False,
        "series": [
            {
                "name": _line_name(each, names),
                "type": "line",
                "data": _points(each, is_time=is_time, is_log=is_log),
                "showSymbol": len(each.values) < 2,  # noqa: PLR2004  # A single point has no line.
                "symbolSize": 5,
                "lineStyle": {"width": 1.5},
                "color": color_of(place),
            }
            for place, each in enumerate(series)
        ],
    }


def section_of(key: str) -> str:
    """The part of a key that charts are gathered by: what is before the first `/` or `.`."""
    places = [place for place in (key.find("/"), key.find(".")) if place > 0]
    return key[: min(places)] if places else ""


def sections_of(keys: Sequence[str]) -> dict[str, list[str]]:
    """Keys by their section, both in order; those without one come first."""
    found: dict[str, list[str]] = {}
    for key in sorted(keys, key=lambda key: (section_of(key), key)):
        found.setdefault(section_of(key), []).append(key)
    return found


def _line_name(series: RunSeries, names: dict[str, str]) -> str:
    name = names.get(series.run_id, series.key)
    return f"{name}, rank {series.rank}" if series.rank else name


def _points(series: RunSeries, *, is_time: bool, is_log: bool) -> list[list[Any]]:
    along: Sequence[Any] = series.steps if series.x is None else series.x
    return [
        [_when(x) if is_time else x, _drawn(value, is_log=is_log)]
        for x, value in zip(along, series.values, strict=True)
    ]


def _drawn(value: float | str, *, is_log: bool) -> float | None:
    if isinstance(value, str) or (is_log and value <= 0):
        return None
    return value


def _when(time_ns: float) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
