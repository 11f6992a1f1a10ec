"""Alerts over HTTP: made and steered by people, measured and delivered by workers."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from weave_core.model import (
    Alert,
    AlertChanges,
    AlertClaim,
    AlertEvent,
    AlertTake,
    AlertTellings,
    NewAlert,
    Page,
)
from weave_core.server.deps import ProjectPath, ReaderDep, StoreDep
from weave_core.server.routes.answers import JsonAnswer
from weave_core.server.store import alert_claims, alerts
from weave_core.server.store.queries import alerts as questions

router = APIRouter(prefix="/api", tags=["alerts"])

NamePath = Annotated[str, Path(description="Name of an alert.")]
_ALL = "/projects/{project}/alerts"
_ONE = _ALL + "/{name}"


@router.get("/alerts", response_model=Page[Alert])
def list_all_alerts(connection: ReaderDep) -> Response:
    """The alerts of all projects."""
    return JsonAnswer(questions.list_all_alerts(connection))


@router.post("/alerts/take", response_model=AlertClaim)
def take(store: StoreDep, asked: Annotated[AlertTake, Body()]) -> Response:
    """Alerts for a worker to measure, and messages for it to send."""
    with store.reading() as connection:
        is_due = alert_claims.has_due(connection, asked)
    if not is_due:
        return JsonAnswer({"items": [], "sendings": [], "wait_s": 1.0})
    found = store.run(partial(alert_claims.take, asked=asked)).result()
    return JsonAnswer({**found, "wait_s": 0.0 if found["items"] or found["sendings"] else 1.0})


@router.post("/alerts/tell", status_code=204)
def tell(store: StoreDep, told: Annotated[AlertTellings, Body()]) -> None:
    """What was measured, and what came of messages."""
    store.run(partial(alert_claims.tell, results=told.results, sent=told.sent)).result()


@router.get(_ALL, response_model=Page[Alert])
def list_alerts(connection: ReaderDep, project: ProjectPath) -> Response:
    """The alerts of a project by name."""
    return JsonAnswer(questions.list_alerts(connection, project))


@router.post(_ALL, response_model=Alert)
def add_alert(
    store: StoreDep, project: ProjectPath, alert: Annotated[NewAlert, Body()]
) -> Response:
    """Make an alert, or a new version of the one of that name."""
    work = partial(alerts.add_alert, project=project, alert=alert)
    return JsonAnswer(store.run(work).result())


@router.get("/projects/{project}/alert-events", response_model=Page[AlertEvent])
def list_events(
    connection: ReaderDep,
    project: ProjectPath,
    alert: Annotated[str | None, Query(description="Only of this alert.")] = None,
) -> Response:
    """What became of alerts, newest first, and who was told."""
    return JsonAnswer(questions.list_events(connection, project, alert))


@router.get(_ONE, response_model=Alert)
def read_alert(connection: ReaderDep, project: ProjectPath, name: NamePath) -> Response:
    """One alert: its rule, its state, what was measured last."""
    return JsonAnswer(questions.get_alert(connection, project, name))


@router.patch(_ONE, response_model=Alert)
def change_alert(
    store: StoreDep, project: ProjectPath, name: NamePath, changes: Annotated[AlertChanges, Body()]
) -> Response:
    """Pause, resume or mute it."""
    work = partial(alerts.change_alert, project=project, name=name, changes=changes)
    return JsonAnswer(store.run(work).result())


@router.delete(_ONE, status_code=204)
def delete_alert(store: StoreDep, project: ProjectPath, name: NamePath) -> None:
    """Delete an alert with its history; the versions of its rule stay as objects."""
    store.run(partial(alerts.delete_alert, project=project, name=name)).result()


@router.post(_ONE + "/retry", response_model=Alert)
def retry_deliveries(store: StoreDep, project: ProjectPath, name: NamePath) -> Response:
    """Send again what could not be delivered."""
    store.run(partial(alerts.retry_deliveries, project=project, name=name)).result()
    with store.reading() as connection:
        return JsonAnswer(questions.get_alert(connection, project, name))


@router.post(_ONE + "/test", status_code=204)
def send_test(store: StoreDep, project: ProjectPath, name: NamePath) -> None:
    """Send a message to all channels of an alert, to see that it arrives."""
    store.run(partial(alert_claims.send_test, project=project, name=name)).result()
