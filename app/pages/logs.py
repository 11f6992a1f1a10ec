"""Logs: what programs said, newest first, each line with the span that said it."""

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.log_list import log_list, log_rows
from weave_core.app.frame import errors_shown
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client
from weave_core.model import LogRecord, Page

PAGE_SIZE = 100
REFRESH_S = 5.0
LEVELS = {"all": 0, "info": 9, "warn": 13, "error": 17}
"""Least severity by its name in the address."""
NO_LOGS = (
    "No log records yet. Any OpenTelemetry SDK sends them to this server: OTEL_LOGS_EXPORTER=otlp, "
    "OTEL_EXPORTER_OTLP_ENDPOINT as for traces."
)
NONE_PASSES = "No record passes. Widen the time, lower the level, or look for something else."
MORE = "None among the newest 20,000 of these; older ones may hold it."


def first_page() -> None:
    """Another list begins at its newest record."""
    st.query_params.pop("after", None)


def read_page(project: str, range_name: str, level: str, text: str) -> Page[LogRecord]:
    """One page of the records that the address asks for."""
    return client().list_logs(
        project,
        trace_id=st.query_params.get("trace"),
        span_id=st.query_params.get("span"),
        min_severity=LEVELS.get(level, 0),
        text=text.strip() or None,
        from_ns=filters.range_start_ns(range_name),
        limit=PAGE_SIZE,
        cursor=st.query_params.get("after"),
    )


def show_records(project: str, range_name: str, level: str, text: str) -> None:
    """The table and the way to older records; what a live refresh draws again."""
    with errors_shown():
        page = read_page(project, range_name, level, text)
        is_narrow = range_name != "all" or level != "all" or text or st.query_params.get("trace")
        empty = MORE if page.next_cursor else NONE_PASSES if is_narrow else NO_LOGS
        log_list(log_rows(project, page.items, empty=empty), key="log_list")
        turn_page(page.next_cursor)


def turn_page(next_cursor: str | None) -> None:
    """Older and newest; the place is in the address."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.query_params.get("after") and st.button(
            "Newest", type="tertiary", icon=":material/first_page:"
        ):
            first_page()
            st.rerun()
        if next_cursor and st.button(
            "Older", type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            st.query_params["after"] = next_cursor
            st.rerun()


def show_only(field: str) -> None:
    """Whose records alone are shown, and the way out of it."""
    value = st.query_params.get(field)
    # A label is Markdown, and an address may hold anything.
    name = value[:8] if value and value.isalnum() else "..."
    if value and st.button(
        f"Only {field} {name}", key=f"only_{field}", icon=":material/close:", type="tertiary",
        help="Show the records of all others again",
    ):  # fmt: skip
        first_page()
        st.query_params.pop(field, None)
        st.rerun()


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        range_name = st.segmented_control(
            "Time", [*filters.RANGES, "all"], key="range", default="all", required=True,
            bind="query-params", on_change=first_page, label_visibility="collapsed",
        )  # fmt: skip
        level = st.segmented_control(
            "Level", list(LEVELS), key="level", default="all", required=True,
            bind="query-params", on_change=first_page, label_visibility="collapsed",
        )  # fmt: skip
        text = st.text_input(
            "Text", key="text", bind="query-params", on_change=first_page, max_chars=500,
            placeholder="Text in message or attributes", icon=":material/search:",
            label_visibility="collapsed",
        )  # fmt: skip
        for name in ("trace", "span"):
            show_only(name)

if project is None:
    st.markdown(NO_LOGS)
else:
    is_moving = not st.query_params.get("after")
    listing = st.fragment(show_records, run_every=REFRESH_S if is_moving else None)
    listing(project, range_name or "all", level or "all", text or "")
