"""Sessions: conversations across traces, last used first."""

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.session_list import session_list, session_rows
from weave_core.app.project_picker import pick_project
from weave_core.app.state import SESSION_PAGE, client

PAGE_SIZE = 100
EMPTY = (
    "No sessions yet. Traces that carry a session id belong together: in Python, "
    "`with weave_core.session('chat-1'):`; elsewhere the attribute session.id."
)


def forget_place() -> None:
    """Another project's list begins at its first page."""
    st.query_params.pop("after", None)


project = pick_project(on_other=forget_place)
if project is None:
    welcome.show(None)
    st.stop()
page = client().list_sessions(project, limit=PAGE_SIZE, cursor=st.query_params.get("after"))
opened = session_list(session_rows(project, page.items, empty=EMPTY), key="session_list")
if opened:
    st.switch_page(SESSION_PAGE, query_params={"project": project, "session": opened})
with st.container(horizontal=True, horizontal_alignment="right"):
    if st.query_params.get("after") and st.button("Newest", type="tertiary"):
        forget_place()
        st.rerun()
    if page.next_cursor and st.button("Older", type="tertiary"):
        st.query_params["after"] = page.next_cursor
        st.rerun()
