"""Monitor: calls, failures, latency and cost over time, by model, op or whatever else groups them.

A group that is chosen in the table leads to its traces.
"""

import time
from typing import Any

import streamlit as st

from weave_core.app import charts, filters, welcome
from weave_core.app.frame import show_filter_error
from weave_core.app.project_picker import pick_project
from weave_core.app.state import TRACES_PAGE, client
from weave_core.errors import BadRequest
from weave_core.model import Stats

FIELDS = {
    "model": "model",
    "op": "op_name",
    "kind": "kind",
    "user": "user_id",
    "service": "service_name",
    "agent": "agent_name",
    "environment": "environment",
}
"""What spans can be grouped by here, and the field of a filter that picks one group."""


CHARTS_A_ROW = 4


def show_charts(series: list[Stats], totals: list[Stats], group_by: str) -> Stats | None:
    """The charts, the same colours for the same groups; the sums whose point was clicked."""
    groups = charts.top_groups(totals, group_by)
    chosen = None
    for start in range(0, len(charts.FIGURES), CHARTS_A_ROW):
        row = charts.FIGURES[start : start + CHARTS_A_ROW]
        for column, figure in zip(st.columns(CHARTS_A_ROW), row, strict=True):
            chart = charts.time_chart(figure, series, group_by=group_by, groups=groups)
            event = column.echarts_chart(
                chart, height=220, on_select="rerun", alt=f"{figure.title} over time",
                key=f"chart_{group_by}_{figure.title}",
            )  # fmt: skip
            selected = event["selection"]["selected"]
            chosen = chosen or charts.chosen_point(
                selected, series, group_by=group_by, groups=groups
            )
    return chosen


def totals_columns(totals: list[Stats], group_by: str) -> dict[str, list[Any]]:
    """The columns of the table of groups."""
    return {
        group_by: [charts.group_name(stats, group_by) for stats in totals],
        "calls": [stats.count for stats in totals],
        "failed": [stats.error_count for stats in totals],
        "p50": [stats.latency_ms.p50 for stats in totals],
        "p95": [stats.latency_ms.p95 for stats in totals],
        "p99": [stats.latency_ms.p99 for stats in totals],
        "tokens": [stats.tokens.total_tokens if stats.tokens else None for stats in totals],
        "cost": [stats.cost_usd for stats in totals],
    }


def show_totals(totals: list[Stats], group_by: str) -> str | None:
    """The table of groups; the group whose row was chosen, if any."""
    milliseconds = st.column_config.NumberColumn(format="%.1f ms")
    event = st.dataframe(
        totals_columns(totals, group_by),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"totals_{group_by}",
        column_config={
            "p50": milliseconds,
            "p95": milliseconds,
            "p99": milliseconds,
            "tokens": st.column_config.NumberColumn(format="localized"),
            "cost": st.column_config.NumberColumn(format="$%.4f"),
        },
    )
    rows = event["selection"]["rows"]
    return str(getattr(totals[rows[0]], group_by)) if rows else None


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
range_name, group_by = range_name or "24h", group_by or "model"
from_ns = time.time_ns() - filters.RANGES[range_name] * 10**9
wanted = filters.both(text, f"{FIELDS[group_by]} is not null")
try:
    totals = client().list_stats(project, group_by=group_by, filter=wanted, from_ns=from_ns)
    totals.sort(key=lambda stats: stats.count, reverse=True)
except BadRequest as error:
    show_filter_error(text or "", error)
    st.stop()
if not totals:
    st.caption(f"No span of this time has this: {group_by}. Widen the time, or group by another.")
    st.stop()
series = client().list_stats(
    project, group_by=group_by, filter=wanted, from_ns=from_ns, bucket=charts.BUCKETS[range_name]
)
point = show_charts(series, totals, group_by)
chosen = show_totals(totals, group_by)
st.caption("Click a point or choose a row to see its traces.")
if point is not None:
    bucket_ns = charts.BUCKET_S[charts.BUCKETS[range_name]] * 10**9
    begin_ns = point.bucket_ns or 0
    picked = filters.equals(FIELDS[group_by], str(getattr(point, group_by)))
    then = filters.begun_between(begin_ns, begin_ns + bucket_ns)
    only = filters.added(filters.added(text or "", picked), then)
    st.switch_page(TRACES_PAGE, query_params={"project": project, "filter": only})
if chosen is not None:
    only = filters.added(text or "", filters.equals(FIELDS[group_by], chosen))
    query = {"project": project, "filter": only, "range": range_name}
    st.switch_page(TRACES_PAGE, query_params=query)
