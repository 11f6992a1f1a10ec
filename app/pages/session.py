"""One session: the conversation across its traces, in order, each turn with its trace."""

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.conversation import conversation, conversation_turns
from weave_core.app.components.feedback_strip import Judged, feedback_strip, scores_given
from weave_core.app.components.session_header import session_content, session_header
from weave_core.app.label_sets import offered_labels
from weave_core.app.state import client, project_of_address
from weave_core.app.turns import Turn, turn_of
from weave_core.errors import NotFound
from weave_core.model import TraceSummary

TURNS = 25
"""Turns of one page: each is read with what was said."""


def session_of_address() -> tuple[str, str]:
    """Project and session that the address names."""
    session_id = st.query_params.get("session")
    if not session_id:
        raise NotFound("the address names no session", "open one from the list of sessions")
    project = project_of_address()
    return project, session_id


def read_turn(project: str, trace: TraceSummary) -> Turn:
    """A trace as a turn, with the root's own words where it has arrived."""
    if trace.root_span_id is None:
        return turn_of(trace, None)
    root = client().get_span(project, trace.root_span_id, trace_id=trace.trace_id)
    return turn_of(trace, root)


project, session_id = session_of_address()
only = filters.equals("session_id", session_id)
sums = client().sum_traces(project, filter=only)
if not sums.count:
    raise NotFound(
        f"there is no session {session_id[:200]!r} in project {project!r}",
        "its traces may have been deleted, or not have arrived yet",
    )
back = st.session_state.get("sessions_url")
session_header(session_content(project, session_id, sums, back=back), key="session_header")

offered = offered_labels(project)
given = scores_given(project, only)
feedback_strip(
    project, [Judged("Session", {"session_id": session_id}, given)], labels=offered,
    key="session_feedback",
)  # fmt: skip

pages = max(1, -(-sums.count // TURNS))
asked = st.query_params.get("page", "1")
number = min(pages, max(1, int(asked) if asked.isdecimal() else 1))
cursor = None
page = client().list_traces(project, filter=only, order_by="started_ns", limit=TURNS)
for _ in range(number - 1):  # Conversations are short; a page is one range of an index.
    cursor = page.next_cursor
    if cursor is None:
        break
    page = client().list_traces(
        project, filter=only, order_by="started_ns", limit=TURNS, cursor=cursor
    )
turns = [read_turn(project, trace) for trace in page.items]
content = conversation_turns(project, turns, first_number=(number - 1) * TURNS + 1)
conversation(content, key="conversation")
if pages > 1:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(f"Turns of page {number} of {pages}")
        if number > 1 and st.button("Earlier", type="tertiary", icon=":material/chevron_left:"):
            st.query_params["page"] = str(number - 1)
            st.rerun()
        if number < pages and st.button(
            "Later", type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            st.query_params["page"] = str(number + 1)
            st.rerun()
