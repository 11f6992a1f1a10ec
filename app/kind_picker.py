"""One kind of what a list holds, or all of them: picked on the page, kept in the address."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from weave_core.app.page_turns import first_page

__all__ = ["pick_kind"]

MAX_KINDS: Final = 12
"""Kinds of objects, or types of artifacts, that are offered above their list."""
_ALL: Final = "all"


def pick_kind(label: str, names: Sequence[str]) -> str | None:
    """The kinds that there are, of which one may be chosen; None: all.

    Args:
        label: What a kind is called; in small letters, the parameter of the address.
        names: The kinds that there are.
    """
    key = label.lower()
    offered = list(names[:MAX_KINDS])
    wanted = st.query_params.get(key)
    if wanted and wanted not in (*offered, _ALL):
        offered.append(wanted)
    picked = st.segmented_control(
        label, [_ALL, *offered], key=key, default=_ALL, required=True, bind="query-params",
        on_change=first_page, label_visibility="collapsed",
    )  # fmt: skip
    return None if picked in (None, _ALL) else picked
