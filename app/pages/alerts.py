"""Alerts: how each stands, what was measured, and the history with who was told."""

import time

import streamlit as st
from pydantic import ValidationError

from weave_core.app.components.figure_table import Cell, Row, figure_table, table_rows
from weave_core.app.frame import errors_shown, go_to, show_error, show_filter_error
from weave_core.app.project_picker import pick_project
from weave_core.app.state import alerts_url, client, runs_url, traces_url, watch_url
from weave_core.app.watch_words import delivery_words, evidence_filter, rule_words, state_of_alert
from weave_core.errors import BadRequest, ConfigError
from weave_core.model import (
    ALERT_MEASURES,
    Alert,
    AlertChanges,
    AlertEvent,
    NewAlert,
)

REFRESH_S = 5.0
MAX_SHOWN_EVENTS = 100
"""Events in the history of a page, the newest."""
HOUR_S = 3_600
COLUMNS = [
    ("Alert", "minmax(120px, 1fr)", ".cut"),
    ("State", "110px", ""),
    ("Rule", "minmax(200px, 2fr)", ".cut"),
    ("Measured", "minmax(200px, 2.4fr)", ".cut"),
    ("Looked at", "100px", ".num"),
]
EMPTY = "No alert yet. Make one above, or on the command line: weave-core alert create."


def show_list(project: str, name: str | None) -> None:
    """The alerts, those that fire first, and the history; read again while they are looked at."""
    with errors_shown():
        alerts = sorted(client().list_alerts(project), key=lambda each: each.state != "firing")
        rows = [alert_row(each, is_on=each.name == name) for each in alerts]
        figure_table(table_rows("Alerts", COLUMNS, rows, empty=EMPTY), key="alert_list")
        chosen = next((each for each in alerts if each.name == name), None)
        if chosen is not None:
            show_one(chosen)
        if alerts:
            show_history(project, name)


def alert_row(alert: Alert, *, is_on: bool) -> Row:
    """One alert; a click shows it alone."""
    said = alert.problem or (alert.last.text if alert.last else "not measured: does a worker run?")
    rule = rule_words(alert)
    cells: list[Cell] = [
        {"text": alert.name, "title": f"{alert.name}, version {alert.version}"},
        state_of_alert(alert, time.time_ns()),
        {"text": rule, "title": rule},
        {"text": said, "title": said},
        {"ago": alert.last.at_ns / 1e6} if alert.last else "",
    ]
    url = alerts_url(alert.project) if is_on else alerts_url(alert.project, alert=alert.name)
    return Row(cells, url=url, is_on=is_on, id=alert.name)


def show_one(alert: Alert) -> None:
    """Who is told, and what can be done."""
    project, name = alert.project, alert.name
    to = ", ".join(f"{each.kind} {each.to}" for each in alert.channels) or "nobody: only this page"
    st.text(f"{name} tells {to}" + (f"\n{alert.note}" if alert.note else ""))
    is_muted = alert.muted_until_ns is not None and alert.muted_until_ns > time.time_ns()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("See what it is of", seen_url(alert), icon=":material/search:")
        word, icon = ("Unmute", "notifications") if is_muted else ("Mute an hour", "volume_off")
        if st.button(word, icon=f":material/{icon}:", key="mute"):
            changes = AlertChanges(mute_s=0 if is_muted else HOUR_S)
            client().change_alert(project, name, changes)
            st.rerun()
        word, icon = ("Resume", "play_arrow") if alert.is_paused else ("Pause", "pause")
        if st.button(word, icon=f":material/{icon}:", key="pause"):
            client().change_alert(project, name, AlertChanges(is_paused=not alert.is_paused))
            st.rerun()
        if alert.channels and st.button("Send a test", icon=":material/send:", key="test"):
            client().test_alert(project, name)
            st.rerun()
        told = f"Send {alert.dead_count} again"
        if alert.dead_count and st.button(told, icon=":material/replay:", key="retry"):
            client().retry_alert(project, name)
            st.rerun()
        with st.popover("Delete", icon=":material/delete:"):
            st.text("Its history goes with it; versions of its rule stay.")
            if st.button("Delete it for good", key="delete"):
                client().delete_alert(project, name)
                go_to(alerts_url(project))


