"""Charts of runs: from series to the lines that the script draws, and what the reader looks at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import streamlit as st

from weave_core.app.chart_layouts import ChartLayout, keep_layout
from weave_core.app.components.bundles import bundle
from weave_core.app.run_charts import AXES, ChartLine, axis_of, sections_of, unit_of
from weave_core.model import MetricDefinition, RunSeries

__all__ = [
    "FIRST_CHARTS",
    "MAX_CHARTS",
    "Looked",
    "chart_grid",
    "drawn_series",
    "grid_data",
    "looked_at",
]

FIRST_CHARTS: Final = 12
"""Charts whose points are read before the page says what is in sight."""
MAX_CHARTS: Final = 40
"""Charts whose points one answer of a page holds; more are not in sight at once."""
_MAX_AXES: Final = 200
_MIN_POINTS, _MAX_POINTS = 200, 2_000
_NS_PER_MS: Final = 1e6


@dataclass(frozen=True)
class Looked:
    """What the reader has in sight."""

    keys: list[str]
    x: str = "step"
    zoom: tuple[float, float] | None = None
    """Ends of x as the screen has them: times in milliseconds."""
    zoom_axis: str = ""
    """What the ends are of; charts with another x are not meant."""
    saved: str | None = None
    """The key whose points are wanted as a file."""
    points: int = 800
    """Of a line: two for each pixel, of which one is the least and one the largest."""

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Ends of x as the server has them."""
        if self.zoom is None:
            return None, None
        factor = _NS_PER_MS if self.zoom_axis == "time" else 1
        return self.zoom[0] * factor, self.zoom[1] * factor


def looked_at(
    key: str,
    keys: Sequence[str],
    axes: Mapping[str, str] = AXES,
    *,
    layout: ChartLayout,
    first: int = FIRST_CHARTS,
) -> Looked:
    """What the grid `key` asked for, among `keys`; at first the charts on top.

    Args:
        key: Of the grid.
        keys: All there are.
        axes: What may be along x beside keys; at first what is kept, else the first one.
        layout: What the project's charts begin with.
        first: Charts on top that are read before the page says what is in sight.
    """
    usual = layout.settings.get("x", "")
    if usual not in axes and usual not in keys:
        usual = next(iter(axes))
    asked = (st.session_state.get(key) or {}).get("want")
    address = st.query_params.get("x") or usual
    ordered = [each for names in sections_of(keys, layout.pins).values() for each in names]
    if not isinstance(asked, Mapping):
        part = (st.query_params.get("keys") or "").lower()
        on_top = [each for each in ordered if part in each.lower()][:first]
        return Looked(on_top, address if address in axes or address in keys else usual)
    saved = (st.session_state.get(key) or {}).get("save")
    wanted = set(map(str, asked.get("keys") or ()))
    x = str(asked.get("x") or usual)
    width = asked.get("width")
    pixels = int(width) if isinstance(width, int | float) else _MIN_POINTS
    return Looked(
        [each for each in ordered if each in wanted][:MAX_CHARTS],
        x if x in axes or x in keys else usual,
        _zoom_of(asked.get("zoom")),
        str(asked.get("zoom_axis") or x),
        saved if saved in keys else None,
        min(_MAX_POINTS, max(_MIN_POINTS, 2 * pixels)),
    )


def chart_grid(data: bytes, *, key: str, project: str) -> None:
    """Draw what `grid_data` gave; what is looked at then is told by `looked_at`.

    What the reader pins, or keeps for all, is kept of `project`.
    """

    def keep() -> None:
        keep_layout(project, (st.session_state.get(key) or {}).get("layout"))

    bundle("chart_grid", "scales", "plot", "chart_card")(
        key=key, data=data, on_want_change=lambda: None, on_save_change=lambda: None,
        on_layout_change=keep,
    )  # fmt: skip


def grid_data(
    view: str,
    keys: Sequence[str],
    lines: Sequence[ChartLine],
    charts: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    looked: Looked,
    layout: ChartLayout,
    empty: str,
    axes: Mapping[str, str] = AXES,
    metrics: Mapping[str, MetricDefinition] | None = None,
    saved: Sequence[Mapping[str, Any]] | None = None,
    urls: Mapping[str, str] | None = None,
) -> bytes:
    """JSON of the charts.

    Args:
        view: Names what is shown; points of another view are forgotten.
        keys: All there are.
        lines: What the legend has, in its order.
        charts: Points by key, as `drawn_series` gives them; only what is looked at.
        looked: What they answer.
        layout: As for `looked_at`.
        empty: What to say where there are no keys.
        axes: As for `looked_at`.
        metrics: Definitions, for the axis of each key.
        saved: The points that are wanted as a file.
        urls: Where a line of the legend leads, by its id.
    """
    names = {**axes, **{each: each for each in sorted(keys)[:_MAX_AXES]}}
    return orjson.dumps(
        {
            "view": view,
            "sections": list(sections_of(keys, layout.pins).items()),
            "layout": {"pins": layout.pins, "settings": layout.settings},
            "axes": list(names.items()),
            "x": looked.x,
            "axis_name": names.get(looked.x, looked.x),
            "axis_of": {
                each: along
                for each in keys
                if (along := axis_of(each, metrics or {}, looked.x)) != looked.x
            },
            "units": {each: unit for each in keys if (unit := unit_of(each))},
            "zoom": looked.zoom and {"ends": looked.zoom, "axis": looked.zoom_axis},
            "saved": None if saved is None else {"key": looked.saved, "lines": saved},
            "lines": [
                {
                    "id": each.line_id,
                    "name": each.name,
                    "color": each.color,
                    "dash": each.is_dashed,
                    "url": (urls or {}).get(each.line_id),
                }
                for each in lines
            ],
            "has_means": any("deviation" in line for found in charts.values() for line in found),
            "charts": charts,
            "empty": empty,
        }
    )


def drawn_series(line_id: str, series: RunSeries, *, x: str) -> dict[str, Any]:
    """The points of a line; times become milliseconds, which a script's numbers hold exactly."""
    along: Sequence[float] = series.steps if series.x is None else series.x
    return {
        "id": line_id,
        "x": [each / _NS_PER_MS for each in along] if x == "time" else list(along),
        "y": series.values,
        "count": series.count,
        "sampled": series.is_sampled,
    }


def _zoom_of(given: Any) -> tuple[float, float] | None:
    match given:
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
    return None
