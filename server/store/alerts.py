"""Alerts are made, changed and deleted; `queries.alerts` reads them, `alert_claims` moves them."""

import time
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from weave_core.errors import BadRequest, NotFound
from weave_core.model import AlertChanges, AlertRule, NewAlert
from weave_core.server.filters import FEEDBACK, RUNS, SPANS, compile_filter
from weave_core.server.store.objects import add_object
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.alerts import (
    ALERT,
    ALERTS,
    DELIVERY,
    EVENT,
    get_alert,
    masked,
    rule_of,
)

__all__ = ["MAX_ALERTS", "add_alert", "change_alert", "delete_alert", "retry_deliveries"]

MAX_ALERTS = 200
"""Alerts of a project."""
KIND = "alert"
"""Of the object that a rule is kept as."""


def add_alert(connection: Connection, *, project: str, alert: NewAlert) -> dict[str, Any]:
    """Make an alert, or give the one of that name a new rule, in the caller's transaction.

    Raises:
        BadFilter: If its filter is wrong.
        BadRequest: If there are too many.
    """
    words = {"runs": RUNS, "feedback": FEEDBACK}
    compile_filter(alert.filter, words.get(alert.measure, SPANS))
    project_id = ensure_project_id(connection, project)
    given = alert.model_dump(mode="json", include=set(AlertRule.model_fields))
    found = ALERTS.find(connection, project_id, alert.name)
    if found is not None:
        given["channels"] = _with_known(given["channels"], rule_of(found))
    else:
        of_project = ALERT.c.project_id == project_id
        count = connection.scalar(select(func.count()).select_from(ALERT).where(of_project)) or 0
        if count >= MAX_ALERTS:
            raise BadRequest(
                f"project {project!r} has {count} alerts, the most there can be",
                "delete one that nobody needs",
            )
    # Addresses may be secrets, and a version is there for ever: it has the rule without them.
    content = given | {"channels": [{"kind": each["kind"]} for each in given["channels"]]}
    kept = add_object(
        connection,
        project=project,
        kind=KIND,
        name=alert.name,
        content=content,
        aliases=(),
        tags=(),
    )
    now = time.time_ns()
    values = {"version": kept["version"], "digest": kept["digest"], "rule": given}
    values |= {"updated_ns": now, "due_ns": now, "problem": None}
    if found is not None:
        connection.execute(update(ALERT).where(ALERT.c.id == found.id).values(values))
    else:
        values |= {"project_id": project_id, "name": alert.name, "is_paused": False}
        values |= {"state": "ok", "since_ns": now, "created_ns": now}
        connection.execute(insert(ALERT).values(values))
    return get_alert(connection, project, alert.name)


def _with_known(channels: list[dict[str, Any]], old: AlertRule) -> list[dict[str, Any]]:
    """Channels as they are stored: one that was read, and so is masked, is the one it was."""
    known = {(each.kind, masked(each.kind, each.to)): each.to for each in old.channels}
    return [each | {"to": known.get((each["kind"], each["to"]), each["to"])} for each in channels]


def change_alert(
    connection: Connection, *, project: str, name: str, changes: AlertChanges
) -> dict[str, Any]:
    """Pause, resume or mute an alert, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    row = ALERTS.get(connection, project, name)
    now = time.time_ns()
    values: dict[str, Any] = {"updated_ns": now}
    if changes.is_paused is not None and changes.is_paused != row.is_paused:
        # What it said before the pause is old.
        values |= {"is_paused": changes.is_paused, "state": "ok", "since_ns": now}
        values |= {"clear_ns": None, "due_ns": now, "problem": None}
    if changes.mute_s is not None:
        until = now + int(changes.mute_s * 1e9)
        values["muted_until_ns"] = until if changes.mute_s else None
    connection.execute(update(ALERT).where(ALERT.c.id == row.id).values(values))
    return get_alert(connection, project, name)


def delete_alert(connection: Connection, *, project: str, name: str) -> None:
    """Delete an alert with its history, in the caller's transaction; its versions stay.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    row = ALERTS.get(connection, project, name)
    for table in (DELIVERY, EVENT):
        connection.execute(delete(table).where(table.c.alert_row_id == row.id))
    connection.execute(delete(ALERT).where(ALERT.c.id == row.id))


def retry_deliveries(connection: Connection, *, project: str, name: str) -> int:
    """Send again what could not be delivered, in the caller's transaction; how many.

    Raises:
        NotFound: If there is no such project, or no such alert in it, or nothing of it is dead.
    """
    row = ALERTS.get(connection, project, name)
    dead = (DELIVERY.c.alert_row_id == row.id, DELIVERY.c.state == "dead")
    values = {"state": "waiting", "attempts": 0, "due_ns": time.time_ns(), "token": None}
    count = connection.execute(update(DELIVERY).where(*dead).values(values)).rowcount
    if not count:
        raise NotFound(f"alert {name!r} of project {project!r} has nothing that was not delivered")
    return int(count)
