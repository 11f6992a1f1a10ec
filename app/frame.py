"""What surrounds every page: the frame's look, its links, and how an error of ours is shown."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, NoReturn

import orjson
import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from weave_core.app.components.bundles import bundle
from weave_core.app.filters import pointed
from weave_core.errors import BadRequest, ServerUnreachable, WeaveError

__all__ = ["asset", "dress", "errors_shown", "go_to", "show_error", "show_filter_error"]


def asset(name: str) -> str:
    """The text of a file of `app/assets`."""
    return (files("weave_core.app") / "assets" / name).read_text(encoding="utf-8")


def dress() -> None:
    """Our name in the corner, and Streamlit's own frame made dense; colours are the theme's."""
    st.logo(asset("logo.svg"), size="large")
    st.html(f"<style>{asset('frame.css')}</style>")
    _links({}, key="links")


def go_to(url: str) -> NoReturn:
    """Leave this page for another address of the app, as a click on a link would."""
    _links({"href": url, "at": time.time_ns()}, key="go_to")
    st.stop()


def _links(target: dict[str, Any], *, key: str) -> None:
    with st.container(key=f"links_{key}"):
        bundle("links")(key=key, data=orjson.dumps(target))


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show a `WeaveError` of the block instead of raising it.

    The frame puts it around each page; a fragment needs its own, since its later runs do not pass
    through the frame.
    """
    try:
        yield
    except WeaveError as error:
        show_error(error)


def show_error(error: WeaveError) -> None:
    """Draw what went wrong and what to do, as text: messages may quote what a sender wrote.

    Where parts of a page fail, each for itself, the first one says it: mostly it is one cause.
    """
    try:
        box = st.container(border=True, key="weave_error")
    except StreamlitDuplicateElementKey:
        return
    with box:
        st.markdown(f":material/error: **{_title(error)}**")
        st.text(error.message)
        if error.hint:
            st.caption("What to do")
            st.text(error.hint)


def show_filter_error(text: str, error: BadRequest) -> None:
    """Draw what is wrong with the filter `text`, under the place where it is wrong."""
    with st.container(border=True, key="filter_error"):
        st.markdown(":material/error: **The filter is wrong**")
        st.text(error.message)
        if error.position is not None:
            st.code(pointed(text, error.position), language=None)
        if error.hint:
            st.text(error.hint)


def _title(error: WeaveError) -> str:
    if isinstance(error, ServerUnreachable):
        return "The server does not answer"
    names = {"NotFound": "Not found", "BadRequest": "Refused"}
    return names.get(type(error).__name__, "That did not work")
