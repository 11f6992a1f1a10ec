"""What a page needs to know before it draws: the client, the project, and the links between pages.

The address bar is the state: whatever decides what a page shows is a query parameter, so every
view is a link that a colleague can open.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from weave_core.client import Client
from weave_core.errors import NotFound
from weave_core.model import Project
from weave_core.settings import DEFAULT_ENDPOINT, Settings

__all__ = [
    "ADD_ROWS_PAGE",
    "ALERTS_PAGE",
    "ANNOTATE_PAGE",
    "ARTIFACTS_PAGE",
    "ARTIFACT_PAGE",
    "COMPARE_PAGE",
    "DASHBOARD_PAGE",
    "EVALUATIONS_PAGE",
    "EVALUATION_PAGE",
    "LOGS_PAGE",
    "METRICS_PAGE",
    "MONITORS_PAGE",
    "OBJECTS_PAGE",
    "OBJECT_PAGE",
    "REGISTRY_PAGE",
    "RUNS_COMPARE_PAGE",
    "RUNS_PAGE",
    "RUN_PAGE",
    "SESSIONS_PAGE",
    "SESSION_PAGE",
    "SWEEPS_PAGE",
    "SWEEP_PAGE",
    "TRACES_PAGE",
    "TRACE_PAGE",
    "VERSUS_PAGE",
    "WATCH_PAGE",
    "add_rows_url",
    "alerts_url",
    "annotate_url",
    "artifact_url",
    "artifacts_url",
    "client",
    "compare_url",
    "evaluation_url",
    "evaluations_url",
    "find_project",
    "list_of_runs_url",
    "list_projects",
    "list_url",
    "logs_url",
    "monitors_url",
    "object_url",
    "objects_url",
    "project_of_address",
    "registry_url",
    "run_url",
    "runs_compare_url",
    "runs_url",
    "session_url",
    "sessions_url",
    "sweep_url",
    "sweeps_url",
    "trace_url",
    "traces_url",
    "versus_url",
    "watch_url",
]

_PAGES: Final = Path(__file__).parent / "pages"
TRACES_PAGE: Final = _PAGES / "traces.py"
TRACE_PAGE: Final = _PAGES / "trace.py"
SESSIONS_PAGE: Final = _PAGES / "sessions.py"
SESSION_PAGE: Final = _PAGES / "session.py"
SWEEPS_PAGE: Final = _PAGES / "sweeps.py"
SWEEP_PAGE: Final = _PAGES / "sweep.py"
DASHBOARD_PAGE: Final = _PAGES / "dashboard.py"
MONITORS_PAGE: Final = _PAGES / "monitors.py"
WATCH_PAGE: Final = _PAGES / "watch.py"
ALERTS_PAGE: Final = _PAGES / "alerts.py"
METRICS_PAGE: Final = _PAGES / "metrics.py"
LOGS_PAGE: Final = _PAGES / "logs.py"
COMPARE_PAGE: Final = _PAGES / "compare.py"
EVALUATIONS_PAGE: Final = _PAGES / "evaluations.py"
EVALUATION_PAGE: Final = _PAGES / "evaluation.py"
VERSUS_PAGE: Final = _PAGES / "versus.py"
ARTIFACTS_PAGE: Final = _PAGES / "artifacts.py"
REGISTRY_PAGE: Final = _PAGES / "registry.py"
ARTIFACT_PAGE: Final = _PAGES / "artifact.py"
OBJECTS_PAGE: Final = _PAGES / "objects.py"
OBJECT_PAGE: Final = _PAGES / "object.py"
ANNOTATE_PAGE: Final = _PAGES / "annotate.py"
ADD_ROWS_PAGE: Final = _PAGES / "add_rows.py"
RUNS_PAGE: Final = _PAGES / "runs.py"
RUN_PAGE: Final = _PAGES / "run.py"
RUNS_COMPARE_PAGE: Final = _PAGES / "runs_compare.py"
_PROJECTS_TTL_S = 5


def client() -> Client:
    """The reader of the server that this app was started for."""
    settings = Settings.from_env()
    return _client(settings.endpoint or DEFAULT_ENDPOINT, settings.api_key)


def list_projects() -> list[Project]:
    """All projects, last used first; at most a few seconds old."""
    settings = Settings.from_env()
    return _projects(settings.endpoint or DEFAULT_ENDPOINT, client())


def find_project(projects: list[Project], wanted: str | None) -> str | None:
    """The project to open: the one wanted, else the one of the settings, else the last used.

    A wanted project is taken as it is, stored or not: the server's answer about it is better than
    a page that silently shows another project.
    """
    if wanted:
        return wanted
    names = [project.name for project in projects]
    default = Settings.from_env().project
    if default in names:
        return default
    return names[0] if names else None


def project_of_address() -> str:
    """The project that the address names, else the one that every page opens with.

    Raises:
        NotFound: If it names none and there is none.
    """
    project = st.query_params.get("project") or find_project(list_projects(), None)
    if project is None:
        raise NotFound("the address names no project, and there is none yet")
    return project


def traces_url(**query: str | None) -> str:
    """Address of the list of traces, relative to the app."""
    return "./?" + urlencode({key: value for key, value in query.items() if value})


def trace_url(project: str, trace_id: str, span_id: str | None = None) -> str:
    """Address of one trace, and of one span in it, relative to the app."""
    query = {"project": project, "trace": trace_id} | ({"span": span_id} if span_id else {})
    return "./trace?" + urlencode(query)


def compare_url(project: str, first: str, second: str | None = None) -> str:
    """Address of two traces side by side; without the second, of the choice of it."""
    query = {"project": project, "a": first} | ({"b": second} if second else {})
    return "./compare?" + urlencode(query)


def logs_url(project: str, trace_id: str, span_id: str | None = None) -> str:
    """Address of the log records of one trace, or of one span in it."""
    query = {"project": project, "trace": trace_id} | ({"span": span_id} if span_id else {})
    return "./logs?" + urlencode(query)


def sessions_url(project: str, **query: str) -> str:
    """Address of the list of sessions."""
    return "./sessions?" + urlencode({"project": project} | query)


def list_url(project: str) -> str:
    """Address of the list of traces as this browser session last saw it."""
    query: dict[str, str] = st.session_state.get("list_query", {})
    return traces_url(**(query if query.get("project") == project else {"project": project}))


def session_url(project: str, session_id: str) -> str:
    """Address of one conversation."""
    return "./session?" + urlencode({"project": project, "session": session_id})


def evaluations_url(project: str, **query: str) -> str:
    """Address of the list of evaluations."""
    return "./evaluations?" + urlencode({"project": project} | query)


def evaluation_url(project: str, evaluation_id: str) -> str:
    """Address of one evaluation."""
    return "./evaluation?" + urlencode({"project": project, "evaluation": evaluation_id})


def versus_url(project: str, ids: Sequence[str]) -> str:
    """Address of evaluations side by side, the first of which the others are held against."""
    return "./versus?" + urlencode({"project": project, "ids": ",".join(ids)}, safe=",")


def objects_url(project: str, **query: str) -> str:
    """Address of the list of objects."""
    return "./objects?" + urlencode({"project": project} | query)


def object_url(
    project: str, kind: str, name: str, version: int | str | None = None, **query: str
) -> str:
    """Address of one object, and of one version of it."""
    named = {"project": project, "object": f"{kind}/{name}"}
    named |= {"version": str(version)} if version else {}
    return "./object?" + urlencode(named | query, safe="/")


def artifacts_url(project: str, **query: str) -> str:
    """Address of the list of artifacts."""
    return "./artifacts?" + urlencode({"project": project} | query)


def artifact_url(project: str, name: str, version: int | str | None = None, **query: str) -> str:
    """Address of one artifact, and of one version of it."""
    named = {"project": project, "artifact": name}
    named |= {} if version is None else {"version": str(version)}
    return "./artifact?" + urlencode(named | query, safe="/")


def registry_url(name: str | None = None, version: int | None = None) -> str:
    """Address of the registry, of one name in it, and of one of its versions."""
    named = {} if name is None else {"name": name}
    named |= {} if version is None else {"version": f"v{version}"}
    return "./registry" + (f"?{urlencode(named)}" if named else "")


def add_rows_url(project: str, **query: str) -> str:
    """Address of the page that makes rows of a dataset out of spans."""
    return "./add_rows?" + urlencode({"project": project} | query)


def annotate_url(project: str, **query: str) -> str:
    """Address of the queues that people review, and of one of them."""
    return "./annotate?" + urlencode({"project": project} | query)


def runs_url(project: str, **query: str) -> str:
    """Address of the list of runs."""
    return "./runs?" + urlencode({"project": project} | query)


def list_of_runs_url(project: str) -> str:
    """Address of the list of runs as this browser session last saw it: filter, order, columns."""
    query: dict[str, str] = dict(st.session_state.get("runs_query", {}))
    is_same = query.pop("project", None) == project
    return runs_url(project, **(query if is_same else {}))


def run_url(project: str, run_id: str, **query: str) -> str:
    """Address of one run."""
    return "./run?" + urlencode({"project": project, "run": run_id} | query)


def runs_compare_url(project: str, ids: Sequence[str]) -> str:
    """Address of runs over each other."""
    return "./runs_compare?" + urlencode({"project": project, "ids": ",".join(ids)}, safe=",")


def sweeps_url(project: str, **query: str) -> str:
    """Address of the list of sweeps."""
    return "./sweeps?" + urlencode({"project": project} | query)


def sweep_url(project: str, sweep_id: str, **query: str) -> str:
    """Address of one sweep."""
    return "./sweep?" + urlencode({"project": project, "sweep": sweep_id} | query)


def monitors_url(project: str) -> str:
    """Address of the list of monitors."""
    return "./monitors?" + urlencode({"project": project})


def watch_url(project: str, monitor: str, **query: str) -> str:
    """Address of one monitor."""
    return "./watch?" + urlencode({"project": project, "monitor": monitor} | query)


def alerts_url(project: str, **query: str) -> str:
    """Address of the alerts of a project, and of one of them."""
    return "./alerts?" + urlencode({"project": project} | query)


@st.cache_resource(show_spinner=False, max_entries=8, on_release=Client.close)
def _client(endpoint: str, api_key: str | None) -> Client:
    return Client(endpoint, api_key=api_key)


@st.cache_data(ttl=_PROJECTS_TTL_S, max_entries=8, show_spinner=False)
def _projects(endpoint: str, _reader: Client) -> list[Project]:  # noqa: ARG001  # Part of the cache's key.
    return _reader.list_projects()
