"""Monitors: which scorers watch live traces, how far they are, and what they take."""

import orjson
import streamlit as st
from pydantic import ValidationError

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.formats import percent
from weave_core.app.frame import errors_shown, go_to, show_error, show_filter_error
from weave_core.app.project_picker import pick_project
from weave_core.app.state import client, watch_url
from weave_core.app.watch_words import budget_words, coverage_words, state_of_monitor
from weave_core.errors import BadRequest, ConfigError
from weave_core.model import Monitor, NewMonitor

REFRESH_S = 5.0
COLUMNS = [
    ("Monitor", "minmax(110px, 1fr)", ".cut"),
    ("State", "84px", ""),
    ("Watches", "minmax(110px, 1.6fr)", ".cut"),
    ("Share", "54px", ".num"),
    ("Scorers", "minmax(110px, 1.4fr)", ".cut"),
    ("Scored", "64px", ".num"),
    ("Failed", "54px", ".num"),
    ("Waiting", "60px", ".num"),
    ("Last hour", "minmax(110px, 1fr)", ".cut"),
]
EMPTY = "No monitor yet. Make one above, or on the command line: weave-core monitor create."
EXAMPLE = '[{"scorer": "NoPersonalData"}]'


def show_list(project: str) -> None:
    """The monitors by name, read again while they are looked at."""
    with errors_shown():
        monitors = client().list_monitors(project)
        rows = table_rows(
            "Monitors", COLUMNS, [monitor_row(each) for each in monitors], empty=EMPTY
        )
        figure_table(rows, key="monitor_list")


def monitor_row(monitor: Monitor) -> Row:
    """One monitor; a click opens it."""
    scorers = ", ".join(each.scorer for each in monitor.scorers)
    failed: Cell = {"text": f"{monitor.failed:,}", "bad": monitor.failed > 0}
    cells: list[Cell] = [
        {"text": monitor.name, "title": f"{monitor.name}, version {monitor.version}"},
        state_of_monitor(monitor),
        {"text": monitor.filter, "title": monitor.filter},
        percent(monitor.sample_rate),
        {"text": scorers, "title": scorers},
        {"text": f"{monitor.scored:,}", "title": coverage_words(monitor)},
        failed,
        f"{monitor.waiting:,}",
        budget_words(monitor),
    ]
    return Row(cells, url=watch_url(monitor.project, monitor.name), id=monitor.name)


def make_monitor(project: str) -> None:
    """The form that makes one."""
    with st.form("new_monitor", border=False):
        name = st.text_input("Name", placeholder="no-secrets")
        scorers = st.text_area(
            "Scorers, as JSON", value=EXAMPLE, height=90,
            help="Built-in ones by name, your own as module:name; each may have params.",
        )  # fmt: skip
        where = st.text_input("Filter of spans", value="is_root")
        rate = st.number_input("Share of the traces", 0.0001, 1.0, 1.0, format="%.4f")
        calls = st.number_input("Most calls of scorers an hour; 0: no bound", 0, step=100)
        usd = st.number_input("Most USD an hour; 0: no bound", 0.0, step=0.5)
        if not st.form_submit_button("Make it", type="primary"):
            return
    budget = {"calls_per_hour": calls or None, "usd_per_hour": usd or None}
    try:
        given = {"name": name, "scorers": orjson.loads(scorers), "filter": where}
        monitor = NewMonitor.model_validate({**given, "sample_rate": rate, "budget": budget})
    except orjson.JSONDecodeError as error:
        show_error(ConfigError(f"the scorers are no JSON: {error}", f"write them like {EXAMPLE}"))
        return
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        show_error(ConfigError(f"{place}: {problem['msg']}", "mend it and try again"))
        return
    try:
        client().add_monitor(project, monitor)
    except BadRequest as error:
        show_filter_error(where, error)
        return
    go_to(watch_url(project, monitor.name))


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project()
    if project is not None:
        with st.popover("New monitor", icon=":material/add:"):
            make_monitor(project)
if project is not None:
    st.fragment(show_list, run_every=REFRESH_S)(project)
