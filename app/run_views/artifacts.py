"""The tab with the artifacts that a run made and used."""

import streamlit as st

from weave_core.app.components.figure_table import Row, figure_table, table_rows
from weave_core.app.state import artifact_url, client
from weave_core.model import Run

__all__ = ["show_artifacts"]

EMPTY = {
    "made": "It made none: run.log_artifact(artifact) stores one.",
    "used": 'It used none: run.use_artifact("NAME:latest") reads one.',
}


def show_artifacts(run: Run) -> None:
    """Draw the tab."""
    uses = client().list_run_artifacts(run.project, run.run_id)
    columns = [
        ("Artifact", "minmax(120px, 1fr)", ".cut"), ("Type", "110px", ".cut"), ("", "90px", ".num")
    ]  # fmt: skip
    for column, role in zip(st.columns(2, gap="large"), ("made", "used"), strict=True):
        rows = [
            Row(
                [
                    f"{use.name}:v{use.version}",
                    {"text": use.type, "dim": True},
                    {"ago": use.time_ns / 1e6},
                ],
                url=artifact_url(run.project, use.name, use.version),
                id=f"{use.name}:v{use.version}",
            )
            for use in uses
            if use.role == role
        ]
        with column:
            st.markdown(f"**{role.capitalize()}**")
            content = table_rows(role.capitalize(), columns, rows, empty=EMPTY[role])
            figure_table(content, key=f"artifacts_{role}")
