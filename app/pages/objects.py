"""Objects: datasets, prompts, models, scorers and whatever else was published, by kind and name."""

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.formats import file_size
from weave_core.app.kind_picker import pick_kind
from weave_core.app.page_turns import first_page, turn_pages
from weave_core.app.project_picker import pick_project
from weave_core.app.state import artifact_url, client, object_url
from weave_core.errors import NotFound
from weave_core.model import ObjectVersion, Page

PAGE_SIZE = 100
ARTIFACT = "artifact"
LISTS = {ARTIFACT, "dataset"}
"""Kinds whose content is a list of what is stored elsewhere."""
EMPTY = (
    "Nothing is published yet. In Python: weave_core.publish(weave_core.Dataset(rows), "
    '"golden"), or weave_core.publish({"system": "Be terse."}, "desk", kind="prompt").'
)


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
            # Of these it would be that of a list of blobs: their pages tell rows and files.
            "" if each.kind in LISTS else file_size(each.size_bytes),
            {"ago": each.created_ns / 1e6},
        ]
        url = object_url(project, each.kind, each.name)
        if each.kind == ARTIFACT:
            url = artifact_url(project, each.name)
        rows.append(Row(cells, url=url, id=each.digest))
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
            kind = pick_kind("Kind", [each.kind for each in client().list_kinds(project)])
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
