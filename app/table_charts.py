"""Logged tables as charts: ECharts options; pure functions, no Streamlit.

Names and values come from programs: they go in as data, which ECharts draws as plain text.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from weave_core.app.charts import color_of, legend
from weave_core.model import TableChart

__all__ = ["MAX_SERIES", "chart_height", "table_chart"]

MAX_SERIES: Final = 20
"""Lines or colours of a logged chart; further values of the column are left out."""
MAX_BINS: Final = 40
"""Bars of a logged histogram."""
_GRID = {"left": 40, "right": 18, "top": 40, "bottom": 30, "containLabel": True}
_FONT = {"fontSize": 11}
_NUMBER = "%,.4g"
_MAX_LABELS_IN_FIELDS = 20
_MANY = 200
_NEARLY_ALL = 0.9

Rows = Sequence[Sequence[Any]]


def table_chart(chart: TableChart, columns: Sequence[str], rows: Rows) -> dict[str, Any] | None:
    """The chart of a table; None where a column is missing, or nothing can be drawn of it.

    Args:
        chart: What is drawn.
        columns: Of the table.
        rows: Of it; those whose values can't be drawn are left out.
    """
    if not set(chart.columns) <= set(columns):
        return None
    places = {name: columns.index(name) for name in chart.columns}
    cells = [{name: row[place] for name, place in places.items()} for row in rows]
    drawn = _DRAWERS[chart.kind](chart, cells)
    if drawn is None:
        return None
    title = {"text": chart.title or "", "left": 4, "textStyle": {"fontSize": 13, "fontWeight": 600}}
    return {"title": title, "grid": _GRID, "animation": False, **drawn}


def chart_height(chart: TableChart, options: Mapping[str, Any]) -> int:
    """How many pixels high it is drawn: a matrix grows with its rows."""
    if chart.kind == "matrix":
        return min(720, max(300, 130 + 26 * len(options["yAxis"]["data"])))
    return 340


def _axis(name: str, values: list[Any], *, is_category: bool = False) -> dict[str, Any]:
    """An axis of numbers where all are some, else of names in their order."""
    base = {
        "name": name, "nameLocation": "middle", "nameTextStyle": _FONT,
        "axisLabel": {"hideOverlap": True, **_FONT},
    }  # fmt: skip
    if not is_category and all(map(_is_number, values)):
        return {**base, "type": "value", "scale": True, "splitLine": {"show": False}}
    return {**base, "type": "category", "data": list(dict.fromkeys(map(_word, values)))}


def _frame(
    chart: TableChart, x: dict[str, Any], y_name: str, values: list[float]
) -> dict[str, Any]:
    """Both axes; shares are drawn up to 1, where an axis of its own choice ends at 1.2."""
    y = {
        "type": "value", "scale": chart.kind != "bar", "splitNumber": 4,
        "name": chart.y_title or y_name, "nameLocation": "middle", "nameGap": 40,
        "nameTextStyle": _FONT, "axisLabel": _FONT,
        **({"max": 1} if _NEARLY_ALL < max(values) <= 1 else {}),
    }  # fmt: skip
    ends = {"min": "dataMin", "max": "dataMax"} if x["type"] == "value" else {}
    return {"xAxis": {**x, "nameGap": 24, **ends}, "yAxis": y}


def _points(chart: TableChart, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Lines, or points, one series for each value of the colour."""
    y = str(chart.y)
    kept = [cell for cell in cells if _is_number(cell[y]) and cell[chart.x] is not None]
    if not kept:
        return None
    x = _axis(chart.x_title or chart.x, [cell[chart.x] for cell in kept])
    as_x: Callable[[Any], Any] = _word if x["type"] == "category" else float
    series: dict[str, list[list[Any]]] = {}
    for cell in kept:
        name = y if chart.color is None else _word(cell[chart.color])
        if name in series or len(series) < MAX_SERIES:
            series.setdefault(name, []).append([as_x(cell[chart.x]), float(cell[y])])
    is_line = chart.kind == "line"
    drawn = []
    for place, (name, points) in enumerate(series.items()):
        if is_line and x["type"] == "value":
            points.sort(key=lambda point: point[0])  # A stable order: steps of a curve stay steps.
        drawn.append(
            {
                "name": name, "type": "line" if is_line else "scatter", "data": points,
                "color": color_of(place), "symbol": "circle",
                "symbolSize": 6 if not is_line else 0 if len(points) > _MANY else 4,
                "lineStyle": {"width": 1.8}, "itemStyle": {"opacity": 1 if is_line else 0.72},
            }
        )  # fmt: skip
    return {
        **_frame(chart, x, y, [float(cell[y]) for cell in kept]),
        "tooltip": {"trigger": "item", "renderMode": "richText", "valueFormatter": _NUMBER},
        "series": drawn,
        **({"legend": legend(), "grid": {**_GRID, "bottom": 58}} if chart.color else {}),
    }


