"""Questions about alerts and their history; `store.alerts` changes them."""

import re
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, func, select

from weave_core.errors import NotFound
from weave_core.model import AlertRule
from weave_core.server.store.alert_tables import AlertDeliveryRow, AlertEventRow, AlertRow
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = [
    "ALERT",
    "DELIVERY",
    "EVENT",
    "alert_row",
    "find_alert",
    "get_alert",
    "list_alerts",
    "list_all_alerts",
    "list_events",
    "masked",
    "rule_of",
]

MAX_LISTED_ALERTS = 1_000
"""Alerts in the list of all projects."""
MAX_LISTED_EVENTS = 500
"""Events of one answer, the newest."""
ALERT, EVENT = table_of(AlertRow), table_of(AlertEventRow)
DELIVERY = table_of(AlertDeliveryRow)
_PROJECT = table_of(ProjectRow)


def find_alert(connection: Connection, project_id: int, name: str) -> Row[Any] | None:
    """The row of an alert, or None."""
    query = select(ALERT).where(ALERT.c.project_id == project_id, ALERT.c.name == name)
    return connection.execute(query).one_or_none()


def alert_row(connection: Connection, project: str, name: str) -> Row[Any]:
    """The row of an alert.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    row = find_alert(connection, get_project_id(connection, project), name)
    if row is None:
        raise NotFound(
            f"project {project!r} has no alert {name[:60]!r}",
            "`weave-core alert list` shows what there is",
        )
    return row


def rule_of(row: Row[Any]) -> AlertRule:
    """The rule of a row."""
    return AlertRule.model_validate(row.rule)


def get_alert(connection: Connection, project: str, name: str) -> dict[str, Any]:
    """One alert and how it stands.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    return _shape(connection, project, alert_row(connection, project, name))


def list_alerts(connection: Connection, project: str) -> dict[str, Any]:
    """The alerts of a project by name.

    Raises:
        NotFound: If there is no such project.
    """
    of_project = ALERT.c.project_id == get_project_id(connection, project)
    rows = connection.execute(select(ALERT).where(of_project).order_by(ALERT.c.name)).all()
    return {"items": [_shape(connection, project, row) for row in rows], "next_cursor": None}


def list_all_alerts(connection: Connection) -> dict[str, Any]:
    """The alerts of all projects, by project and name."""
    query = select(ALERT, _PROJECT.c.name.label("project")).join(
        _PROJECT, _PROJECT.c.id == ALERT.c.project_id
    )
    query = query.order_by(_PROJECT.c.name, ALERT.c.name).limit(MAX_LISTED_ALERTS)
    rows = connection.execute(query).all()
    return {"items": [_shape(connection, row.project, row) for row in rows], "next_cursor": None}


def list_events(connection: Connection, project: str, name: str | None) -> dict[str, Any]:
    """What became of an alert, or of all of a project, newest first, with who was told.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    if name is not None:
        chosen = EVENT.c.alert_row_id == alert_row(connection, project, name).id
    else:
        chosen = ALERT.c.project_id == get_project_id(connection, project)
    query = select(EVENT, ALERT.c.name).join(ALERT, ALERT.c.id == EVENT.c.alert_row_id)
    query = query.where(chosen).order_by(EVENT.c.at_ns.desc(), EVENT.c.id.desc())
    rows = connection.execute(query.limit(MAX_LISTED_EVENTS)).all()
    sent: dict[int, list[dict[str, Any]]] = {row.id: [] for row in rows}
    told = select(DELIVERY).where(DELIVERY.c.event_row_id.in_(list(sent)))
    for each in connection.execute(told.order_by(DELIVERY.c.id)):
        sent[each.event_row_id].append(
            {
                "delivery_id": each.delivery_id,
                "kind": each.channel["kind"],
                "to": masked(each.channel["kind"], each.channel["to"]),
                "state": each.state,
                "attempts": each.attempts,
                "due_ns": each.due_ns,
                "sent_ns": each.sent_ns,
                "error": each.error,
            }
        )
    items = [
        {
            "event_id": row.event_id,
            "alert": row.name,
            "state": row.state,
            "at_ns": row.at_ns,
            "is_muted": row.is_muted,
            "is_reminder": row.is_reminder,
            "is_test": row.is_test,
            "measurement": row.measurement,
            "deliveries": sent[row.id],
        }
        for row in rows
    ]
    return {"items": items, "next_cursor": None}


def _shape(connection: Connection, project: str, row: Row[Any]) -> dict[str, Any]:
    rule = rule_of(row).model_dump()
    for channel in rule["channels"]:
        channel["to"] = masked(channel["kind"], channel["to"])
    dead = (DELIVERY.c.alert_row_id == row.id, DELIVERY.c.state == "dead")
    return {
        **rule,
        **{name: getattr(row, name) for name in ("name", "version", "digest", "state")},
        **{name: getattr(row, name) for name in ("is_paused", "since_ns", "muted_until_ns")},
        **{name: getattr(row, name) for name in ("problem", "last", "created_ns", "updated_ns")},
        "project": project,
        "dead_count": connection.scalar(select(func.count()).select_from(DELIVERY).where(*dead)),
    }


def masked(kind: str, to: str) -> str:
    """An address without what may be secret: of a URL the path, the query and a password."""
    if kind == "email" or to.startswith("env:"):
        return to
    parts = urlsplit(to)
    host = re.sub(r"^.*@", "", parts.netloc)
    return f"{parts.scheme}://{host}/***"
