"""One trace: its spans in time on the left, the chosen span in full on the right."""

from dataclasses import dataclass

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.feedback_strip import Judged, feedback_strip, scores_given
from weave_core.app.components.span_detail import span_content, span_detail
from weave_core.app.components.span_tree import span_columns, span_tree
from weave_core.app.components.trace_header import header_content, trace_header
from weave_core.app.frame import errors_shown, go_to
from weave_core.app.label_sets import offered_labels
from weave_core.app.media import shown_code, shown_media
from weave_core.app.state import add_rows_url, client, list_url, project_of_address
from weave_core.errors import NotFound
from weave_core.model import TraceTree

REFRESH_S = 2.0
REFRESH_BIG_S = 15.0
BIG = 3_000
"""Spans above which a running trace is asked for less often."""


@dataclass(frozen=True)
class Visit:
    """One arrival at this page by a link; clicks inside the page stay within the visit."""

    number: int
    project: str
    trace_id: str
    opened_with: str | None
    """The span that the link named."""

    @property
    def key(self) -> str:
        """Keeps folds and scroll position while the visit lasts."""
        return f"trace_{self.number}"


def arrive() -> Visit:
    """The visit that the address stands for: a new one, unless we wrote that address ourselves."""
    trace_id = st.query_params.get("trace")
    if not trace_id:
        raise NotFound("the address names no trace", "open one from the list of traces")
    project = project_of_address()
    span_id = st.query_params.get("span")
    last: Visit | None = st.session_state.get("visit")
    address = (project, trace_id, span_id)
    if last is not None and st.session_state.get("shown_span") == address:
        return last
    visit = Visit(last.number + 1 if last else 1, project, trace_id, span_id)
    st.session_state["visit"] = visit
    st.session_state["shown_span"] = address
    return visit


def remember(visit: Visit, span_id: str) -> None:
    """Write the chosen span into the address, so that the view can be shared."""
    address = (visit.project, visit.trace_id, span_id)
    if st.session_state.get("shown_span") != address:
        st.session_state["shown_span"] = address
        st.query_params["span"] = span_id


def first_span(trace: TraceTree) -> str | None:
    """What to show before anything is chosen: the root, else the earliest span."""
    if trace.trace.root_span_id:
        return trace.trace.root_span_id
    ids = trace.columns.span_id
    return ids[0] if ids else None


def show_span(visit: Visit, span_id: str) -> None:
    """The chosen span in full; only it is fetched with its payload."""
    span = client().get_span(visit.project, span_id, trace_id=visit.trace_id)
    # Read anew: the trace is what it was when the page was opened.
    is_whole = filters.both(filters.equals("trace_id", visit.trace_id), "span_id is null")
    whole = scores_given(visit.project, is_whole)
    of_trace = {"trace_id": visit.trace_id}
    targets = [
        Judged("This span", of_trace | {"span_id": span.span_id}, span.scores),
        Judged("Whole trace", of_trace, whole),
    ]
    labels = offered_labels(visit.project)
    feedback_strip(visit.project, targets, labels=labels, key=f"{visit.key}_feedback")
    media, code = shown_media(client(), span), shown_code(client(), span)
    content = span_content(span, media=media, code=code)
    span_detail(content, key=f"{visit.key}_detail")
    with st.container(horizontal=True):
        st.download_button(
            "Download JSON",
            data=lambda: span.model_dump_json(indent=2),
            file_name=f"span-{span.span_id}.json",
            mime="application/json",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            key=f"{visit.key}_download",
        )
        if st.button(
            "Add to dataset",
            type="tertiary",
            icon=":material/playlist_add:",
            key=f"{visit.key}_add",
            help="Make a row of what went in and came out",
        ):
            go_to(add_rows_url(visit.project, trace=visit.trace_id, span=span.span_id))


def explore(visit: Visit, trace: TraceTree, columns: bytes) -> None:
    """Header, tree and detail; a click runs only this, with the trace that was fetched before."""
    with errors_shown():
        if not trace.trace.is_complete:
            trace = client().get_tree(visit.project, visit.trace_id)
            columns = span_columns(visit.trace_id, trace.columns, selected=visit.opened_with)
        content = header_content(trace.trace, back=list_url(visit.project))
        trace_header(content, key=f"{visit.key}_header")
        left, right = st.columns([6, 5], gap="small")
        with left:
            chosen = span_tree(columns, key=f"{visit.key}_tree")
        if chosen:
            remember(visit, chosen)
        span_id = chosen or visit.opened_with or first_span(trace)
        with right, errors_shown():
            if span_id:
                show_span(visit, span_id)


visit = arrive()
trace = client().get_tree(visit.project, visit.trace_id)
columns = span_columns(visit.trace_id, trace.columns, selected=visit.opened_with)
interval = REFRESH_S if len(trace.columns.span_id) < BIG else REFRESH_BIG_S
explorer = st.fragment(explore, run_every=None if trace.trace.is_complete else interval)
explorer(visit, trace, columns)
