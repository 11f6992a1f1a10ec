"""One run: its charts, live while it trains, what it was started with, and what it said."""

from typing import Any

import streamlit as st

from weave_core.app.chart_layouts import read_layout
from weave_core.app.components.chart_grid import (
    chart_grid,
    drawn_series,
    grid_data,
    looked_at,
)
from weave_core.app.components.feedback_strip import Judged, feedback_strip
from weave_core.app.components.pulse import live
from weave_core.app.components.run_header import run_header, run_header_content
from weave_core.app.components.value_list import value_list
from weave_core.app.frame import errors_shown
from weave_core.app.label_sets import offered_labels
from weave_core.app.run_charts import SYSTEM_AXES, axes_of, axis_of, lines_of
from weave_core.app.run_points import read_points, read_saved
from weave_core.app.run_views.artifacts import show_artifacts
from weave_core.app.run_views.calls import show_calls
from weave_core.app.run_views.code import show_code
from weave_core.app.run_views.console import show_console
from weave_core.app.run_views.files import show_files_of
from weave_core.app.run_views.media import show_media
from weave_core.app.state import client, project_of_address
from weave_core.errors import NotFound
from weave_core.model import Run, RunChanges, RunSeries
from weave_core.points import SYSTEM_PREFIX

MAX_KEYS = 10_000
"""Keys of one run on its page, the first by name; those not in sight are not read."""
MAX_TAGS = 50
REFRESH_S = 3.0
EMPTY = "Nothing was logged yet: run.log({'loss': 0.5}, step=1) makes the first chart."
NOT_MEASURED = (
    "Nothing was measured of the machine: that needs psutil, pip install 'weave-core[runs]', and a"
    " run whose `capture` does not leave `system` out."
)


def run_of_address() -> Run:
    """The run that the address names."""
    run_id = st.query_params.get("run")
    if not run_id:
        raise NotFound("the address names no run", "open one from the list of runs")
    return client().get_run(project_of_address(), run_id)


def show_head(project: str, run_id: str) -> None:
    """What it is and how it stands, read again while it trains."""
    with errors_shown():
        run = client().get_run(project, run_id)
        stands = (run.state, run.stop_requested)
        if stands != st.session_state.get("run_stands", stands):
            st.session_state["run_stands"] = stands
            st.rerun()  # What ended is no longer read again and again.
        st.session_state["run_stands"] = stands
        run_header(run_header_content(run), key="run_header")


def show_actions(run: Run) -> None:
    """What can be done with it."""
    with st.container(horizontal=True, width="content", vertical_alignment="center"):
        if run.state == "running" and not run.stop_requested:
            if st.button("Stop", icon=":material/stop_circle:"):
                client().change_run(run.project, run.run_id, RunChanges(stop=True))
                st.rerun()
        elif run.state == "running":
            st.caption("It ends at its next step.")
        show_edits(run)


def show_edits(run: Run) -> None:
    """Name, group, tags and notes, to be changed."""
    with st.popover("Edit", icon=":material/edit:"), st.form("edit_run", border=False):
        name = st.text_input("Name", run.name, max_chars=200)
        group = st.text_input("Group", run.group or "", max_chars=200)
        tags = st.text_input("Tags, with commas between", ", ".join(run.tags), max_chars=2000)
        notes = st.text_area("Notes", run.notes or "", max_chars=20_000)
        if st.form_submit_button("Save", type="primary"):
            names = [tag.strip() for tag in tags.split(",") if tag.strip()]
            changes = RunChanges(
                name=name, group=group.strip() or None, tags=list(dict.fromkeys(names))[:MAX_TAGS],
                notes=notes or None,
            )  # fmt: skip
            client().change_run(run.project, run.run_id, changes)
            st.rerun()


def show_charts(project: str, run_id: str, name: str, *, is_system: bool) -> None:
    """The charts in sight; read again while the run trains."""
    grid = "system_grid" if is_system else "run_grid"
    with errors_shown():
        # Without a prefix they are what was logged alone.
        prefix = SYSTEM_PREFIX if is_system else ""
        listed = client().list_run_keys(project, run_id, prefix=prefix, limit=MAX_KEYS)
        metrics = client().get_run(project, run_id).metrics
        axes = SYSTEM_AXES if is_system else axes_of(metrics)
        keys = list(dict.fromkeys(each.key for each in listed.items))
        ranks = sorted({each.rank for each in listed.items})
        names = {f"{run_id}:{rank}": name if len(ranks) == 1 else f"rank {rank}" for rank in ranks}
        layout = read_layout(project)
        looked = looked_at(grid, keys, axes, layout=layout)

        def drawn(found: list[RunSeries], key: str) -> list[dict[str, Any]]:
            along = axis_of(key, metrics, looked.x)
            return [drawn_series(f"{run_id}:{each.rank}", each, x=along) for each in found]

        points = read_points(project, [run_id], looked, metrics, ranks=max(1, len(ranks)))
        saved = looked.saved and drawn(
            read_saved(project, [run_id], looked.saved, looked.x, ranks=max(1, len(ranks))),
            looked.saved,
        )
        data = grid_data(
            run_id, keys, list(lines_of(names, is_ordered=len(ranks) > 1).values()),
            {key: drawn(found, key) for key, found in points.items()}, looked=looked,
            layout=layout, empty=NOT_MEASURED if is_system else EMPTY, axes=axes, metrics=metrics,
            saved=saved or None,
        )  # fmt: skip
        chart_grid(data, key=grid, project=project)
        if listed.total > len(listed.items):
            st.caption(f"{len(listed.items):,} of {listed.total:,} keys are shown.")


def show_values(run: Run) -> None:
    """What it was started with, and what came of it."""
    left, right = st.columns(2, gap="large")
    with left:
        hint = "No config: weave_core.run(config={'lr': 0.1}) keeps it."
        value_list("Config", run.config, empty=hint, key="config")
    with right:
        value_list("Summary", run.summary, empty="Nothing was logged yet.", key="summary")


run = run_of_address()
every = REFRESH_S if run.state == "running" else None
live(show_head, every_s=every)(run.project, run.run_id)
feedback_strip(
    run.project, [Judged("Run", {"run_id": run.run_id}, run.scores)],
    labels=offered_labels(run.project), key="run_feedback",
)  # fmt: skip
views = [
    "Charts", "Media", "Console", "System", "Files", "Code", "Artifacts", "Calls",
    "Config and summary",
]  # fmt: skip
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    view = st.segmented_control(
        "View", views, key="view", default=views[0], required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    show_actions(run)
if view == "Config and summary":
    show_values(run)
elif view == "Artifacts":
    show_artifacts(run)
elif view == "Calls":
    show_calls(run)
elif view == "Code":
    show_code(run)
elif view == "Media":
    show_media(run)
elif view == "Files":
    show_files_of(run)
elif view == "Console":
    show_console(run)
else:
    live(show_charts, every_s=every)(run.project, run.run_id, run.name, is_system=view == "System")
