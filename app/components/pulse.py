"""Parts of a page that are drawn again while somebody looks at them, and not in a hidden tab."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec

import orjson
import streamlit as st

from weave_core.app.components.bundles import bundle

__all__ = ["live"]

P = ParamSpec("P")
_MS: Final = 1_000


def live(draw: Callable[P, None], *, every_s: float | None) -> Callable[P, None]:
    """`draw` as a part of the page that is drawn anew every so often.

    Streamlit's own `run_every` asks on in tabs that nobody sees, and before the last answer came.

    Args:
        draw: Draws the part.
        every_s: Seconds from one drawing to the next; None: what it shows has ended.
    """

    @wraps(draw)
    def drawn(*args: P.args, **given: P.kwargs) -> None:
        draw(*args, **given)
        if every_s is not None:
            name = draw.__name__
            with st.container(key=f"links_pulse_{name}"):  # Hidden, as all of that name are.
                data = orjson.dumps({"every_ms": every_s * _MS, "at": time.time_ns()})
                bundle("pulse")(key=f"pulse_{name}", data=data, on_beat_change=lambda: None)

    return st.fragment(drawn)
