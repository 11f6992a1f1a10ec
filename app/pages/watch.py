"""One monitor: its scores over time with intervals, their spread, the worst traces, errors."""

import time

import streamlit as st

from weave_core.app import charts, filters
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.value_list import value_list
from weave_core.app.evaluation_charts import distribution_chart, interval_chart
from weave_core.app.formats import percent
from weave_core.app.frame import errors_shown, go_to
from weave_core.app.state import client, monitors_url, project_of_address, trace_url
from weave_core.app.watch_words import budget_words, coverage_words, points_of, when
from weave_core.errors import NotFound
from weave_core.model import (
    Monitor,
    MonitorChanges,
    MonitorDefinition,
    MonitorScore,
    MonitorStats,
    NewBackfill,
)

REFRESH_S = 5.0
MAX_SHOWN_SCORES = 12
"""Scores of a monitor that are drawn; the rest stand in the table."""
MAX_SHOWN_ROWS = 50
"""Traces in the tables of a monitor, the worst and the newest."""
VIEWS = ["Scores", "Worst", "Errors", "Definition"]


def monitor_of_address() -> tuple[str, str]:
    """Project and monitor that the address names.

    Raises:
        NotFound: If it names none.
    """
    name = st.query_params.get("monitor")
    if not name:
        raise NotFound("the address names no monitor", "open one from the list of monitors")
    return project_of_address(), name


def show_head(project: str, name: str) -> None:
    """Its name, how far it is, what it takes, and what can be done with it."""
    with errors_shown():
        monitor = client().get_monitor(project, name)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.link_button(
                "Monitors", monitors_url(project), icon=":material/arrow_back:", type="tertiary"
            )
            st.text(name)
            show_moves(monitor)
        facts = [
            monitor.state,
            f"version {monitor.version}",
            coverage_words(monitor),
            f"{monitor.failed:,} failed",
            f"{monitor.waiting:,} waiting",
            f"last hour: {budget_words(monitor)}",
        ]
        if monitor.is_over_budget:
            facts.append("over budget: what waits is scored when the hour has room")
        if monitor.backfill is not None and not monitor.backfill.is_done:
            facts.append(f"backfill: {monitor.backfill.found:,} found so far")
        st.text(" · ".join(facts))
        if monitor.problem:
            st.markdown(":material/error: **No worker can score for it**")
            st.text(monitor.problem)


def show_moves(monitor: Monitor) -> None:
    """Pause, resume, score the last day."""
    project, name = monitor.project, monitor.name
    if monitor.state == "active":
        told = "Score nothing more until it is resumed; what comes meanwhile waits."
        if st.button("Pause", icon=":material/pause:", help=told, key="pause"):
            client().change_monitor(project, name, MonitorChanges(state="paused"))
            st.rerun()
    elif st.button("Resume", icon=":material/play_arrow:", help="Go on.", key="resume"):
        client().change_monitor(project, name, MonitorChanges(state="active"))
        st.rerun()
    told = "Score what began within the last day and has no score."
    if st.button("Backfill a day", icon=":material/history:", help=told, key="backfill"):
        day_ago = time.time_ns() - 86_400 * 10**9
        client().backfill_monitor(project, name, NewBackfill(from_ns=day_ago))
        st.rerun()
    if monitor.failed:
        told = "Score again what ended in an error within the last week."
        if st.button("Retry failed", icon=":material/replay:", help=told, key="retry"):
            week_ago = time.time_ns() - 7 * 86_400 * 10**9
            asked = NewBackfill(from_ns=week_ago, again="failed")
            client().backfill_monitor(project, name, asked)
            st.rerun()
    with st.popover("Delete", icon=":material/delete:"):
        st.text("Its scores go with it; versions of its definition stay.")
        if st.button("Delete it for good", key="delete"):
            client().delete_monitor(project, name)
            go_to(monitors_url(project))


def show_body(project: str, name: str, view: str, range_name: str) -> None:
    """What the chosen view shows, read again while it is looked at."""
    with errors_shown():
        if view == "Scores":
            show_scores(project, name, range_name)
        elif view == "Definition":
            monitor = client().get_monitor(project, name)
            shown = monitor.model_dump(include=set(MonitorDefinition.model_fields))
            value_list("Definition", shown, empty="It has none.", key="monitor_definition")
        else:
            show_rows(project, name, is_error=view == "Errors")


