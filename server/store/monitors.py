"""Monitors are made, changed, back-filled and deleted; `queries.monitors` reads them."""

import time
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from weave_core.errors import BadRequest
from weave_core.model import (
    MONITORS_PROJECT,
    Backfill,
    MonitorChanges,
    MonitorDefinition,
    MonitorProblem,
    NewBackfill,
    NewMonitor,
)
from weave_core.server.filters import SPANS, compile_filter
from weave_core.server.store.monitor_feedback import take_back
from weave_core.server.store.objects import add_object
from weave_core.server.store.project_rows import ensure_project_id
from weave_core.server.store.queries.monitors import (
    ITEM,
    MONITOR,
    MONITORS,
    SCORE,
    get_monitor,
    last_row_id,
)
from weave_core.span_paths import SpanPath

__all__ = [
    "MAX_MONITORS",
    "add_backfill",
    "add_monitor",
    "change_monitor",
    "delete_monitor",
    "tell_problem",
]

MAX_MONITORS = 100
"""Monitors of a project."""
MAX_ROWS_A_DELETION = 5_000
"""Rows of a monitor that one transaction deletes."""
_IN_LIST = 500
KIND = "monitor"
"""Of the object that a definition is kept as."""


def add_monitor(connection: Connection, *, project: str, monitor: NewMonitor) -> dict[str, Any]:
    """Make a monitor, or give the one of that name a new definition, in the caller's transaction.

    A new definition goes on where the old one was: what is scored stays scored.

    Raises:
        BadFilter: If its filter is wrong.
        BadRequest: If a path of its mapping is none, there are too many, or it would watch what
            monitors themselves trace.
    """
    compile_filter(monitor.filter, SPANS)
    for path in monitor.mapping.values():
        SpanPath(path)
    if project == MONITORS_PROJECT:
        raise BadRequest(
            f"project {project!r} has the traces of the scorers of monitors",
            "a monitor of those would score its own work without end: watch another project",
        )
    project_id = ensure_project_id(connection, project)
    given = monitor.model_dump(mode="json", include=set(MonitorDefinition.model_fields))
    found = MONITORS.find(connection, project_id, monitor.name)
    if found is None:
        of_project = MONITOR.c.project_id == project_id
        count = connection.scalar(select(func.count()).select_from(MONITOR).where(of_project)) or 0
        if count >= MAX_MONITORS:
            raise BadRequest(
                f"project {project!r} has {count} monitors, the most there can be",
                "delete one that nobody needs",
            )
    kept = add_object(
        connection,
        project=project,
        kind=KIND,
        name=monitor.name,
        content=given,
        aliases=(),
        tags=(),
    )
    now = time.time_ns()
    values = {"version": kept["version"], "digest": kept["digest"], "definition": given}
    values |= {"updated_ns": now, "problem": None}
    if found is not None:
        connection.execute(update(MONITOR).where(MONITOR.c.id == found.id).values(values))
    else:
        values |= {"project_id": project_id, "name": monitor.name, "state": "active"}
        values |= {"cursor_row_id": last_row_id(connection), "created_ns": now, "matched": 0}
        connection.execute(insert(MONITOR).values(values))
    if monitor.from_ns is not None:
        asked = NewBackfill(from_ns=monitor.from_ns)
        return add_backfill(connection, project=project, name=monitor.name, asked=asked)
    return get_monitor(connection, project, monitor.name)


def change_monitor(
    connection: Connection, *, project: str, name: str, changes: MonitorChanges
) -> dict[str, Any]:
    """Pause or resume a monitor, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
    """
    row = MONITORS.get(connection, project, name)
    values: dict[str, Any] = {"updated_ns": time.time_ns()}
    if changes.state is not None:
        values["state"] = changes.state
        values["problem"] = None  # Whoever resumes it has mended what was wrong, or hears of it.
    if changes.skip_backlog:
        values["cursor_row_id"] = last_row_id(connection)
        waiting = (ITEM.c.monitor_row_id == row.id, ITEM.c.state.in_(("open", "waiting")))
        connection.execute(delete(ITEM).where(*waiting))
    connection.execute(update(MONITOR).where(MONITOR.c.id == row.id).values(values))
    return get_monitor(connection, project, name)


def delete_monitor(connection: Connection, *, project: str, name: str) -> bool:
    """Delete a part of a monitor and its scores, in the caller's transaction; versions stay.

    Returns:
        Whether there is more of it: one transaction deletes `MAX_ROWS_A_DELETION` at most.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
    """
    row = MONITORS.get(connection, project, name)
    connection.execute(update(MONITOR).where(MONITOR.c.id == row.id).values(state="paused"))
    some = select(SCORE.c.trace_id).where(SCORE.c.monitor_row_id == row.id).limit(_IN_LIST)
    if trace_ids := list(connection.scalars(some.distinct())):
        take_back(connection, project_id=row.project_id, monitor=name, trace_ids=trace_ids)
        gone = (SCORE.c.monitor_row_id == row.id, SCORE.c.trace_id.in_(trace_ids))
        connection.execute(delete(SCORE).where(*gone))
        return True
    items = select(ITEM.c.id).where(ITEM.c.monitor_row_id == row.id).limit(MAX_ROWS_A_DELETION)
    if connection.execute(delete(ITEM).where(ITEM.c.id.in_(items))).rowcount:
        return True
    connection.execute(delete(MONITOR).where(MONITOR.c.id == row.id))
    return False


def add_backfill(
    connection: Connection, *, project: str, name: str, asked: NewBackfill
) -> dict[str, Any]:
    """Let a monitor look at what was there before, in the caller's transaction.

    One at a time: a new one takes the place of one that is under way.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
        BadRequest: If it ends before it begins.
    """
    row = MONITORS.get(connection, project, name)
    to_ns = time.time_ns() if asked.to_ns is None else asked.to_ns
    if to_ns <= asked.from_ns:
        raise BadRequest(
            f"the backfill is from {asked.from_ns} to {to_ns}", "it has to begin before it ends"
        )
    filling = Backfill(
        from_ns=asked.from_ns, to_ns=to_ns, again=asked.again, reached_ns=asked.from_ns
    )
    kept = filling.model_dump() | {"reached_row_id": 0}
    values = {"backfill": kept, "updated_ns": time.time_ns()}
    connection.execute(update(MONITOR).where(MONITOR.c.id == row.id).values(values))
    return get_monitor(connection, project, name)


def tell_problem(
    connection: Connection, *, project: str, name: str, problem: MonitorProblem
) -> None:
    """Note what keeps workers from scoring, in the caller's transaction.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
    """
    row = MONITORS.get(connection, project, name)
    if row.version == problem.version and row.problem != problem.message:
        noted = update(MONITOR).where(MONITOR.c.id == row.id)
        connection.execute(noted.values(problem=problem.message))
