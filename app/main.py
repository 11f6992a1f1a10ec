"""The frame around every page: title, navigation, and the one place that shows an error."""

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from weave_core.app.frame import asset, dress, errors_shown
from weave_core.app.state import (
    ADD_ROWS_PAGE,
    ALERTS_PAGE,
    ANNOTATE_PAGE,
    ARTIFACT_PAGE,
    ARTIFACTS_PAGE,
    COMPARE_PAGE,
    DASHBOARD_PAGE,
    EVALUATION_PAGE,
    EVALUATIONS_PAGE,
    LOGS_PAGE,
    METRICS_PAGE,
    MONITORS_PAGE,
    OBJECT_PAGE,
    OBJECTS_PAGE,
    REGISTRY_PAGE,
    RUN_PAGE,
    RUNS_COMPARE_PAGE,
    RUNS_PAGE,
    SESSION_PAGE,
    SESSIONS_PAGE,
    SWEEP_PAGE,
    SWEEPS_PAGE,
    TRACE_PAGE,
    TRACES_PAGE,
    VERSUS_PAGE,
    WATCH_PAGE,
)

__all__ = ["draw"]


def draw() -> None:
    """Draw the frame and, in it, the page that the address names."""
    # A Material name as page icon would be fetched from Google by each browser.
    st.set_page_config(page_title="weave-core", page_icon=asset("icon.svg"), layout="wide")
    dress()
    page = st.navigation([*_listed(), *_unlisted()], position="top")
    if page.url_path != "trace":
        # Whoever comes back to a trace arrives anew: its component has forgotten what it showed.
        st.session_state.pop("shown_span", None)
    with errors_shown():
        page.run()


def _listed() -> list[StreamlitPage]:
    """Pages that stand in the menu."""
    return [
        st.Page(TRACES_PAGE, title="Traces", icon=":material/account_tree:", default=True),
        st.Page(SESSIONS_PAGE, title="Sessions", icon=":material/forum:", url_path="sessions"),
        st.Page(
            DASHBOARD_PAGE, title="Dashboard", icon=":material/monitoring:", url_path="dashboard"
        ),
        st.Page(
            MONITORS_PAGE,
            title="Monitors",
            icon=":material/visibility:",
            url_path="monitors",
        ),
        st.Page(ALERTS_PAGE, title="Alerts", icon=":material/notifications:", url_path="alerts"),
        st.Page(METRICS_PAGE, title="Metrics", icon=":material/speed:", url_path="metrics"),
        st.Page(LOGS_PAGE, title="Logs", icon=":material/notes:", url_path="logs"),
        st.Page(
            EVALUATIONS_PAGE,
            title="Evaluations",
            icon=":material/fact_check:",
            url_path="evaluations",
        ),
        st.Page(
            ANNOTATE_PAGE, title="Annotate", icon=":material/rate_review:", url_path="annotate"
        ),
        st.Page(OBJECTS_PAGE, title="Objects", icon=":material/inventory_2:", url_path="objects"),
        st.Page(
            ARTIFACTS_PAGE,
            title="Artifacts",
            icon=":material/folder_copy:",
            url_path="artifacts",
        ),
        st.Page(RUNS_PAGE, title="Runs", icon=":material/show_chart:", url_path="runs"),
        st.Page(SWEEPS_PAGE, title="Sweeps", icon=":material/tune:", url_path="sweeps"),
    ]


def _unlisted() -> list[StreamlitPage]:
    """Pages that others lead to."""
    return [
        st.Page(WATCH_PAGE, title="Monitor's scores", url_path="watch", visibility="hidden"),
        st.Page(ARTIFACT_PAGE, title="Artifact", url_path="artifact", visibility="hidden"),
        st.Page(REGISTRY_PAGE, title="Registry", url_path="registry", visibility="hidden"),
        st.Page(SWEEP_PAGE, title="Sweep", url_path="sweep", visibility="hidden"),
        st.Page(RUN_PAGE, title="Run", url_path="run", visibility="hidden"),
        st.Page(
            RUNS_COMPARE_PAGE,
            title="Compare runs",
            url_path="runs_compare",
            visibility="hidden",
        ),
        st.Page(TRACE_PAGE, title="Trace", url_path="trace", visibility="hidden"),
        st.Page(SESSION_PAGE, title="Session", url_path="session", visibility="hidden"),
        st.Page(COMPARE_PAGE, title="Compare", url_path="compare", visibility="hidden"),
        st.Page(EVALUATION_PAGE, title="Evaluation", url_path="evaluation", visibility="hidden"),
        st.Page(OBJECT_PAGE, title="Object", url_path="object", visibility="hidden"),
        st.Page(ADD_ROWS_PAGE, title="Add to dataset", url_path="add_rows", visibility="hidden"),
        st.Page(VERSUS_PAGE, title="Compare evaluations", url_path="versus", visibility="hidden"),
    ]


if __name__ == "__main__":  # As Streamlit's own test runner starts a script.
    draw()
