"""Dashboard: calls, failures, latency and cost over time, by model, op or what else groups them.

A point of a chart leads to the traces of its line and time, a row of the table to those of a group.
"""

import time
from typing import Any

import streamlit as st

from weave_core.app import charts, filters, welcome
from weave_core.app.components.group_list import group_list, group_rows
from weave_core.app.dashboard_figures import (
    FEEDBACK_FIGURES,
    FIELDS,
    FIGURES,
    Figure,
    feedback_lines,
    group_name,
    lines_of,
    top_groups,
    traces_query,
)
from weave_core.app.frame import go_to, show_filter_error
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, traces_url
from weave_core.errors import BadRequest
from weave_core.model import Stats

CHARTS_A_ROW = 4


def show_charts(
    series: list[Stats], groups: list[str], group_by: str, *, period_ns: tuple[int, int]
) -> tuple[Figure, str, int] | None:
    """The charts; figure, group and time of the point that was clicked."""
    chosen = None
    for start in range(0, len(FIGURES), CHARTS_A_ROW):
        row = FIGURES[start : start + CHARTS_A_ROW]
        for column, figure in zip(st.columns(CHARTS_A_ROW), row, strict=True):
            lines = lines_of(figure, series, group_by=group_by, groups=groups)
            chart = charts.time_chart(
                figure.title, lines, unit=figure.unit, from_ns=period_ns[0], to_ns=period_ns[1]
            )
            event = column.echarts_chart(
                chart, height=190, on_select="rerun", alt=f"{figure.title} over time",
                key=f"chart_{group_by}_{figure.title}",
            )  # fmt: skip
            selected: list[dict[str, Any]] = event["selection"]["selected"]
            point = charts.chosen_point(selected, lines)
            chosen = chosen or (point and (figure, *point))
    return chosen


def show_feedback(project: str, bucket: str, *, period_ns: tuple[int, int]) -> None:
    """What people, models and code thought in that time; nothing where nobody said anything."""
    given = client().sum_feedback(project, bucket=bucket, filter=f"created_ns >= {period_ns[0]}")
    figures = zip(st.columns(CHARTS_A_ROW), FEEDBACK_FIGURES, strict=False) if given else ()
    for column, figure in figures:
        chart = charts.time_chart(
            figure.title, feedback_lines(figure, given), unit="count",
            from_ns=period_ns[0], to_ns=period_ns[1],
        )  # fmt: skip
        # The lines are names, not the groups of the table below.
        chart["legend"] = charts.legend()
        chart["grid"]["bottom"] = 30
        column.echarts_chart(
            chart, height=210, alt=f"{figure.title} over time", key=f"chart_{figure.title}"
        )


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project()
    if project is not None:
        range_name = st.segmented_control(
            "Time", list(charts.BUCKETS), key="period", default="24h", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        group_by = st.segmented_control(
            "By", list(FIELDS), key="by", default="model", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        text = st.text_input(
            "Filter of spans", key="where", bind="query-params", label_visibility="collapsed",
            placeholder="kind = 'llm' and environment = 'prod'", icon=":material/filter_alt:",
        )  # fmt: skip

if project is None:
    welcome.show(None)
    st.stop()
range_name, group_by, text = range_name or "24h", group_by or "model", text or ""
now_ns = time.time_ns()
from_ns = now_ns - filters.RANGES[range_name] * 10**9
wanted = filters.both(text, f"{FIELDS[group_by]} is not null")
try:
    totals = client().list_stats(project, group_by=group_by, filter=wanted, from_ns=from_ns)
    totals.sort(key=lambda stats: stats.count, reverse=True)
except BadRequest as error:
    show_filter_error(text, error)
    st.stop()
if not totals:
    st.caption(f"No span of this time has this: {group_by}. Widen the time, or group by another.")
    st.stop()
bucket = charts.BUCKETS[range_name]
series = client().list_stats(
    project, group_by=group_by, filter=wanted, from_ns=from_ns, bucket=bucket
)
groups = top_groups(totals, group_by)
point = show_charts(series, groups, group_by, period_ns=(from_ns, now_ns))
show_feedback(project, bucket, period_ns=(from_ns, now_ns))
queries = [
    traces_query(project, text, group=(group_by, str(getattr(stats, group_by))))
    | {"range": range_name}
    for stats in totals
]
rows = group_rows(totals, group_by=group_by, drawn=groups, queries=queries)
group_list(rows, key=f"groups_{group_by}")
st.caption("A point leads to the traces of its line and time, a row to those of its group.")
if point is not None:
    figure, name, begin_ns = point
    value = next(getattr(each, group_by) for each in totals if group_name(each, group_by) == name)
    end_ns = begin_ns + charts.BUCKET_S[bucket] * 10**9
    query = traces_query(
        project, text, group=(group_by, str(value)), figure=figure, period_ns=(begin_ns, end_ns)
    )
    go_to(traces_url(**query))
