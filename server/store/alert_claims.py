"""Alerts are handed to workers to be measured, and moved by what these say; so are messages.

Everything here is a transaction of the one writer: a change of state, its place in the history and
the messages that tell of it are there together or not at all.
"""

import random
import secrets
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, insert, or_, select, update

from weave_core.errors import BadRequest
from weave_core.model import AlertMeasurement, AlertResult, AlertSent, AlertTake
from weave_core.server.store.alert_states import Step, next_step
from weave_core.server.store.queries.alerts import ALERT, ALERTS, DELIVERY, EVENT, rule_of
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = ["has_due", "send_test", "take", "tell"]

MAX_TAKEN_ALERTS = 50
"""Alerts, and messages, that one worker is handed at a time."""
MAX_SENDS = 8
"""How often a message is sent before it is dead: over about two hours."""
_FIRST_PAUSE_S = 30.0
_NS = 1_000_000_000
_PROJECT = table_of(ProjectRow)


def _is_due(now: int, asked: AlertTake) -> Any:
    of_these = ALERT.c.project_id.in_(
        select(_PROJECT.c.id).where(_PROJECT.c.name.in_(asked.projects or []))
    )
    due = and_(ALERT.c.is_paused.is_(False), ALERT.c.due_ns <= now)
    return due if asked.projects is None else and_(due, of_these)


def _is_to_send(now: int, asked: AlertTake) -> Any:
    due = and_(DELIVERY.c.state.in_(("waiting", "leased")), DELIVERY.c.due_ns <= now)
    if asked.projects is None:
        return due
    its = select(ALERT.c.id).join(_PROJECT, _PROJECT.c.id == ALERT.c.project_id)
    return and_(due, DELIVERY.c.alert_row_id.in_(its.where(_PROJECT.c.name.in_(asked.projects))))


def has_due(connection: Connection, asked: AlertTake) -> bool:
    """Whether anything can be handed out; else nothing need be written."""
    now = time.time_ns()
    due = or_(exists().where(_is_due(now, asked)), exists().where(_is_to_send(now, asked)))
    return bool(connection.scalar(select(due)))


def take(connection: Connection, *, asked: AlertTake) -> dict[str, Any]:
    """What is due, leased to whoever asks, in the caller's transaction."""
    now = time.time_ns()
    until = now + int(asked.lease_s * 1e9)
    query = select(ALERT, _PROJECT.c.name.label("project")).join(
        _PROJECT, _PROJECT.c.id == ALERT.c.project_id
    )
    query = query.where(_is_due(now, asked)).order_by(ALERT.c.due_ns).limit(MAX_TAKEN_ALERTS)
    items = []
    for row in connection.execute(query).all():
        token = secrets.token_hex(16)
        leased = update(ALERT).where(ALERT.c.id == row.id)
        connection.execute(leased.values(token=token, due_ns=until))
        item = {"project": row.project, "name": row.name, "rule": rule_of(row).model_dump()}
        items.append(item | {"token": token})
    waiting = select(DELIVERY).where(_is_to_send(now, asked)).order_by(DELIVERY.c.due_ns)
    sendings = []
    for row in connection.execute(waiting.limit(MAX_TAKEN_ALERTS)).all():
        token = secrets.token_hex(16)
        held = {"token": token, "due_ns": until, "state": "leased", "attempts": row.attempts + 1}
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == row.id).values(held))
        sending = {"delivery_id": row.delivery_id, "token": token, "attempt": row.attempts + 1}
        sendings.append(sending | {"channel": row.channel, "payload": row.payload})
    return {"items": items, "sendings": sendings}


def tell(
    connection: Connection, *, results: Sequence[AlertResult], sent: Sequence[AlertSent]
) -> None:
    """Keep what a worker has done, in the caller's transaction; what it had lost counts nothing."""
    for result in results:
        query = select(ALERT, _PROJECT.c.name.label("project")).join(
            _PROJECT, _PROJECT.c.id == ALERT.c.project_id
        )
        row = connection.execute(query.where(ALERT.c.token == result.token)).one_or_none()
        if row is not None:
            _move(connection, row, result)
    for each in sent:
        row = connection.execute(
            select(DELIVERY).where(DELIVERY.c.token == each.token)
        ).one_or_none()
        if row is not None and row.state == "leased":
            _end_sending(connection, row, each)


