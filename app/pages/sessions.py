"""Sessions: conversations across traces, last used first, found by time and by what was said."""

import streamlit as st

from weave_core.app import filters, welcome
from weave_core.app.components.session_list import session_list, session_rows
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, sessions_url

PAGE_SIZE = 100
NO_SESSIONS = (
    "No sessions yet. Traces that carry a session id belong together: in Python, "
    "`with weave_core.session('chat-1'):`; elsewhere the attribute session.id."
)
NONE_PASSES = "No conversation passes. Widen the time, or look for something else."
KEPT = ("range", "words", "after")


def forget_place() -> None:
    """Another list begins at its first page."""
    st.query_params.pop("after", None)


with st.container(horizontal=True, vertical_alignment="center", key="session_bar"):
    project = pick_project(on_other=forget_place)
    if project is not None:
        range_name = st.segmented_control(
            "Time", [*filters.RANGES, "all"], key="range", default="all", required=True,
            bind="query-params", on_change=forget_place, label_visibility="collapsed",
        )  # fmt: skip
        words = st.text_input(
            "Words", key="words", bind="query-params", on_change=forget_place, max_chars=500,
            placeholder='Said in the conversation: refund, "order 4711", ship*',
            icon=":material/search:", label_visibility="collapsed",
        )  # fmt: skip
if project is None:
    welcome.show(None)
    st.stop()
range_name, words = range_name or "all", words or ""
wanted = filters.both(filters.searched("", words), filters.since(range_name))
page = client().list_sessions(
    project, filter=wanted, limit=PAGE_SIZE, cursor=st.query_params.get("after")
)
here = {name: st.query_params[name] for name in KEPT if name in st.query_params}
st.session_state["sessions_url"] = sessions_url(project, **here)
empty = NONE_PASSES if wanted else NO_SESSIONS
session_list(session_rows(project, page.items, empty=empty), key="session_list")
with st.container(horizontal=True, horizontal_alignment="right"):
    if st.query_params.get("after") and st.button("Newest", type="tertiary"):
        forget_place()
        st.rerun()
    if page.next_cursor and st.button("Older", type="tertiary"):
        st.query_params["after"] = page.next_cursor
        st.rerun()