def seen_url(alert: Alert) -> str:
    """Where what it speaks of can be looked at."""
    if alert.monitor is not None:
        view = "Errors" if alert.measure == "score_errors" else "Worst"
        return watch_url(alert.project, alert.monitor, view=view)
    if alert.measure == "runs":
        return runs_url(alert.project, **({"filter": alert.filter} if alert.filter else {}))
    if alert.measure == "feedback":
        name = (alert.score or "").replace("'", "''")
        return traces_url(project=alert.project, filter=f"feedback['{name}'] is not null")
    order = "-duration_ms" if alert.measure.startswith("latency") else None
    return traces_url(project=alert.project, filter=evidence_filter(alert), order=order)


def show_history(project: str, name: str | None) -> None:
    """What became of them, newest first."""
    columns = [
        ("When", "100px", ".num"),
        ("Alert", "minmax(120px, 1fr)", ".cut"),
        ("State", "120px", ""),
        ("Measured", "minmax(200px, 2.4fr)", ".cut"),
        ("Told", "minmax(160px, 2fr)", ".cut"),
    ]
    events = client().list_alert_events(project, name)[:MAX_SHOWN_EVENTS]
    rows = [event_row(each) for each in events]
    empty = "Nothing has happened yet."
    figure_table(table_rows("History", columns, rows, empty=empty), key="alert_history")


def event_row(event: AlertEvent) -> Row:
    """One change of a state, or a reminder."""
    state = "still firing" if event.is_reminder else str(event.state)
    state = "a test" if event.is_test else state
    told = delivery_words(event)
    is_lost = any(each.state == "dead" for each in event.deliveries)
    cells: list[Cell] = [
        {"ago": event.at_ns / 1e6},
        event.alert,
        {"text": state, "bad": event.state == "firing" and not event.is_test},
        {"text": event.measurement.text, "title": event.measurement.text},
        {"text": told, "title": told, "bad": is_lost},
    ]
    return Row(cells, id=event.event_id)


def make_alert(project: str) -> None:
    """The form that makes one."""
    with st.form("new_alert", border=False):
        name = st.text_input("Name", placeholder="failures")
        measure = st.selectbox(
            "Measure", list(ALERT_MEASURES), index=1,
            format_func=lambda key: f"{key}: {ALERT_MEASURES[key]}",
        )  # fmt: skip
        condition = st.selectbox("Condition", ["above", "below", "rises", "falls"])
        threshold = st.number_input("Threshold", value=0.05, format="%.4f")
        window = st.number_input("Window, minutes", 1, value=15)
        hold = st.number_input("Has to hold for, minutes", 0, value=5)
        where = st.text_input("Filter", placeholder="environment = 'prod'")
        monitor = st.text_input("Monitor, of score", placeholder="no-secrets")
        score = st.text_input(
            "Which of its scores, or which feedback", placeholder="no_personal_data"
        )
        kind = st.selectbox("Tell", ["nobody", "webhook", "slack", "email"])
        to = st.text_input("Address", placeholder="env:WEAVE_CORE_ALERT_SLACK")
        if not st.form_submit_button("Make it", type="primary"):
            return
    given = {"name": name, "measure": measure, "condition": condition, "threshold": threshold}
    given |= {"window_s": window * 60, "for_s": hold * 60, "filter": where or None}
    given |= {"monitor": monitor or None, "score": score or None}
    given |= {"channels": [] if kind == "nobody" else [{"kind": kind, "to": to}]}
    try:
        alert = NewAlert.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) or "the rule"
        show_error(ConfigError(f"{place}: {problem['msg']}", "mend it and try again"))
        return
    try:
        client().add_alert(project, alert)
    except BadRequest as error:
        show_filter_error(where, error)
        return
    go_to(alerts_url(project, alert=alert.name))


def forget_alert() -> None:
    """Another project has other alerts."""
    st.query_params.pop("alert", None)


with st.container(horizontal=True, vertical_alignment="center"):
    project = pick_project(on_other=forget_alert)
    if project is not None:
        with st.popover("New alert", icon=":material/add_alert:"):
            make_alert(project)
if project is not None:
    st.fragment(show_list, run_every=REFRESH_S)(project, st.query_params.get("alert"))
