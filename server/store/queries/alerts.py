"""Questions about alerts and their history; `store.alerts` changes them."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, func, select

from weave_core.model import AlertRule
from weave_core.server.store.alert_tables import AlertDeliveryRow, AlertEventRow, AlertRow
from weave_core.server.store.queries.named_rows import NamedRows
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.tables import table_of

__all__ = [
    "ALERT",
    "ALERTS",
    "DELIVERY",
    "EVENT",
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
ALERTS = NamedRows(ALERT, "alert")


def rule_of(row: Row[Any]) -> AlertRule:
    """The rule of a row."""
    return AlertRule.model_validate(row.rule)


def get_alert(connection: Connection, project: str, name: str) -> dict[str, Any]:
    """One alert and how it stands.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    return _shape(connection, ALERTS.get(connection, project, name), project)


def list_alerts(connection: Connection, project: str) -> dict[str, Any]:
    """The alerts of a project by name.

    Raises:
        NotFound: If there is no such project.
    """
    return _page(connection, ALERTS.list_of(connection, project))


def list_all_alerts(connection: Connection) -> dict[str, Any]:
    """The alerts of all projects, by project and name."""
    return _page(connection, ALERTS.list_all(connection, most=MAX_LISTED_ALERTS))


def _page(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, Any]:
    items = [_shape(connection, row, row.project) for row in rows]
    return {"items": items, "next_cursor": None}


def list_events(connection: Connection, project: str, name: str | None) -> dict[str, Any]:
    """What became of an alert, or of all of a project, newest first, with who was told.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
    """
    if name is not None:
        chosen = EVENT.c.alert_row_id == ALERTS.get(connection, project, name).id
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


def _shape(connection: Connection, row: Row[Any], project: str) -> dict[str, Any]:
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
