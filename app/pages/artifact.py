"""One artifact: its versions, the files of one, where it comes from, how two differ."""

import streamlit as st

from weave_core.app.artifact_files import show_files
from weave_core.app.components.artifact_header import artifact_header, artifact_header_content
from weave_core.app.components.artifact_lineage import artifact_lineage, lineage_content
from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.json_value import json_value
from weave_core.app.formats import file_size
from weave_core.app.state import artifact_url, client, project_of_address
from weave_core.app.versions import VERSIONS, beside_versions, pick_base
from weave_core.errors import NotFound
from weave_core.model import ArtifactVersion, StoredArtifact

FILES, LINEAGE, CHANGES, ABOUT = "Files", "Lineage", "Changes", "About"


def stored_anew(version: ArtifactVersion) -> Cell:
    """What a version took in the store beyond what others had."""
    return {"text": file_size(version.added_bytes), "title": "stored anew by this version"}


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
    base = pick_base(versions, shown.version)
    if base is None:
        return
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
                "" if each.base_size_bytes is None else file_size(each.base_size_bytes),
                "" if each.size_bytes is None else file_size(each.size_bytes),
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
with beside_versions(
    versions, shown.version, told=("New", stored_anew),
    url=lambda each: artifact_url(project, each.name, each.version),
):  # fmt: skip
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
