"""The way through a list page by page; the place is in the address."""

import streamlit as st

__all__ = ["first_page", "turn_pages"]


def first_page() -> None:
    """Another list begins at its first page."""
    st.query_params.pop("after", None)


def turn_pages(next_cursor: str | None, *, first: str, further: str) -> None:
    """The buttons below a list.

    Args:
        next_cursor: Of the page that is shown.
        first: What the way back is called.
        further: What the way on is called.
    """
    with st.container(horizontal=True, horizontal_alignment="right"):
        after = st.query_params.get("after")
        if after and st.button(first, type="tertiary", icon=":material/first_page:"):
            first_page()
            st.rerun()
        if next_cursor and st.button(
            further, type="tertiary", icon=":material/chevron_right:", icon_position="right"
        ):
            st.query_params["after"] = next_cursor
            st.rerun()
