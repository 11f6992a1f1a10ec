"""One run: its charts, live while it trains, and what it was started with."""

from typing import Final, Literal

import streamlit as st

from weave_core.app import formats, run_charts
from weave_core.app.frame import errors_shown
from weave_core.app.state import client, project_of_address, runs_url
from weave_core.errors import NotFound
from weave_core.model import Run, RunChanges, RunState

POINTS = 600
"""Of a line; a chart is about as many pixels wide."""
CHARTS_A_ROW = 3
MAX_CHARTS = 60
"""Charts of one page, the first keys by name; a filter shows others."""
REFRESH_S = 3.0
COLORS: Final[dict[RunState, Literal["blue", "green", "red", "orange"]]] = {
    "running": "blue",
    "finished": "green",
    "failed": "red",
    "crashed": "red",
    "killed": "orange",
}


def run_of_address() -> Run:
    """The run that the address names."""
    run_id = st.query_params.get("run")
    if not run_id:
        raise NotFound("the address names no run", "open one from the list of runs")
    return client().get_run(project_of_address(), run_id)


def show_head(run: Run) -> None:
    """What it is and how it stands."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("Runs", runs_url(run.project), icon=":material/arrow_back:", type="tertiary")
        st.text(run.name)
        st.badge(run.state, color=COLORS[run.state])
        st.caption(f"{formats.duration(run.duration_ms)}, step {run.last_step}")
        if run.state == "running":
            if run.stop_requested:
                st.caption("asked to stop")
            elif st.button("Stop", icon=":material/stop_circle:"):
                client().change_run(run.project, run.run_id, RunChanges(stop=True))
                st.rerun()
    if run.error:
        st.text(run.error)
    if run.problems:
        with st.expander(f"{len(run.problems)} things were left out", icon=":material/warning:"):
            for key, problem in run.problems.items():
                st.text(f"{key}: {problem}")


def show_charts(project: str, run_id: str, *, x: str, is_log: bool, wanted: str) -> None:
    """One chart a key, by section; read again while the run trains."""
    with errors_shown():
        listed = client().list_run_keys(project, run_id)
        keys = list(dict.fromkeys(each.key for each in listed.items if wanted in each.key))
        if not keys:
            st.caption("Nothing was logged yet." if not wanted else "No key is called like that.")
            return
        shown = keys[:MAX_CHARTS]
        axis = "" if x == "step" else x
        history = client().read_run_history(project, [run_id], shown, points=POINTS, x=axis)
        for section, names in run_charts.sections_of(shown).items():
            if section:
                st.caption(section)
            for start in range(0, len(names), CHARTS_A_ROW):
                columns = st.columns(CHARTS_A_ROW)
                for column, key in zip(columns, names[start : start + CHARTS_A_ROW], strict=False):
                    series = [each for each in history.series if each.key == key]
                    chart = run_charts.metric_chart(key, series, names={}, x=x, is_log=is_log)
                    column.echarts_chart(
                        chart, height=230, alt=f"{key} by {x}", key=f"chart_{key}_{x}"
                    )
        if len(keys) > len(shown):
            st.caption(f"{len(shown)} of {len(keys):,} keys; narrow them by a part of the name.")


run = run_of_address()
show_head(run)
charts_tab, config_tab = st.tabs(["Charts", "Config and summary"])
with charts_tab:
    with st.container(horizontal=True, vertical_alignment="center"):
        x = st.segmented_control(
            "x", list(run_charts.AXES), key="x", default="step", required=True,
            bind="query-params", label_visibility="collapsed",
        )  # fmt: skip
        is_log = st.toggle("log", key="log", bind="query-params")
        wanted = st.text_input(
            "Keys", key="keys", bind="query-params", max_chars=200, placeholder="Part of a name",
            icon=":material/filter_alt:", label_visibility="collapsed", width=260,
        )  # fmt: skip
    st.fragment(show_charts, run_every=REFRESH_S if run.state == "running" else None)(
        run.project, run.run_id, x=x or "step", is_log=is_log, wanted=wanted or ""
    )
with config_tab:
    left, right = st.columns(2)
    with left:
        st.caption("Config")
        st.json(run.config)
    with right:
        st.caption("Summary")
        st.json(run.summary)
    if run.notes:
        st.text(run.notes)
