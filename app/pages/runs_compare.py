"""Runs over each other: their lines, the means of their groups, and in what they differ."""

from typing import Any

import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.pulse import live
from weave_core.app.components.run_relations import relation_data, run_relations
from weave_core.app.components.value_list import differing, value_text
from weave_core.app.key_order import telling_first
from weave_core.app.run_views.code_differences import show_code_differences
from weave_core.app.run_views.lines import pick_lines, show_lines
from weave_core.app.run_views.media import show_media
from weave_core.app.state import client, list_of_runs_url, project_of_address
from weave_core.errors import BadRequest
from weave_core.flat_keys import flattened
from weave_core.model import Run

MAX_COMPARED = 100
"""Runs that are picked one by one and compared; more are compared by a filter."""
REFRESH_S = 5.0
VIEWS = ["Charts", "Media", "Differences", "Code", "Relations"]


def runs_of_address(project: str) -> list[Run]:
    """The runs that the address names, in its order.

    Raises:
        BadRequest: If it names fewer than two, or too many.
    """
    ids = list(dict.fromkeys(each for each in st.query_params.get("ids", "").split(",") if each))
    if not 1 < len(ids) <= MAX_COMPARED:
        raise BadRequest(
            f"the address names {len(ids)} runs, and 2 to {MAX_COMPARED} can be compared",
            "pick them in the list of runs and press Compare",
        )
    return [client().get_run(project, each) for each in ids]


def show_differences(runs: list[Run]) -> None:
    """Config values that are not the same in all, and what came of them."""
    configs = [dict(flattened(run.config)) for run in runs]
    names = differing([run.config for run in runs])
    same = len({name for each in configs for name in each}) - len(names)
    columns = [
        ("", "minmax(120px, 1.4fr)", ".cut"),
        *((run.name, "minmax(84px, 1fr)", ".num.cut") for run in runs),
    ]
    st.caption(f"{len(names)} config values differ; {same} are the same in all.")
    rows = [Row([name, *(cell(each.get(name)) for each in configs)]) for name in names]
    empty = "They were all started with the same config."
    figure_table(table_rows("Config", columns, rows, empty=empty), key="config_differences")
    st.caption("What came of it")
    keys = telling_first(sorted({key for run in runs for key in run.summary}))
    results = [Row([key, *(cell(run.summary.get(key)) for run in runs)]) for key in keys]
    empty = "None of them has logged anything yet."
    figure_table(table_rows("Summary", columns, results, empty=empty), key="result_differences")


def cell(value: Any) -> Cell:
    """A value as a cell; a missing one is said to be missing."""
    if value is None:
        return {"text": "-", "dim": True, "title": "not there"}
    text = value_text(value)
    return {"text": text, "title": text}


project = project_of_address()
runs = runs_of_address(project)
with st.container(horizontal=True, vertical_alignment="center"):
    st.link_button("Runs", list_of_runs_url(project), icon=":material/arrow_back:", type="tertiary")
    view = st.segmented_control(
        "View", VIEWS, key="view", default=VIEWS[0], required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    if view == "Charts":
        by = pick_lines(runs)
if view == "Differences":
    show_differences(runs)
elif view == "Code":
    show_code_differences(runs)
elif view == "Media":
    show_media(*runs)
elif view == "Relations":
    run_relations(relation_data(runs), key="run_relations")
else:
    is_moving = any(run.state == "running" for run in runs)
    live(show_lines, every_s=REFRESH_S if is_moving else None)(runs, by=by)
