"""Questions about monitors, and about what they said; `store.monitors` changes them."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from weave_core.model import MonitorDefinition
from weave_core.server.store.monitor_tables import MonitorItemRow, MonitorRow, MonitorScoreRow
from weave_core.server.store.queries.named_rows import NamedRows
from weave_core.server.store.tables import SpanRow, table_of

__all__ = [
    "HOUR_NS",
    "ITEM",
    "MONITOR",
    "MONITORS",
    "SCORE",
    "calls_left",
    "get_monitor",
    "last_row_id",
    "list_all_monitors",
    "list_monitors",
    "spent_since",
]

MAX_LISTED_MONITORS = 1_000
"""Monitors in the list of all projects."""
MONITOR, ITEM = table_of(MonitorRow), table_of(MonitorItemRow)
SCORE = table_of(MonitorScoreRow)
HOUR_NS = 3_600_000_000_000
_SPAN = table_of(SpanRow)
MONITORS = NamedRows(MONITOR, "monitor")
_OPEN = ("open", "waiting", "leased")


def last_row_id(connection: Connection) -> int:
    """The last span that has come, of any project."""
    return connection.scalar(select(func.max(_SPAN.c.id))) or 0


def get_monitor(connection: Connection, project: str, name: str) -> dict[str, Any]:
    """One monitor with how far it is.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
    """
    return _shape(connection, MONITORS.get(connection, project, name), project)


def list_monitors(connection: Connection, project: str) -> dict[str, Any]:
    """The monitors of a project by name.

    Raises:
        NotFound: If there is no such project.
    """
    return _page(connection, MONITORS.list_of(connection, project))


def list_all_monitors(connection: Connection) -> dict[str, Any]:
    """The monitors of all projects, by project and name."""
    return _page(connection, MONITORS.list_all(connection, most=MAX_LISTED_MONITORS))


def _page(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, Any]:
    items = [_shape(connection, row, row.project) for row in rows]
    return {"items": items, "next_cursor": None}


def _shape(connection: Connection, row: Row[Any], project: str) -> dict[str, Any]:
    counts = dict.fromkeys((*_OPEN, "scored", "failed"), 0)
    of_it = ITEM.c.monitor_row_id == row.id
    counted = select(ITEM.c.state, func.count()).where(of_it).group_by(ITEM.c.state)
    counts |= dict(connection.execute(counted).tuples().all())
    oldest = select(func.min(ITEM.c.start_ns)).where(of_it, ITEM.c.state.in_(_OPEN))
    definition = MonitorDefinition.model_validate(row.definition)
    calls, cost_usd = spent_since(connection, row.id, time.time_ns() - HOUR_NS)
    waiting = sum(counts[state] for state in _OPEN)
    return {
        **definition.model_dump(),
        "name": row.name,
        "project": project,
        "version": row.version,
        "digest": row.digest,
        "state": row.state,
        "problem": row.problem,
        "waiting": waiting,
        "scored": counts["scored"],
        "failed": counts["failed"],
        "matched": row.matched,
        "behind": max(0, last_row_id(connection) - row.cursor_row_id),
        "spent": {"calls": calls, "cost_usd": cost_usd},
        "is_over_budget": waiting > 0 and calls_left(definition, calls, cost_usd) == 0,
        "oldest_waiting_ns": connection.scalar(oldest),
        "backfill": row.backfill,
        "created_ns": row.created_ns,
        "updated_ns": row.updated_ns,
    }


def spent_since(connection: Connection, row_id: int, since_ns: int) -> tuple[int, float | None]:
    """Calls of scorers, and what they cost, of spans that were handed out since then."""
    sums = select(func.coalesce(func.sum(ITEM.c.calls), 0), func.sum(ITEM.c.cost_usd))
    of_it = (ITEM.c.monitor_row_id == row_id, ITEM.c.claimed_ns > since_ns)
    calls, cost_usd = connection.execute(sums.where(*of_it)).one()
    return int(calls), None if cost_usd is None else float(cost_usd)


def calls_left(definition: MonitorDefinition, calls: int, cost_usd: float | None) -> int | None:
    """Spans that the budget of this hour still lets be scored; None: any number."""
    budget = definition.budget
    if budget.usd_per_hour is not None and (cost_usd or 0.0) >= budget.usd_per_hour:
        return 0
    if budget.calls_per_hour is None:
        return None
    return max(0, (budget.calls_per_hour - calls) // len(definition.scorers))