def _move(connection: Connection, row: Row[Any], result: AlertResult) -> None:
    rule = rule_of(row)
    now = time.time_ns()
    values: dict[str, Any] = {"token": None, "due_ns": now + rule.every_s * _NS}
    measured = result.measurement
    if measured is None:
        values["problem"] = result.problem
    else:
        here = Step(row.state, row.since_ns, row.clear_ns, row.told_ns)
        step = next_step(here, rule, is_breached=measured.is_breached, at_ns=measured.at_ns)
        values |= {"state": step.state, "since_ns": step.since_ns, "clear_ns": step.clear_ns}
        values |= {"told_ns": step.told_ns, "last": measured.model_dump(), "problem": None}
        if step.event is not None:
            _record(connection, row, step, measured, project=row.project)
    connection.execute(update(ALERT).where(ALERT.c.id == row.id).values(values))


def send_test(connection: Connection, *, project: str, name: str) -> None:
    """Send a message to all channels of an alert, in the caller's transaction; muted or not.

    Raises:
        NotFound: If there is no such project, or no such alert in it.
        BadRequest: If it has no channel.
    """
    row = ALERTS.get(connection, project, name)
    if not rule_of(row).channels:
        raise BadRequest(
            f"alert {name!r} of project {project!r} tells nobody", "give it a channel first"
        )
    said = AlertMeasurement(at_ns=time.time_ns(), text="a test: somebody asked for this message")
    step = Step(row.state, row.since_ns, row.clear_ns, row.told_ns)
    _record(connection, row, step, said, project=project, is_test=True)


def _record(
    connection: Connection,
    row: Row[Any],
    step: Step,
    measured: AlertMeasurement,
    *,
    project: str,
    is_test: bool = False,
) -> None:
    """Put an event into the history, and messages of it into the post."""
    rule = rule_of(row)
    is_quiet = row.muted_until_ns is not None and row.muted_until_ns > measured.at_ns
    is_muted = is_quiet and not is_test
    event: dict[str, Any] = {
        "event_id": secrets.token_hex(8),
        "state": step.state,
        "at_ns": measured.at_ns,
        "is_muted": is_muted,
        "is_reminder": step.event == "reminder",
        "is_test": is_test,
        "measurement": measured.model_dump(),
    }
    connection.execute(insert(EVENT).values(**event, alert_row_id=row.id))
    if is_muted:
        return
    event_row_id = connection.scalar(
        select(EVENT.c.id).where(EVENT.c.event_id == event["event_id"])
    )
    payload = {
        **event,
        "alert": row.name,
        "project": project,
        "measure": rule.measure,
        "condition": rule.condition,
        "threshold": rule.threshold,
        "window_s": rule.window_s,
        "filter": rule.filter,
        "note": rule.note,
        "since_ns": step.since_ns,
    }
    for channel in rule.channels:
        post = {"alert_row_id": row.id, "event_row_id": event_row_id, "payload": payload}
        post |= {"delivery_id": secrets.token_hex(8), "channel": channel.model_dump()}
        post |= {"state": "waiting", "due_ns": time.time_ns(), "attempts": 0}
        connection.execute(insert(DELIVERY).values(post))


def _end_sending(connection: Connection, row: Row[Any], sent: AlertSent) -> None:
    now = time.time_ns()
    values: dict[str, Any] = {"error": sent.error}
    if sent.error is None:
        values |= {"state": "sent", "sent_ns": now}
    elif sent.is_final or row.attempts >= MAX_SENDS:
        values |= {"state": "dead"}
    else:
        # Full jitter from half on: receivers that come back are not met by all at once.
        pause_s = _FIRST_PAUSE_S * 2 ** (row.attempts - 1) * random.uniform(0.5, 1)  # noqa: S311  # No secret.
        pause_s = max(pause_s, sent.retry_after_s or 0.0)
        values |= {"state": "waiting", "due_ns": now + int(pause_s * 1e9), "token": None}
    connection.execute(update(DELIVERY).where(DELIVERY.c.id == row.id).values(values))
