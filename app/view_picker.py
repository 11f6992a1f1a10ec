"""Saved views of a page: opened, saved and deleted from one menu; each is a link."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from weave_core.app.frame import errors_shown
from weave_core.app.state import client
from weave_core.model import NewView, SavedView

__all__ = ["find_view", "show_views"]


def find_view(project: str, page: str, *, known: str | None) -> SavedView | None:
    """The view that the address names and that is not unfolded into it yet.

    Args:
        project: Whose view.
        page: Of which page.
        known: Id of the view that this browser session opened last.
    """
    view_id = st.query_params.get("view")
    if not view_id or view_id == known or set(st.query_params) - {"view", "project"}:
        return None
    view = client().get_view(project, view_id)
    return view if view.page == page and view.query else None


def show_views(project: str, page: str, here: Mapping[str, str]) -> SavedView | None:
    """The menu; the view that was chosen in it, if any.

    Args:
        project: Whose views.
        page: Which page's.
        here: What the page is asked now, to be saved.
    """
    with (
        st.popover("Views", type="tertiary", icon=":material/bookmarks:"),
        st.container(key="views", width=380),
        errors_shown(),
    ):
        views = [view for view in client().list_views(project) if view.page == page]
        if not views:
            st.caption("None yet. A view keeps filter, time, order and columns under a name.")
        chosen = None
        for view in views:
            if _show_view(project, view, is_here=dict(here) == view.query):
                chosen = view
        _show_form(project, page, here)
        return chosen
    return None


def _show_view(project: str, view: SavedView, *, is_here: bool) -> bool:
    """One view's line; whether it was chosen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        icon = ":material/check:" if is_here else ":material/bookmark:"
        help_text = view.query.get("filter") or "No filter"
        # Not the label itself: labels are Markdown, and a name is only a text.
        name = _as_label(view.name)
        is_chosen = st.button(
            name, key=f"view_{view.view_id}", icon=icon, type="tertiary", width="stretch",
            help=_as_label(help_text),
        )  # fmt: skip
        with st.popover("", icon=":material/link:", type="tertiary", help="Share"):
            link = urlencode({"project": project, "view": view.view_id})
            st.code(f"{(st.context.url or '').split('?')[0].rstrip('/')}/?{link}", language=None)
        if st.button(
            "", key=f"drop_{view.view_id}", icon=":material/delete:", type="tertiary",
            help=f"Delete {name}",
        ):  # fmt: skip
            client().delete_view(project, view.view_id)
            st.rerun()
    return is_chosen


def _show_form(project: str, page: str, here: Mapping[str, str]) -> None:
    with st.form("save_view", border=False, clear_on_submit=True):
        name = st.text_input("Save this view as", max_chars=100, placeholder="Failed today")
        if st.form_submit_button("Save", type="primary") and name.strip():
            client().add_view(project, NewView(name=name.strip(), page=page, query=dict(here)))
            st.rerun()


def _as_label(text: str) -> str:
    """`text` as Markdown that shows just it."""
    return "".join(f"\\{char}" if char in _MARKS else char for char in text.replace("\n", " "))


_MARKS = set("\\`*_{}[]()#+-.!|<>~$:")
