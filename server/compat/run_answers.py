"""A run as clients read it back."""

import json
from datetime import UTC, datetime
from typing import Any

from weave_core.errors import NotFound
from weave_core.server.compat.configs import shown_config
from weave_core.server.compat.desks import Desk
from weave_core.server.compat.run_places import RunPlace
from weave_core.server.compat.run_tellers import SOURCE, RunTeller
from weave_core.server.store.queries.run_sessions import RunSession, count_console_lines

__all__ = ["bucket", "run_fields", "user"]


def user() -> dict[str, Any]:
    """Whoever has the key."""
    return {"id": "VXNlcjox", "name": "weave-core", "username": "weave-core"}


def bucket(desk: Desk, place: RunPlace) -> dict[str, Any]:
    """The run of a place, which is there.

    Raises:
        NotFound: If it is not.
    """
    session = desk.session(place)
    if session is None:
        raise NotFound(f"there is no run {place.run_id!r} in {place.project!r}")
    return run_fields(desk, place, session)


def run_fields(desk: Desk, place: RunPlace, session: RunSession) -> dict[str, Any]:
    """What may be asked of a run; what takes a question of its own is asked when it is wanted."""
    row = session.row
    own = session.environment.get(SOURCE) or {}
    return {
        "id": place.id,
        "name": place.run_id,
        "displayName": row.name,
        "notes": row.notes,
        "description": row.notes,
        "tags": row.tags,
        "group": row.group_name,
        "groupName": row.group_name,
        "jobType": row.job_type,
        "state": row.state_now,
        "createdAt": _iso(row.started_ns),
        "heartbeatAt": _iso(row.heartbeat_ns),
        "user": user(),
        "project": project_fields(place),
        "projectId": "1",
        "stopped": row.stop_requested,
        "config": lambda _: json.dumps(shown_config(row.config, own)),
        "wandbConfig": lambda _: json.dumps(own or {"t": {"1": []}}),
        "summaryMetrics": lambda _: json.dumps(row.summary),
        "historyLineCount": 0 if row.last_step is None else row.last_step + 1,
        "eventsLineCount": 0,
        "logLineCount": lambda _: _count_lines(desk, place, session),
        "historyTail": lambda _: _tail(row),
        "eventsTail": "[]",
        "sweepName": None,
    }


def project_fields(place: RunPlace) -> dict[str, Any]:
    """The project of a run."""
    return {
        "id": f"project:{place.project}",
        "internalId": "1",
        "name": place.project,
        "entityName": place.entity,
        "entity": {"id": f"entity:{place.entity}", "name": place.entity},
    }


def _count_lines(desk: Desk, place: RunPlace, session: RunSession) -> int:
    writer_id = RunTeller(place.project, place.run_id).writer_id
    with desk.store.reading() as connection:
        return count_console_lines(connection, session.row, writer_id)


def _tail(row: Any) -> str:
    """The last row of the history, as text in a text: where a program that resumes goes on."""
    if row.last_step is None:
        return "[]"
    runtime_s = max(0, row.heartbeat_ns - row.started_ns) / 1e9
    told = {
        "_step": row.last_step,
        "_runtime": runtime_s,
        "_timestamp": row.heartbeat_ns / 1e9,
    }
    return json.dumps([json.dumps(told)])


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
