"""The tab with what a run printed: the newest lines, a search, and the way back."""

from functools import partial
from itertools import islice
from typing import Final

import streamlit as st

from weave_core.app.components.console_view import (
    WINDOW_LINES,
    ConsolePlace,
    console_content,
    console_view,
)
from weave_core.app.components.pulse import live
from weave_core.app.frame import errors_shown
from weave_core.app.state import client
from weave_core.model import ConsolePage, ConsoleStream, Run

__all__ = ["show_console"]

REFRESH_S = 2.0
MAX_SAVED_LINES: Final = 500_000
"""Lines that the page of a run hands over as a file, the first ones; `client.run(id).console()` has
all."""
NOTHING = (
    "Nothing was printed, or `capture` left the console out. What C code and other processes print "
    "is kept with weave_core.run(capture=['console', 'descriptors'])."
)
NONE_FOUND = "No line has that."
_STREAMS: Final[dict[str, ConsoleStream | None]] = {
    "all": None,
    "stdout": "stdout",
    "stderr": "stderr",
}
_PLACE = "console_place"


def newest() -> None:
    """Another search begins at the newest line."""
    st.session_state.pop(_PLACE, None)


def show_console(run: Run) -> None:
    """Draw the tab; read again while the run goes on."""
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            "Find", key="find", bind="query-params", on_change=newest, max_chars=500,
            placeholder="Find in what was printed", icon=":material/search:",
            label_visibility="collapsed",
        )  # fmt: skip
        stream = st.segmented_control(
            "Stream", list(_STREAMS), key="stream", default="all", required=True,
            bind="query-params", on_change=newest, label_visibility="collapsed",
        )  # fmt: skip
        st.download_button(
            "Save", partial(read_text, run, (text or "").strip(), stream or "all"),
            f"{run.run_id}.log", icon=":material/download:", on_click="ignore",
            help="All lines that are found, as they were printed",
        )  # fmt: skip
    every = REFRESH_S if run.state == "running" else None
    live(show_lines, every_s=every)(run.project, run.run_id, (text or "").strip(), stream or "all")


def read_text(run: Run, text: str, stream: str) -> str:
    """What is found of all that was printed, for a file."""
    lines = client().run_console(
        run.project, run.run_id, text=text or None, stream=_STREAMS.get(stream)
    )
    return "".join(f"{each.text}\n" for each in islice(lines, MAX_SAVED_LINES))


def show_lines(project: str, run_id: str, text: str, stream: str) -> None:
    """The window of lines."""
    with errors_shown():
        place: ConsolePlace = st.session_state.get(_PLACE, ConsolePlace())
        # A moment is looked at with all that was printed around it.
        page = read_lines(project, run_id, place, text=text, stream=stream)
        content = console_content(
            page, place=place, text="" if place.is_around else text,
            empty=NONE_FOUND if text or stream != "all" else NOTHING,
        )  # fmt: skip
        asked = console_view(content, key="console_view")
        found = f"{len(page.items):,} of " if len(page.items) < page.total else ""
        st.caption(f"{found}{page.total:,} lines")
        if asked is not None:
            st.session_state[_PLACE] = asked
            st.rerun()


def read_lines(
    project: str, run_id: str, place: ConsolePlace, *, text: str, stream: str
) -> ConsolePage:
    """The lines at a place."""
    return client().read_run_console(
        project,
        run_id,
        text=None if place.is_around else text or None,
        stream=None if place.is_around else _STREAMS.get(stream),
        tail=place.is_tail,
        limit=WINDOW_LINES,
        from_ns=place.from_ns,
        cursor=place.cursor,
        before=place.before,
    )
