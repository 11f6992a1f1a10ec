"""Charts of many runs over each other: a line a run or rank, or the mean of each group."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from weave_core.app.chart_layouts import read_layout
from weave_core.app.components.chart_grid import (
    FIRST_CHARTS,
    chart_grid,
    drawn_series,
    grid_data,
    looked_at,
)
from weave_core.app.components.value_list import differing
from weave_core.app.frame import errors_shown
from weave_core.app.run_charts import (
    ChartLine,
    axes_of,
    axis_of,
    group_means,
    groups_by,
    lines_of,
)
from weave_core.app.run_points import read_points, read_saved
from weave_core.app.state import run_url
from weave_core.model import MetricDefinition, Run, RunSeries

__all__ = ["EACH", "pick_lines", "show_lines"]

EACH: Final = "run"
RANK: Final = "rank"
MAX_RANK_LINES: Final = 300
"""Lines of a chart with one for each rank of each run; those of the first runs."""
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
    """What a line stands for: `EACH`, `RANK`, or what `groups_by` takes; kept in the address.

    Args:
        runs: Whose lines.
        first: What it is before the reader chose.
    """
    settings = [f"config.{name}" for name in differing([run.config for run in runs])]
    offered = [EACH, RANK, "group", "job_type", *settings[:MAX_GROUPINGS]]
    st.caption("A line for each", width="content")
    picked: str = st.selectbox(
        "Lines", offered, index=offered.index(first), key="lines", bind="query-params", width=240,
        label_visibility="collapsed",
        help="Means have a band from the least to the largest of the runs, or ranks, at each place."
        " A run with several ranks is their mean.",
    )  # fmt: skip
    return picked


def show_lines(runs: Sequence[Run], *, by: str) -> None:
    """Draw them; of several ranks that a run has their mean, or each."""
    with errors_shown():
        lines = Lines(runs, by)
        metrics: dict[str, MetricDefinition] = {}
        for run in runs:
            metrics = {**run.metrics, **metrics}
        axes = axes_of(metrics)
        keys = sorted(
            {key for run in runs for key, value in run.summary.items() if is_drawn(value)}
        )
        # Of many runs the empty cards are there at once, and ask for what is in sight.
        first = FIRST_CHARTS if len(runs) <= _MANY else 0
        layout = read_layout(runs[0].project)
        looked = looked_at("compare_grid", keys, axes, layout=layout, first=first)
        few = None
        if len(runs) > _MANY:
            few = _POINTS_OF_MEANT if lines.groups else _POINTS_OF_MANY
        project, ids, ranks = runs[0].project, list(lines.places), most_ranks(runs)
        charts = {
            key: lines.drawn(found, key, axis_of(key, metrics, looked.x))
            for key, found in read_points(
                project, ids, looked, metrics, points=few, ranks=ranks
            ).items()
        }
        saved = None
        if looked.saved:
            rows = read_saved(project, ids, looked.saved, looked.x, ranks=ranks)
            saved = lines.drawn(rows, looked.saved, axis_of(looked.saved, metrics, looked.x))
        data = grid_data(
            f"{len(ids)} {hash(tuple(ids))} {by}", keys, lines.legend(charts), charts,
            looked=looked, layout=layout, empty=EMPTY, axes=axes, metrics=metrics, saved=saved,
            urls=lines.urls(charts),
        )  # fmt: skip
        chart_grid(data, key="compare_grid", project=project)


class Lines:
    """What stands for a line in charts of some runs: each of them, each rank, or a group."""

    def __init__(self, runs: Sequence[Run], by: str) -> None:
        self.runs = runs
        self.by = by
        self.places = {run.run_id: place for place, run in enumerate(runs)}
        self.groups = groups_by(runs, by) if by not in {EACH, RANK} else None

    def drawn(self, found: Sequence[RunSeries], key: str, x: str) -> list[dict[str, Any]]:
        """The lines of a chart of `key` along `x`, in the order of the runs."""
        found = found or summary_points(self.runs, key)
        found = sorted(found, key=lambda each: (self.places[each.run_id], each.rank))
        if self.by == RANK:
            found = found[:MAX_RANK_LINES]
            return [drawn_series(f"{each.run_id}:{each.rank}", each, x=x) for each in found]
        if self.groups is None and len({each.run_id for each in found}) == len(found):
            return [drawn_series(each.run_id, each, x=x) for each in found]
        means = group_means(self.groups or {each: each for each in self.places}, found, x=x)
        return [{"id": group, **mean} for group, mean in means.items()]

    def legend(self, charts: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[ChartLine]:
        """The lines by name; ranks are those that the charts have."""
        if self.groups is not None:
            return list(lines_of({each: each for each in self.groups.values()}).values())
        names = {run.run_id: run.name for run in self.runs}
        if self.by == RANK:
            ranks = [each.rpartition(":") for each in _ids(charts)]
            count = Counter(of for of, _, _ in ranks)
            names = {
                f"{of}:{rank}": f"{names[of]}, rank {rank}" if count[of] > 1 else names[of]
                for of, _, rank in ranks
            }
        return list(lines_of(names).values())

    def urls(self, charts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str] | None:
        """Where a line leads: to its run."""
        if self.groups is not None:
            return None
        project = self.runs[0].project
        ids = _ids(charts) if self.by == RANK else self.places
        of_run = {each: each.rpartition(":")[0] if self.by == RANK else each for each in ids}
        return {each: run_url(project, of) for each, of in of_run.items()}


def _ids(charts: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    return list(dict.fromkeys(str(line["id"]) for found in charts.values() for line in found))


def most_ranks(runs: Sequence[Run]) -> int:
    """How many ranks one of them has at most, as far as it is known: lists of runs don't tell."""
    return max(1, *(len({each.rank for each in run.writers}) for run in runs))


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
