"""Views over all runs that pass a filter: their charts, and which settings go with which result."""

from itertools import islice
from typing import Final

import streamlit as st

from weave_core.app import filters
from weave_core.app.components.pulse import live
from weave_core.app.components.run_relations import relation_data, run_relations
from weave_core.app.frame import errors_shown
from weave_core.app.page_turns import first_page
from weave_core.app.run_views.lines import EACH, pick_lines, show_lines
from weave_core.app.state import client
from weave_core.model import Run, RunGroups

__all__ = ["count_by_state", "narrow_to", "show_all_lines", "show_all_relations"]

MAX_LINES: Final = 50
"""Runs in the charts of a project, a line each, the first in the order of the table."""
MAX_MEANT: Final = 200
"""Runs in the charts of a project whose means are drawn, likewise."""
MAX_RELATED: Final = 500
"""Runs in the drawing of relations of a project, likewise."""
REFRESH_S: Final = 10.0
_COUNTS_TTL_S: Final = 10
NONE_FOUND: Final = "No run is like that."


def show_all_lines(project: str, condition: str | None, order_by: str) -> None:
    """Charts of the first runs; groups where there are many of them."""
    runs = first_runs(project, condition, order_by, MAX_MEANT)
    if not runs:
        st.caption(NONE_FOUND)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        has_groups = len({run.group for run in runs}) > 1
        by = pick_lines(runs, first="group" if has_groups and len(runs) > MAX_LINES else EACH)
        shown = runs[:MAX_LINES] if by == EACH else runs
        if len(shown) < len(runs) or len(runs) == MAX_MEANT:
            st.caption(f"The first {len(shown)} runs, in the order of the table.", width="content")
    is_moving = any(run.state == "running" for run in shown)
    live(show_lines, every_s=REFRESH_S if is_moving else None)(shown, by=by)


def show_all_relations(project: str, condition: str | None, order_by: str) -> None:
    """Scatter and parallel coordinates of the first runs."""
    with errors_shown():
        runs = first_runs(project, condition, order_by, MAX_RELATED)
        if not runs:
            st.caption(NONE_FOUND)
            return
        run_relations(relation_data(runs), key="all_relations")
        if len(runs) == MAX_RELATED:
            st.caption(f"The first {MAX_RELATED} runs, in the order of the table.")


def first_runs(project: str, condition: str | None, order_by: str, most: int) -> list[Run]:
    """The first runs that pass the filter."""
    return list(islice(client().runs(project, filter=condition, order_by=order_by), most))


def count_by_state(project: str, condition: str | None) -> None:
    """How many runs there are and how they stand; a click keeps those that stand so."""
    with (
        errors_shown(),
        st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"),
    ):
        found = _counted(project, condition)
        total = f"{found.total:,} {'run' if found.total == 1 else 'runs'}"
        st.caption(f"{total}:" if found.items else "", width="content")
        for each in found.items:
            state = str(each.value)
            # The state is one of ours, so its name is safe as a label.
            if st.button(f"{each.count:,} {state}", key=f"state_{state}", type="tertiary"):
                narrow_to(filters.equals("state", state))


def narrow_to(text: str) -> None:
    """Narrow the list by a condition, and show it as it is then.

    A widget's state can't be set once it is drawn: the page does it before it draws the filter.
    """
    now = str(st.session_state.get("filter") or "")
    st.session_state["narrowed"] = filters.added(now, text)
    first_page()
    st.rerun()


@st.cache_data(ttl=_COUNTS_TTL_S, max_entries=50, show_spinner=False)
def _counted(project: str, condition: str | None) -> RunGroups:
    return client().group_runs(project, by="state", filter=condition)
