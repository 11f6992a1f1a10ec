"""Objects: datasets, prompts, models, scorers and whatever else was published, by kind and name."""

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.object_header import size_words
from weave_core.app.page_turns import first_page, turn_pages
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, object_url
from weave_core.errors import NotFound
from weave_core.model import ObjectVersion, Page

PAGE_SIZE = 100
ALL = "all"
_MOST_KINDS = 12
EMPTY = (
    "Nothing is published yet. In Python: weave_core.publish(weave_core.Dataset(rows), "
    '"golden"), or weave_core.publish({"system": "Be terse."}, "desk", kind="prompt").'
)


def pick_kind(project: str) -> str | None:
    """The kinds that there are, of which one may be chosen; None: all."""
    names = [each.kind for each in client().list_kinds(project)][:_MOST_KINDS]
    wanted = st.query_params.get("kind")
    if wanted and wanted not in (*names, ALL):
        names.append(wanted)
    picked = st.segmented_control(
        "Kind", [ALL, *names], key="kind", default=ALL, required=True, bind="query-params",
        on_change=first_page, label_visibility="collapsed",
    )  # fmt: skip
    return None if picked in (None, ALL) else picked


def show_list(project: str, page: Page[ObjectVersion]) -> None:
    """One row an object, with its latest version."""
    rows = []
    for each in page.items:
        aliases = [alias for alias in each.aliases if alias != "latest"]
        cells: list[Cell] = [
            each.name,
            {"text": each.kind, "dim": True},
            f"{each.version:,}",
            ", ".join(aliases),
            ", ".join(each.tags),
            # Of a dataset it would be that of a list of blobs: its page tells how many rows it has.
            "" if each.kind == "dataset" else size_words(each.size_bytes),
            {"ago": each.created_ns / 1e6},
        ]
        rows.append(Row(cells, url=object_url(project, each.kind, each.name), id=each.digest))
    columns = [
        ("Object", "minmax(180px, 2fr)", ".cut"), ("Kind", "110px", ".cut"),
        ("Latest", "64px", ".num"), ("Aliases", "minmax(100px, 1fr)", ".cut"),
        ("Tags", "minmax(100px, 1fr)", ".cut"), ("Size", "90px", ".num"),
        ("Published", "90px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Objects", columns, rows, empty=EMPTY), key="objects")
    turn_pages(page.next_cursor, first="First page", further="Next page")


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        try:
            kind = pick_kind(project)
        except NotFound:  # A project of the settings that nothing was sent to yet.
            project = None
    if project is not None:
        name = st.text_input(
            "Name", key="name", bind="query-params", on_change=first_page, max_chars=200,
            placeholder="Name of an object", icon=":material/filter_alt:",
            label_visibility="collapsed", width=260,
        )  # fmt: skip

if project is None:
    welcome.show(None)
else:
    found = client().list_objects(
        project, kind=kind, name=name or None, limit=PAGE_SIZE,
        cursor=st.query_params.get("after"),
    )  # fmt: skip
    show_list(project, found)
