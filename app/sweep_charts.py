"""The chart of a sweep as ECharts options: each trial's result, and the best so far; pure."""

from collections.abc import Sequence
from typing import Any

from weave_core.app.charts import color_of
from weave_core.model import Sweep, SweepTrial

__all__ = ["best_so_far", "result_chart"]


def best_so_far(sweep: Sweep, trials: Sequence[SweepTrial]) -> list[tuple[int, float]]:
    """Number of each trial that counts, with the best result up to it."""
    found: list[tuple[int, float]] = []
    for trial in sorted(trials, key=lambda each: each.number):
        if trial.value is None or trial.state not in {"finished", "stopped"}:
            continue
        best = trial.value
        if found:
            better = max if sweep.goal == "maximize" else min
            best = better(found[-1][1], trial.value)
        found.append((trial.number, best))
    return found


def result_chart(sweep: Sweep, trials: Sequence[SweepTrial]) -> dict[str, Any]:
    """A point a trial, a line through the best so far."""
    line = best_so_far(sweep, trials)

    def points(state: str) -> list[list[float]]:
        return [
            [trial.number, trial.value]
            for trial in trials
            if trial.value is not None and trial.state == state
        ]

    def dots(state: str, color: str, symbol: str) -> dict[str, Any]:
        return {
            "name": state,
            "type": "scatter",
            "symbol": symbol,
            "symbolSize": 7,
            "color": color,
            "data": points(state),
        }

    return {
        "title": {
            "text": f"{sweep.metric} by trial",
            "left": 4,
            "textStyle": {"fontSize": 13, "fontWeight": 600},
        },
        "grid": {"left": 8, "right": 16, "top": 34, "bottom": 30, "containLabel": True},
        "legend": {"bottom": 0, "itemWidth": 12, "itemHeight": 8, "textStyle": {"fontSize": 11}},
        "tooltip": {"trigger": "item", "renderMode": "richText", "valueFormatter": "%,.5g"},
        "animation": False,
        "xAxis": {"type": "value", "minInterval": 1, "splitLine": {"show": False}},
        "yAxis": {"type": "value", "scale": True, "splitNumber": 4},
        "series": [
            {
                "name": "best so far",
                "type": "line",
                "step": "end",
                "symbol": "none",
                "color": color_of(0),
                "lineStyle": {"width": 2},
                "data": [[number, value] for number, value in line],
            },
            dots("finished", color_of(3), "circle"),
            dots("stopped", color_of(2), "triangle"),
            dots("failed", "#dc4c3f", "diamond"),
        ],
    }
