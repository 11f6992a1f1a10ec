"""Metrics: what senders measured themselves, over time and by the attributes of its points."""

import time

import streamlit as st

from weave_core.app import charts, filters
from weave_core.app.components.metric_list import metric_list, metric_rows
from weave_core.app.frame import errors_shown
from weave_core.app.metric_figures import figures_of_kind, keys_of, lines_of_metric
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client
from weave_core.model import MetricBucket, MetricPoint, MetricSummary

CHARTS_A_ROW = 2
POINTS_LOOKED_AT = 500
"""The newest so many points tell what a metric can be grouped by."""
EMPTY = """No metrics yet. Any OpenTelemetry SDK sends them to this server:

`OTEL_METRICS_EXPORTER=otlp`, `OTEL_EXPORTER_OTLP_ENDPOINT` as for traces."""


def forget_metric() -> None:
    """Another project has other metrics."""
    for name in ("metric", "by"):
        st.query_params.pop(name, None)


def pick_group(project: str, metric: MetricSummary) -> str | None:
    """The attribute to group by, kept in the address; None: all points together."""
    newest = client().list_points(project, metric.name, limit=POINTS_LOOKED_AT).items
    keys = keys_of(each for each in newest if isinstance(each, MetricPoint))
    given = st.query_params.get("by")
    if given and given not in keys:
        keys.append(given)
    if not keys:
        return None
    options = ["", *keys]
    by: str = st.selectbox(
        "By", options, index=options.index(given or ""), label_visibility="collapsed", width=300,
        format_func=lambda key: f"by {key}" if key else "all together",
        key=f"by_{metric.name}",
    )  # fmt: skip
    if by:
        st.query_params["by"] = by
    else:
        st.query_params.pop("by", None)
    return by or None


def show_charts(metric: MetricSummary, buckets: list[MetricBucket], *, by: str | None) -> None:
    """One chart a figure, the same colours for the same groups."""
    now_ns = time.time_ns()
    from_ns = now_ns - filters.RANGES[range_name] * 10**9
    figures = figures_of_kind(metric.kind, buckets)
    names: list[str] = []
    for start in range(0, len(figures), CHARTS_A_ROW):
        columns = st.columns(CHARTS_A_ROW)
        for column, figure in zip(columns, figures[start : start + CHARTS_A_ROW], strict=False):
            lines = lines_of_metric(figure, buckets, group_by=by)
            names = names or [line.name for line in lines]
            unit = "count" if figure.is_count else metric.unit
            chart = charts.time_chart(figure.title, lines, unit=unit, from_ns=from_ns, to_ns=now_ns)
            if by:
                chart["legend"] = charts.legend()
                chart["grid"]["bottom"] = 30
            column.echarts_chart(
                chart, height=210, alt=f"{figure.title} over time",
                key=f"metric_{metric.name}_{figure.title}_{by}",
            )  # fmt: skip


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=forget_metric)
    if project is not None:
        range_name = st.segmented_control(
            "Time", list(charts.BUCKETS), key="period", default="24h", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip

metrics = client().list_metrics(project) if project is not None else []
if project is None or not metrics:
    st.markdown(EMPTY)
    st.stop()
range_name = range_name or "24h"
name = st.query_params.get("metric") or metrics[0].name
known = {metric.name: metric for metric in metrics}
left, right = st.columns([1, 2.6], gap="medium")
with left:
    kept = {"period": range_name} if range_name != "24h" else {}
    rows = metric_rows(project, metrics, selected=name, query=kept)
    metric_list(rows, key="metric_list")
with right, errors_shown():
    if name not in known:
        client().list_points(project, name, limit=1)  # Says what is wrong with the name.
    metric = known[name]
    with st.container(horizontal=True, vertical_alignment="center", key="metric_head"):
        st.text(name)
        by = pick_group(project, metric)
    if metric.description:
        st.text(metric.description[:300])
    found = client().list_points(
        project,
        name,
        bucket=charts.BUCKETS[range_name],
        group_by=by,
        from_ns=time.time_ns() - filters.RANGES[range_name] * 10**9,
    )
    buckets = [each for each in found.items if isinstance(each, MetricBucket)]
    if buckets:
        show_charts(metric, buckets, by=by)
    else:
        st.caption("Nothing was measured in this time. Widen it.")
