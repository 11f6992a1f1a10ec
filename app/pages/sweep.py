"""One sweep: the best so far, what its parameters have to do with it, and every trial."""

import streamlit as st

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.components.pulse import live
from weave_core.app.components.run_relations import relation_data, run_relations
from weave_core.app.components.sweep_header import sweep_header, sweep_header_content
from weave_core.app.components.value_list import value_list, value_text
from weave_core.app.frame import errors_shown
from weave_core.app.run_views.groups import draw_importances
from weave_core.app.state import client, project_of_address, run_url
from weave_core.app.sweep_cells import as_run, state_cell
from weave_core.app.sweep_charts import result_chart
from weave_core.errors import NotFound
from weave_core.flat_keys import flattened
from weave_core.model import Sweep, SweepChanges, SweepState, SweepTrial
from weave_core.statistics.importances import importances

REFRESH_S = 3.0
MAX_DRAWN = 500
"""Trials in the drawing of relations, the newest."""
MAX_ROWS = 500
"""Trials in the table, the newest."""
MAX_COLUMNS = 8
"""Parameters that have a column in the table."""
VIEWS = ["Results", "Relations", "Importance", "Config"]
MOVES: dict[str, list[tuple[str, str, SweepState, str]]] = {
    "running": [
        ("Pause", ":material/pause:", "paused", "No more trials until it is resumed."),
        ("Stop", ":material/stop:", "finished", "No more trials; those that run go on."),
        ("Cancel", ":material/cancel:", "cancelled", "No more trials, and those that run stop."),
    ],
    "paused": [
        ("Resume", ":material/play_arrow:", "running", "Hand out trials again."),
        ("Stop", ":material/stop:", "finished", "No more trials; those that run go on."),
        ("Cancel", ":material/cancel:", "cancelled", "No more trials, and those that run stop."),
    ],
    "finished": [("Resume", ":material/play_arrow:", "running", "Hand out trials again.")],
    "cancelled": [("Resume", ":material/play_arrow:", "running", "Hand out trials again.")],
}
NO_TRIAL = (
    "No trial yet. An agent tries what the sweep suggests: `weave_core.agent({id!r}, train)`."
)


def sweep_of_address() -> tuple[str, str]:
    """Project and id that the address names.

    Raises:
        NotFound: If it names none.
    """
    sweep_id = st.query_params.get("sweep")
    if not sweep_id:
        raise NotFound("the address names no sweep", "open one from the list of sweeps")
    return project_of_address(), sweep_id


def show_head(project: str, sweep_id: str) -> None:
    """Its name, how far it is, and its best trial."""
    with errors_shown():
        sweep = client().get_sweep(project, sweep_id)
        sweep_header(sweep_header_content(sweep), key="sweep_header")
        if sweep.state != st.session_state.get("sweep_state", sweep.state):
            st.session_state["sweep_state"] = sweep.state
            st.rerun()  # What can be done with it is another thing now.
        st.session_state["sweep_state"] = sweep.state


def show_moves(sweep: Sweep) -> None:
    """What can be done with it."""
    with st.container(horizontal=True, width="content"):
        for word, icon, state, told in MOVES[sweep.state]:
            if st.button(word, icon=icon, help=told, key=f"move_{state}"):
                client().change_sweep(sweep.project, sweep.sweep_id, SweepChanges(state=state))
                st.rerun()


def show_body(project: str, sweep_id: str, view: str) -> None:
    """What the chosen view shows, read again while the sweep runs."""
    with errors_shown():
        sweep = client().get_sweep(project, sweep_id)
        if view == "Config":
            value_list("Config", sweep.config, empty="It has none.", key="sweep_config")
            return
        trials = client().list_trials(project, sweep_id)
        if not trials:
            st.markdown(NO_TRIAL.format(id=sweep_id))
        elif view == "Relations":
            show_relations(sweep, trials)
        elif view == "Importance":
            show_importance(trials)
        else:
            show_results(sweep, trials)


def show_results(sweep: Sweep, trials: list[SweepTrial]) -> None:
    """The results over time, and all trials."""
    if sweep.metric is not None:
        st.echarts_chart(
            result_chart(sweep, trials), height=280, alt="Results by trial", key="sweep_results"
        )
    figure_table(trial_table(sweep, trials[:MAX_ROWS]), key="trials")
    if len(trials) > MAX_ROWS:
        st.caption(f"The newest {MAX_ROWS:,} of {len(trials):,} trials.")


def trial_table(sweep: Sweep, trials: list[SweepTrial]) -> bytes:
    """A row a trial; a click opens its run."""
    configs = [dict(flattened(trial.params)) for trial in trials]
    names = list(dict.fromkeys(name for config in configs for name in config))[:MAX_COLUMNS]
    columns = [
        ("Trial", "64px", ".num"),
        ("State", "96px", ""),
        (sweep.metric or "Result", "110px", ".num"),
        *((name, "minmax(84px, 1fr)", ".num.cut") for name in names),
        ("", "minmax(120px, 1.6fr)", ".cut"),
        ("Began", "100px", ".num"),
    ]
    best = None if sweep.best is None else sweep.best.number
    rows = []
    for trial, config in zip(trials, configs, strict=True):
        why = trial.error or trial.reason or ""
        value = "-" if trial.value is None else f"{trial.value:.5g}"
        again = f"attempt {trial.attempts}" if trial.attempts > 1 else ""
        cells: list[Cell] = [
            f"{trial.number}",
            state_cell(trial.state, trial.error or trial.reason),
            value,
            *(parameter_cell(config.get(name)) for name in names),
            {"text": why or again, "title": why or again, "dim": True},
            {"ago": trial.started_ns / 1e6} if trial.started_ns else "",
        ]
        url = run_url(sweep.project, trial.run_id) if trial.run_id else None
        rows.append(Row(cells, url=url, is_on=trial.number == best, id=str(trial.number)))
    return table_rows("Trials", columns, rows, is_sortable=True)


def parameter_cell(value: object) -> Cell:
    """A value of a parameter, in few digits; all of them where a pointer rests on it."""
    if value is None:
        return {"text": "-", "dim": True, "title": "not there in this trial"}
    short = f"{value:.4g}" if isinstance(value, float) else value_text(value)
    return {"text": short, "title": value_text(value)}


def show_relations(sweep: Sweep, trials: list[SweepTrial]) -> None:
    """Which parameters go with which result."""
    runs = [as_run(sweep, each) for each in trials if each.value is not None][:MAX_DRAWN]
    run_relations(relation_data(runs), key="sweep_relations")


def show_importance(trials: list[SweepTrial]) -> None:
    """How much each parameter goes with the result."""
    configs = [dict(flattened(trial.params)) for trial in trials]
    draw_importances(importances(configs, [trial.value for trial in trials]), key="importance")


project, sweep_id = sweep_of_address()
found = client().get_sweep(project, sweep_id)
every = REFRESH_S if found.state in {"running", "paused"} else None
live(show_head, every_s=every)(project, sweep_id)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    view = st.segmented_control(
        "View", VIEWS, key="view", default=VIEWS[0], required=True, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    show_moves(found)
live(show_body, every_s=every)(project, sweep_id, view or VIEWS[0])
