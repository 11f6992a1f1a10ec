"""Artifacts: datasets, models and other folders of files, each with its latest version."""

import streamlit as st

from weave_core.app import welcome
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.formats import file_size
from weave_core.app.kind_picker import pick_kind
from weave_core.app.page_turns import first_page, turn_pages
from weave_core.app.project_picker import pick_project
from weave_core.app.state import artifact_url, client, registry_url
from weave_core.errors import NotFound
from weave_core.model import ArtifactVersion, Page

PAGE_SIZE = 100
EMPTY = (
    'Nothing is stored yet. In Python: artifact = weave_core.Artifact("digits", type="dataset"); '
    'artifact.add_dir("data"); run.log_artifact(artifact).'
)


def show_list(project: str, page: Page[ArtifactVersion]) -> None:
    """One row an artifact, with its latest version."""
    rows = []
    for each in page.items:
        aliases = [alias for alias in each.aliases if alias != "latest"]
        cells: list[Cell] = [
            each.name,
            {"text": each.type, "dim": True},
            f"v{each.version}",
            ", ".join(aliases),
            f"{each.file_count:,}",
            file_size(each.size_bytes),
            {"text": each.run_id or "", "dim": True},
            {"ago": each.created_ns / 1e6},
        ]
        rows.append(Row(cells, url=artifact_url(project, each.name), id=each.digest))
    columns = [
        ("Artifact", "minmax(160px, 2fr)", ".cut"), ("Type", "110px", ".cut"),
        ("Latest", "64px", ".num"), ("Aliases", "minmax(90px, 1fr)", ".cut"),
        ("Files", "80px", ".num"), ("Size", "90px", ".num"),
        ("Made by run", "minmax(90px, 1fr)", ".cut"), ("Stored", "90px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Artifacts", columns, rows, empty=EMPTY), key="artifacts")
    turn_pages(page.next_cursor, first="First page", further="Next page")


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=first_page)
    if project is not None:
        try:
            types = client().list_artifact_types(project)
            kind = pick_kind("Type", [each.type for each in types])
        except NotFound:  # A project of the settings that nothing was sent to yet.
            project = None
    st.link_button("Registry", registry_url(), icon=":material/verified:")

if project is None:
    welcome.show(None)
else:
    found = client().list_artifacts(
        project, type=kind, limit=PAGE_SIZE, cursor=st.query_params.get("after")
    )
    show_list(project, found)
