"""Charts of many runs over each other: a line a run, or the mean of each group with its spread."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from weave_core.app.components.chart_grid import (
    FIRST_CHARTS,
    chart_grid,
    drawn_series,
    grid_data,
    looked_at,
)
from weave_core.app.components.value_list import differing
from weave_core.app.frame import errors_shown
from weave_core.app.run_charts import axes_of, axis_of, group_means, groups_by, lines_of
from weave_core.app.run_points import read_points, read_saved
from weave_core.app.state import run_url
from weave_core.model import MetricDefinition, Run, RunSeries

__all__ = ["EACH", "pick_lines", "show_lines"]

EACH: Final = "run"
MAX_GROUPINGS: Final = 100
"""Config values that lines of runs can be gathered by."""
_POINTS_OF_MANY: Final = 300
"""Of a line where there are many: they hide more."""
_POINTS_OF_MEANT: Final = 100
"""Of a run of many whose means are drawn: what the least and the largest are is kept."""
_MANY: Final = 20
_NO_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")
EMPTY: Final = "None of these runs has logged a number yet: run.log({'loss': 0.5}, step=1) does."


def pick_lines(runs: Sequence[Run], *, first: str = EACH) -> str:
    """What a line stands for: `EACH`, or what `groups_by` takes; kept in the address.

    Args:
        runs: Whose lines.
        first: What it is before the reader chose.
    """
    settings = [f"config.{name}" for name in differing([run.config for run in runs])]
    offered = [EACH, "group", "job_type", *settings[:MAX_GROUPINGS]]
    st.caption("A line for each", width="content")
    picked: str = st.selectbox(
        "Lines", offered, index=offered.index(first), key="lines", bind="query-params", width=240,
        label_visibility="collapsed",
        help="Means have a band from the least to the largest of the runs at each place.",
    )  # fmt: skip
    return picked


def show_lines(runs: Sequence[Run], *, by: str) -> None:
    """Draw them, of a run with several ranks that of rank 0."""
    with errors_shown():
        groups = groups_by(runs, by) if by != EACH else None
        names = {run.run_id: run.name for run in runs}
        lines = lines_of({each: each for each in groups.values()} if groups else names)
        metrics: dict[str, MetricDefinition] = {}
        for run in runs:
            metrics = {**run.metrics, **metrics}
        axes = axes_of(metrics)
        keys = sorted(
            {key for run in runs for key, value in run.summary.items() if is_drawn(value)}
        )
        # Of many runs the empty cards are there at once, and ask for what is in sight.
        first = FIRST_CHARTS if len(runs) <= _MANY else 0
        looked = looked_at("compare_grid", keys, axes, first=first)
        few = None
        if len(runs) > _MANY:
            few = _POINTS_OF_MEANT if groups else _POINTS_OF_MANY
        project, ids = runs[0].project, list(names)

        def drawn(found: list[RunSeries], key: str) -> list[dict[str, Any]]:
            along = axis_of(key, metrics, looked.x)
            of_run = {each.run_id: each for each in found or summary_points(runs, key)}
            of_runs = [of_run[each] for each in ids if each in of_run]
            if groups is None:
                return [drawn_series(each.run_id, each, x=along) for each in of_runs]
            means = group_means(groups, of_runs, x=along)
            return [{"id": group, **mean} for group, mean in means.items()]

        points = read_points(project, ids, looked, metrics, points=few, rank=0)
        saved = None
        if looked.saved:
            saved = drawn(read_saved(project, ids, looked.saved, looked.x, rank=0), looked.saved)
        data = grid_data(
            f"{len(ids)} {hash(tuple(ids))} {by}", keys, list(lines.values()),
            {key: drawn(found, key) for key, found in points.items()}, looked=looked, empty=EMPTY,
            axes=axes, metrics=metrics, saved=saved,
            urls=None if groups else {each: run_url(project, each) for each in ids},
        )  # fmt: skip
        chart_grid(data, key="compare_grid")


def summary_points(runs: Sequence[Run], key: str) -> list[RunSeries]:
    """One point a run of what stands for `key` in its summary alone, as a test's result does."""
    values = {run.run_id: run.summary.get(key) for run in runs}
    return [
        RunSeries(run_id=run_id, key=key, count=1, steps=[0], values=[value])
        for run_id, value in values.items()
        if is_drawn(value) and not isinstance(value, str)
    ]


def is_drawn(value: Any) -> bool:
    """Whether what a summary says may have a chart: numbers, and what is no number but was one."""
    if isinstance(value, str):
        return value in _NO_NUMBERS
    return isinstance(value, int | float) and not isinstance(value, bool)