def show_scores(project: str, name: str, range_name: str) -> None:
    """A line and a spread for each score."""
    to_ns = time.time_ns()
    from_ns = to_ns - filters.RANGES[range_name] * 10**9
    reader = client()
    totals = reader.list_monitor_stats(project, name, from_ns=from_ns)
    if not totals:
        st.caption("Nothing of this time has been scored. Widen it, or see whether a worker runs.")
        return
    figure_table(score_table(totals), key="score_totals")
    series = reader.list_monitor_stats(
        project, name, from_ns=from_ns, bucket=charts.BUCKETS[range_name]
    )
    spread = reader.get_monitor_spread(project, name, from_ns=from_ns)
    for each in totals[:MAX_SHOWN_SCORES]:
        left, right = st.columns([2, 1])
        points = points_of([one for one in series if one.name == each.name])
        left.echarts_chart(
            interval_chart(each.name, points, period=(when(from_ns), when(to_ns))), height=230,
            alt=f"{each.name} over time", key=f"line_{each.name}",
        )  # fmt: skip
        if each.name in spread:
            right.echarts_chart(
                distribution_chart("how often", spread[each.name], is_rate=each.is_rate),
                height=230, alt=f"Spread of {each.name}", key=f"spread_{each.name}",
            )  # fmt: skip


def score_table(totals: list[MonitorStats]) -> bytes:
    """A row a score: its mean with its interval, and errors, which are no part of it."""
    columns = [
        ("Score", "minmax(120px, 1.4fr)", ".cut"),
        ("Mean", "90px", ".num"),
        ("95 % interval", "150px", ".num"),
        ("Scored", "90px", ".num"),
        ("Errors", "90px", ".num"),
    ]
    rows = []
    for each in totals:
        value, between = "-", ""
        if each.mean is not None:
            value = percent(each.mean.value) if each.is_rate else f"{each.mean.value:.4g}"
            if each.mean.low is not None and each.mean.high is not None:
                ends = (each.mean.low, each.mean.high)
                shown = [percent(end) if each.is_rate else f"{end:.4g}" for end in ends]
                between = " to ".join(shown)
        errors: Cell = {"text": f"{each.error_count:,}", "bad": each.error_count > 0}
        rows.append(Row([each.name, value, between, f"{each.count:,}", errors], id=each.name))
    return table_rows("Scores", columns, rows)


def show_rows(project: str, name: str, *, is_error: bool) -> None:
    """The worst scores, or the newest errors; a click opens the trace."""
    page = client().list_monitor_scores(
        project, name, is_error=is_error,
        order_by="-started_ns" if is_error else "value", limit=MAX_SHOWN_ROWS,
    )  # fmt: skip
    columns = [
        ("Score", "minmax(110px, 1fr)", ".cut"),
        ("Value", "90px", ".num"),
        ("Why", "minmax(200px, 3fr)", ".cut"),
        ("Version", "70px", ".num"),
        ("Trace", "minmax(110px, 1fr)", ".cut"),
        ("Began", "100px", ".num"),
    ]
    empty = "No error." if is_error else "No score that is a number yet."
    rows = [score_row(project, each) for each in page.items]
    figure_table(table_rows("Scores", columns, rows, empty=empty), key=f"rows_{is_error}")
    if page.next_cursor:
        st.caption(f"The first {MAX_SHOWN_ROWS}; a program reads all with list_monitor_scores.")


def score_row(project: str, score: MonitorScore) -> Row:
    """One score of one span."""
    why = score.reason or ""
    value: Cell = "-" if score.value is None else f"{score.value:.4g}"
    if score.error_type is not None:
        why = f"{score.error_type}: {score.error_message}"
        value = {"text": "error", "bad": True}
    cells: list[Cell] = [
        score.name,
        value,
        {"text": why, "title": why},
        f"{score.version}",
        {"text": score.trace_id[:12], "title": score.trace_id, "dim": True},
        {"ago": score.started_ns / 1e6},
    ]
    url = trace_url(project, score.trace_id, score.span_id)
    return Row(cells, url=url, id=f"{score.trace_id}{score.span_id}{score.name}")


project, name = monitor_of_address()
st.fragment(show_head, run_every=REFRESH_S)(project, name)
with st.container(horizontal=True, vertical_alignment="center"):
    view = st.segmented_control(
        "View", VIEWS, key="view", default=VIEWS[0], required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    range_name = st.segmented_control(
        "Time", list(charts.BUCKETS), key="period", default="24h", required=True,
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
st.fragment(show_body, run_every=REFRESH_S)(project, name, view or VIEWS[0], range_name or "24h")
