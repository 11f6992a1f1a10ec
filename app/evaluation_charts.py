"""Charts of evaluations as ECharts options; pure functions, no Streamlit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from weave_core.app.charts import color_of
from weave_core.model import Distribution, StoredEvaluation

__all__ = ["distribution_chart", "interval_chart", "trend_chart"]

_TITLE = {"left": 4, "textStyle": {"fontSize": 13, "fontWeight": 600}}
_GRID = {"left": 8, "right": 12, "top": 34, "bottom": 6, "containLabel": True}
_FONT = {"fontSize": 11}
_MAX_NAME = 24


def trend_chart(scorer: str, evaluations: Sequence[StoredEvaluation]) -> dict[str, Any]:
    """The mean of one scorer over time, with a band where the true one lies.

    Args:
        scorer: Whose scores.
        evaluations: In any order; those without the scorer are left out.
    """
    points: list[tuple[str, float, float, float]] = []
    for each in sorted(evaluations, key=lambda one: one.started_ns):
        found = each.summary.scorers.get(scorer) if each.summary else None
        if found is None or found.estimate is None:
            continue
        value = found.estimate.value
        low = value if found.estimate.low is None else found.estimate.low
        high = value if found.estimate.high is None else found.estimate.high
        when = datetime.fromtimestamp(each.started_ns / 1e9, UTC).isoformat()
        points.append((when, value, low, high))
    return interval_chart(scorer, points)


def interval_chart(
    title: str,
    points: Sequence[tuple[str, float, float, float]],
    *,
    period: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """A number over time, with a band where the true one lies.

    Args:
        title: What it is of.
        points: Time in ISO form, the number, and the ends of its interval, in the order of time.
        period: Where the axis begins and ends; None: where the points do.
    """
    ends = {} if period is None else {"min": period[0], "max": period[1]}
    color = color_of(0)
    hidden = {"type": "line", "symbol": "none", "lineStyle": {"opacity": 0}, "stack": "interval"}
    return {
        "title": {"text": title, **_TITLE},
        "grid": _GRID,
        "animation": False,
        "tooltip": {"trigger": "axis", "renderMode": "richText", "valueFormatter": "%,.3f"},
        "xAxis": {"type": "time", "axisLabel": {"hideOverlap": True}, **ends},
        "yAxis": {"type": "value", "scale": True, "splitNumber": 3},
        "series": [
            {**hidden, "name": "from", "data": [[when, low] for when, _, low, _ in points]},
            {
                **hidden,
                "name": "width of the interval",
                "data": [[when, high - low] for when, _, low, high in points],
                "areaStyle": {"color": color, "opacity": 0.16},
            },
            {
                "name": title,
                "type": "line",
                "data": [[when, value] for when, value, _, _ in points],
                "symbol": "circle",
                "symbolSize": 7,
                "color": color,
                "lineStyle": {"width": 1.6},
            },
        ],
    }


def distribution_chart(scorer: str, found: Distribution, *, is_rate: bool) -> dict[str, Any]:
    """How often which score was given, as bars."""
    if found.counts and is_rate:
        names = ["false", "true"]
        counts: list[int] = list(found.counts)
    elif found.counts:
        names = [f"{low:.3g}" for low in found.edges[:-1]]
        counts = list(found.counts)
    else:
        names, counts = [name[:_MAX_NAME] for name in found.labels], list(found.labels.values())
    if found.errors:
        names, counts = [*names, "error"], [*counts, found.errors]
    bars: list[Any] = list(counts)
    if found.errors:
        bars[-1] = {"value": found.errors, "itemStyle": {"color": "#c0392b"}}
    return {
        "title": {"text": scorer, **_TITLE},
        "grid": _GRID,
        "animation": False,
        "tooltip": {"trigger": "axis", "renderMode": "richText", "valueFormatter": "%,d"},
        "xAxis": {"type": "category", "data": names, "axisLabel": {"hideOverlap": True, **_FONT}},
        "yAxis": {"type": "value", "splitNumber": 3, "minInterval": 1},
        "series": [
            {
                "name": "scores",
                "type": "bar",
                "data": bars,
                "color": color_of(0),
                "barCategoryGap": "12%",
            }
        ],
    }
