"""The project that a page is about: picked on the page, kept in the address."""

from collections.abc import Callable

import streamlit as st

from weave_core.app.state import find_project, list_projects

__all__ = ["pick_project"]


def pick_project(*, on_other: Callable[[], None] = lambda: None) -> str | None:
    """The picker; None where there is no project yet.

    What the address names is offered too, stored or not, so that its error can be shown.

    Args:
        on_other: Called when another project was picked: places in lists mean nothing there.
    """
    projects = list_projects()
    # A page that was reached by the menu has an empty address, and stays in the project.
    last: str | None = st.session_state.get("last_project")
    wanted = find_project(projects, st.query_params.get("project") or last)
    names = [project.name for project in projects]
    if wanted and wanted not in names:
        names.insert(0, wanted)
    if not names:
        return None
    picked: str = st.selectbox(
        "Project",
        names,
        index=names.index(wanted) if wanted else 0,
        label_visibility="collapsed",
        width=210,
    )
    if picked != st.query_params.get("project"):
        # Not bound: a bound parameter leaves the address where it has its default, and which
        # project is the default changes with what was used last.
        if st.query_params.get("project"):
            on_other()
        st.query_params["project"] = picked
    st.session_state["last_project"] = picked
    return picked
