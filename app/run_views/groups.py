"""All runs of a project by what they share, and what their config has to do with a metric."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.figure_table import Cell, Row, bar, figure_table, table_rows
from weave_core.app.components.run_list import columns_of
from weave_core.app.components.value_list import value_text
from weave_core.app.frame import errors_shown
from weave_core.app.state import client, runs_url
from weave_core.model import Estimate, GroupedMetric, Run, RunGroup
from weave_core.statistics.importances import Importance

__all__ = ["draw_importances", "show_groups", "show_importances"]

_LOOKED_AT: Final = 100
"""Newest runs whose keys are offered."""
_METRICS: Final = 4
NO_RUNS: Final = "No run is like that."
NOTHING_TOLD: Final = (
    "At least 5 runs with this metric are needed, and a config value in which they differ."
)


def show_groups(project: str, condition: str | None) -> None:
    """Counts and spreads by a group or by a config value."""
    with errors_shown():
        metrics, settings = offered_keys(newest(project, condition))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            by = st.selectbox(
                "By", ["group", "job_type", "state", *(f"config.{name}" for name in settings)],
                key="groups_by", bind="query-params", width=320,
            )  # fmt: skip
            keys = st.multiselect(
                "Metrics", metrics, default=metrics[:_METRICS], max_selections=10, width="stretch"
            )
        found = client().group_runs(project, by=by or "group", keys=keys, filter=condition)
        columns = [
            (by or "group", "minmax(140px, 1.4fr)", ".cut"),
            ("Runs", "70px", ".num"),
            ("States", "minmax(120px, 1fr)", ".cut"),
            *((key, "minmax(130px, 1fr)", ".num.cut") for key in keys),
        ]
        rows = [group_row(project, by or "group", each, keys) for each in found.items]
        figure_table(
            table_rows("Groups", columns, rows, empty=NO_RUNS, is_sortable=True), key="run_groups"
        )
        st.caption(
            f"{len(found.items):,} groups of {found.runs:,} runs"
            + (f", the newest of {found.total:,}" if found.total > found.runs else "")
            + "; mean ± standard deviation of what stands for each metric."
        )


def group_row(project: str, by: str, group: RunGroup, keys: Sequence[str]) -> Row:
    """One group; a click shows its runs."""
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(group.states.items()))
    value = "(none)" if group.value is None else value_text(group.value)
    url = None
    if group.value is not None and isinstance(group.value, str | int | float):
        name = f"config['{by.removeprefix('config.')}']" if by.startswith("config.") else by
        name = "group_name" if by == "group" else name
        condition = (
            filters.equals(name, group.value)
            if isinstance(group.value, str)
            else f"{name} = {group.value!r}"
        )
        if "'" not in by and not isinstance(group.value, bool):
            url = runs_url(project, filter=condition)
    cells: list[Cell] = [{"text": value, "title": value}, f"{group.count:,}", states]
    return Row([*cells, *(spread_cell(group.metrics.get(key)) for key in keys)], url=url)


def spread_cell(metric: GroupedMetric | None) -> Cell:
    """Mean and spread of a metric."""
    if metric is None or metric.mean is None:
        return {"text": "-", "dim": True, "title": "none of its runs has a finite value"}
    spread = "" if metric.std is None else f" ± {metric.std:.2g}"
    title = f"{metric.count} runs, {metric.min:.5g} to {metric.max:.5g}"
    return {"text": f"{metric.mean:.4g}{spread}", "title": title}


def show_importances(project: str, condition: str | None) -> None:
    """The config values that go with a metric, the strongest first."""
    with errors_shown():
        runs = newest(project, condition)
        metrics, _ = offered_keys(runs)
        # Of one that is the same in all runs nothing is told; it is offered last.
        metrics.sort(key=lambda key: len({str(run.summary.get(key)) for run in runs}) == 1)
        if not metrics:
            st.caption(NO_RUNS)
            return
        metric = st.selectbox("Metric", metrics, key="metric", bind="query-params", width=320)
        found = client().run_importances(metric or metrics[0], project, filter=condition)
        draw_importances(found, key="run_importances")


def draw_importances(found: Sequence[Importance], *, key: str) -> None:
    """Their table, and how to read it."""
    columns = [
        ("Config value", "minmax(140px, 1.2fr)", ".cut"),
        ("", "minmax(180px, 2fr)", ""),
        ("Strength", "150px", ".num"),
        ("The metric", "120px", ""),
        ("Runs", "70px", ".num"),
    ]
    rows = [importance_row(each) for each in found]
    table = table_rows(
        "Importance of config values", columns, rows, empty=NOTHING_TOLD, is_sortable=True
    )
    figure_table(table, key=key)
    st.caption(
        "Rank correlation with the metric, one value at a time, with its 95 % interval; "
        "of texts, the share of the ranks that they explain. What matters only together with "
        "another value is not seen, and what goes along is not always the cause."
    )


def importance_row(each: Importance) -> Row:
    """One config value."""
    drawn = Estimate(value=each.strength, low=each.low, high=each.high, n=each.runs, method="none")
    words = {"up": "grows with it", "down": "falls with it", "": ""}
    strength = f"{each.strength:.2f} ({each.low:.2f} to {each.high:.2f})"
    name = {"text": each.name, "title": each.name}
    cells: list[Cell] = [name, bar(drawn, (0.0, 1.0)), strength, words[each.direction]]
    return Row([*cells, f"{each.runs:,}"])


def newest(project: str, condition: str | None) -> list[Run]:
    """The newest runs, which say what there is to choose from."""
    return client().list_runs(project, filter=condition, limit=_LOOKED_AT).items


def offered_keys(runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """Metrics and config values of runs, those that most have first."""
    _, offered = columns_of(runs, None)
    metrics = [each[2:] for each in offered if each.startswith("m:")]
    settings = [each[2:] for each in offered if each.startswith("c:")]
    return [key for key in metrics if not key.startswith("system/")], settings
