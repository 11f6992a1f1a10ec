"""The versions of one thing, an object or an artifact: their list, and the one to hold against.

Both are published under a name and counted; what a version is besides that, the page tells.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.model import ArtifactVersion, ObjectVersion

__all__ = ["VERSIONS", "beside_versions", "pick_base"]

VERSIONS: Final = 50
"""Versions in the list of one object or artifact, the newest."""
_LIST_PX: Final = 270

V = TypeVar("V", bound=ObjectVersion | ArtifactVersion)


def beside_versions(
    versions: Sequence[V],
    shown: int,
    *,
    told: tuple[str, Callable[[V], Cell]],
    url: Callable[[V], str],
) -> DeltaGenerator:
    """Draw the list, newest first, each row a link; what is returned is the room beside it.

    Args:
        versions: At most `VERSIONS`.
        shown: The number of the one that the page shows.
        told: A third column: its head, and what it says of a version.
        url: From a version to its address.
    """
    head, tell = told
    rows = []
    for each in versions:
        names = [*each.aliases, *(f"#{tag}" for tag in each.tags)]
        cells: list[Cell] = [
            f"v{each.version}",
            {"text": ", ".join(names), "title": ", ".join(names)},
            tell(each),
        ]
        rows.append(Row(cells, url=url(each), is_on=each.version == shown, id=each.digest))
    columns = [
        ("Version", "48px", ""), ("Aliases, tags", "minmax(40px, 1fr)", ".cut"),
        (head, "72px", ".num"),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="medium"):
        # As wide as its columns need in any window; a share of the page cut the last one.
        with st.container(width=_LIST_PX):
            figure_table(table_rows("Versions", columns, rows), key="versions")
        return st.container(width="stretch")


def pick_base(versions: Sequence[ObjectVersion | ArtifactVersion], shown: int) -> int | None:
    """The version that the shown one is held against: the one before, unless another is chosen."""
    others = [each.version for each in versions if each.version != shown]
    if not others:
        st.caption("There is one version only.")
        return None
    before = next((number for number in others if number < shown), others[0])
    return st.selectbox(
        "Against version", others, index=others.index(before), key=f"base_{shown}",
        format_func=lambda number: f"v{number}", width=180,
    )  # fmt: skip