def _bars(chart: TableChart, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    y = str(chart.y)
    kept = [cell for cell in cells if _is_number(cell[y])]
    if not kept:
        return None
    x = _axis(chart.x_title or chart.x, [cell[chart.x] for cell in kept], is_category=True)
    data = [(_word(cell[chart.x]), float(cell[y])) for cell in kept]
    return {
        **_frame(chart, x, y, [value for _, value in data]),
        "tooltip": {"trigger": "item", "renderMode": "richText", "valueFormatter": _NUMBER},
        "series": [
            {"name": y, "type": "bar", "data": data, "color": color_of(0), "barMaxWidth": 64}
        ],
    }


def _histogram(chart: TableChart, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    values = [float(cell[chart.x]) for cell in cells if _is_number(cell[chart.x])]
    if not values:
        return None
    low, high = min(values), max(values)
    # The square root of their number, as spreadsheets have it; whole numbers get a bar each.
    count = max(1, min(MAX_BINS, math.ceil(math.sqrt(len(values)))))
    is_whole = all(value.is_integer() for value in values) and high - low < MAX_BINS
    if is_whole:
        counts = Counter(values)
        names = [f"{low + place:g}" for place in range(int(high - low) + 1)]
        bars = [counts[low + place] for place in range(int(high - low) + 1)]
    else:
        width = (high - low) / count or 1.0
        bars = [0] * count
        for value in values:
            bars[min(count - 1, int((value - low) / width))] += 1
        names = [f"{low + place * width:.4g}" for place in range(count)]
    x = {**_axis(chart.x_title or chart.x, names, is_category=True), "data": names}
    return {
        **_frame(chart, x, "count", [2.0]),
        "tooltip": {"trigger": "item", "renderMode": "richText", "valueFormatter": "%,d"},
        "series": [
            {
                "name": "count", "type": "bar", "data": bars, "color": color_of(0),
                "barCategoryGap": "6%",
            }
        ],
    }  # fmt: skip


def _matrix(chart: TableChart, cells: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Fields coloured by their number; what is true goes down, as one reads."""
    y, value = str(chart.y), str(chart.value)
    kept = [cell for cell in cells if _is_number(cell[value])]
    if not kept:
        return None
    across = _axis(chart.x_title or chart.x, [cell[chart.x] for cell in kept], is_category=True)
    down = _axis(chart.y_title or y, [cell[y] for cell in kept], is_category=True)
    numbers = [float(cell[value]) for cell in kept]
    data = [
        [_word(cell[chart.x]), _word(cell[y]), number]
        for cell, number in zip(kept, numbers, strict=True)
    ]
    is_small = max(len(across["data"]), len(down["data"])) <= _MAX_LABELS_IN_FIELDS
    return {
        "grid": {**_GRID, "right": 64},
        "xAxis": {**across, "nameGap": 24, "splitArea": {"show": True}},
        "yAxis": {**down, "inverse": True, "nameGap": 44, "splitArea": {"show": True}},
        "tooltip": {"trigger": "item", "renderMode": "richText", "valueFormatter": _NUMBER},
        "visualMap": {
            "min": min(0.0, *numbers), "max": max(numbers),
            "calculable": True, "orient": "vertical", "right": 0, "top": 44, "itemWidth": 10,
            "itemHeight": 110, "textStyle": _FONT, "dimension": 2,
            "inRange": {"color": ["#eef6f5", "#7cc7be", color_of(0), "#0a5f57"]},
        },
        "series": [
            {
                "name": value, "type": "heatmap", "data": data,
                "label": {"show": is_small, **_FONT},
                "itemStyle": {"borderColor": "#ffffff", "borderWidth": 1},
            }
        ],
    }  # fmt: skip


_DRAWERS: dict[str, Callable[[TableChart, list[dict[str, Any]]], dict[str, Any] | None]] = {
    "line": _points,
    "scatter": _points,
    "bar": _bars,
    "histogram": _histogram,
    "matrix": _matrix,
}


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value)


def _word(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:60]
