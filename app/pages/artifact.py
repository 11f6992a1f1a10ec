"""One artifact: its versions, the files of one, where it comes from, how two differ."""

import streamlit as st

from weave_core.app.artifact_files import show_files
from weave_core.app.components.artifact_header import artifact_header, artifact_header_content
from weave_core.app.components.artifact_lineage import artifact_lineage, lineage_content
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.json_value import json_value
from weave_core.app.components.object_header import size_words
from weave_core.app.state import artifact_url, client, project_of_address
from weave_core.errors import NotFound
from weave_core.model import ArtifactVersion, StoredArtifact

VERSIONS = 50
FILES, LINEAGE, CHANGES, ABOUT = "Files", "Lineage", "Changes", "About"


def show_versions(project: str, versions: list[ArtifactVersion], shown: StoredArtifact) -> None:
    """Newest first, with what each has stored anew; a row leads to its version."""
    rows = []
    for each in versions:
        names = [*each.aliases, *(f"#{tag}" for tag in each.tags)]
        cells: list[Cell] = [
            f"v{each.version}",
            {"text": ", ".join(names), "title": ", ".join(names)},
            {"text": size_words(each.added_bytes), "title": "stored anew by this version"},
        ]
        url = artifact_url(project, each.name, each.version)
        rows.append(Row(cells, url=url, is_on=each.version == shown.version, id=each.digest))
    columns = [
        ("Version", "48px", ""), ("Aliases, tags", "minmax(40px, 1fr)", ".cut"),
        ("New", "76px", ".num"),
    ]  # fmt: skip
    figure_table(table_rows("Versions", columns, rows), key="versions")


def show_lineage(project: str, shown: StoredArtifact) -> None:
    """Runs that made it, and runs that used it with what they made of it."""
    reader = client()
    used = [use.run_id for use in shown.uses if use.role == "used"]
    made_of_it = {run_id: reader.list_run_artifacts(project, run_id) for run_id in used[:20]}
    makers = [use.run_id for use in shown.uses if use.role == "made"]
    sources = {run_id: reader.list_run_artifacts(project, run_id) for run_id in makers[:20]}
    artifact_lineage(lineage_content(project, shown, sources, made_of_it), key="lineage")


def show_changes(project: str, versions: list[ArtifactVersion], shown: StoredArtifact) -> None:
    """Files that are others than in another version: the one before, unless one is chosen."""
    others = [each.version for each in versions if each.version != shown.version]
    if not others:
        st.caption("There is one version only.")
        return
    before = next((number for number in others if number < shown.version), others[0])
    base = st.selectbox(
        "Against version", others, index=others.index(before), key=f"base_{shown.version}",
        format_func=lambda number: f"v{number}", width=180,
    )  # fmt: skip
    found = client().compare_artifacts(project, shown.name, str(shown.version), str(base))
    st.caption(
        f"{found.added:,} files added, {found.removed:,} removed, {found.changed:,} changed,"
        f" {found.same:,} the same."
    )
    rows = [
        Row(
            [
                {"text": each.op, "bad": each.op == "removed"},
                {"text": each.path, "title": each.path},
                "" if each.base_size_bytes is None else size_words(each.base_size_bytes),
                "" if each.size_bytes is None else size_words(each.size_bytes),
            ],
            id=each.path,
        )
        for each in found.items
    ]
    columns = [
        ("", "80px", ""), ("File", "minmax(160px, 1fr)", ".cut"), ("Before", "90px", ".num"),
        ("Now", "90px", ".num"),
    ]  # fmt: skip
    empty = "Their files are the same."
    figure_table(table_rows("Changes", columns, rows, empty=empty), key="artifact_changes")


def show_about(shown: StoredArtifact) -> None:
    """What was said of it."""
    if shown.description:
        st.text(shown.description)
    json_value("Metadata", shown.metadata, key=f"metadata_{shown.digest}")


project = project_of_address()
name = st.query_params.get("artifact", "")
if not name:
    raise NotFound("the address names no artifact", "open one in the list of artifacts")
shown = client().get_artifact(project, name, st.query_params.get("version") or "latest")
versions = client().list_artifact_versions(project, name, limit=VERSIONS).items
artifact_header(artifact_header_content(project, shown, versions[0]), key="artifact_header")
left, right = st.columns([1, 4], gap="medium")
with left:
    show_versions(project, versions, shown)
with right:
    view = st.segmented_control(
        "View", [FILES, LINEAGE, CHANGES, ABOUT], key="view", default=FILES, required=True,
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    if view == LINEAGE:
        show_lineage(project, shown)
    elif view == CHANGES:
        show_changes(project, versions, shown)
    elif view == ABOUT:
        show_about(shown)
    else:
        show_files(project, shown)
