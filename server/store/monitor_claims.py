"""Spans are written down for their monitors, handed to workers, and what these say is kept.

Everything here is a transaction of the one writer, so however many workers ask, a span has one
holder at a time, and what a holder says counts once: whoever lost it is not heard.
"""

import random
import secrets
import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from weave_core.model import MonitorDefinition, MonitorResult, MonitorTake
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.monitor_feedback import replace_feedback
from weave_core.server.store.monitor_scans import Found, Look
from weave_core.server.store.queries.monitors import (
    HOUR_NS,
    ITEM,
    MONITOR,
    MONITORS,
    SCORE,
    calls_left,
    spent_since,
)
from weave_core.server.store.tables import ProjectRow, table_of

__all__ = ["beat", "has_work", "read_active", "take", "tell"]

MAX_ATTEMPTS = 3
"""How often a span is tried whose scorer fails for a while, or whose worker is lost."""
MAX_ACTIVE = 1_000
"""Active monitors of one server; of more the oldest work."""
_PAUSE_NS = 15_000_000_000
_RECHECK_NS = 2_000_000_000
_PROJECT = table_of(ProjectRow)
_ITEM_COLUMNS = (
    *("monitor_row_id", "project_id", "trace_id", "span_id", "start_ns", "state"),
    *("is_backfill", "due_ns", "version", "attempts", "calls"),
)


def read_active(connection: Connection, projects: Sequence[str] | None) -> Sequence[Row[Any]]:
    """The monitors that are not paused, oldest first, with the names of their projects.

    Args:
        connection: Of a reader or the writer.
        projects: Only those of these; None: all.
    """
    query = MONITORS.with_project.where(MONITOR.c.state == "active").order_by(MONITOR.c.id)
    if projects is not None:
        query = query.where(_PROJECT.c.name.in_(projects))
    return connection.execute(query.limit(MAX_ACTIVE)).all()


def _is_due(now_ns: int) -> Any:
    """Whether an item can be handed out: it waits, or whoever had it fell silent."""
    return or_(
        and_(ITEM.c.state == "waiting", ITEM.c.due_ns <= now_ns),
        and_(ITEM.c.state == "leased", ITEM.c.lease_until_ns < now_ns),
    )


def has_work(connection: Connection, monitors: Sequence[Row[Any]]) -> bool:
    """Whether anything can be handed out; else nothing need be written."""
    due = _is_due(time.time_ns())
    ids = [row.id for row in monitors]
    return bool(ids) and bool(
        connection.scalar(select(exists().where(ITEM.c.monitor_row_id.in_(ids), due)))
    )


def take(
    connection: Connection, *, dialect: Dialect, looks: Sequence[Look], asked: MonitorTake
) -> list[dict[str, Any]]:
    """Write down what was found, and hand out what can be, in the caller's transaction."""
    for each in looks:
        _note(connection, dialect, each)
    monitors = list(read_active(connection, asked.projects))
    # From anywhere, so that none is always the last.
    start = random.randrange(len(monitors)) if monitors else 0  # noqa: S311  # No secret.
    turn = [*monitors[start:], *monitors[:start]]
    items: list[dict[str, Any]] = []
    share = max(1, asked.limit // max(1, len(turn)))
    for most in (share, asked.limit):  # A fair share first, then what the others left.
        for monitor in turn:
            room = min(most, asked.limit - len(items))
            if monitor.problem is not None:
                room = min(room, 1)  # One is enough to see whether it was mended.
            if room > 0:
                items += _hand_out(connection, monitor, asked, room)
    return items


def _note(connection: Connection, dialect: Dialect, found: Look) -> None:
    """Put what a look has found where it will be taken from, unless another was faster."""
    row = found.monitor
    same = (MONITOR.c.id == row.id, MONITOR.c.cursor_row_id == row.cursor_row_id)
    values: dict[str, Any] = {
        "cursor_row_id": found.cursor_row_id,
        "matched": MONITOR.c.matched + found.matched,
    }
    is_same = (*same, MONITOR.c.version == row.version, MONITOR.c.state == "active")
    if not connection.execute(update(MONITOR).where(*is_same).values(values)).rowcount:
        return
    _add(connection, dialect, row, found.found, is_backfill=False)
    if found.backfill is not None:
        _note_backfill(connection, dialect, found)
    now = time.time_ns()
    for ids, change in (
        (found.ended, {"state": "waiting", "due_ns": now}),
        (found.later, {"due_ns": now + _RECHECK_NS}),
    ):
        if ids:
            still_open = (ITEM.c.id.in_(ids), ITEM.c.state == "open")
            connection.execute(update(ITEM).where(*still_open).values(change))
    if found.ended:
        more = {"matched": MONITOR.c.matched + len(found.ended)}
        connection.execute(update(MONITOR).where(MONITOR.c.id == row.id).values(more))
    if found.gone:
        connection.execute(delete(ITEM).where(ITEM.c.id.in_(found.gone), ITEM.c.state == "open"))


def _note_backfill(connection: Connection, dialect: Dialect, found: Look) -> None:
    row, filling = found.monitor, found.backfill
    current = connection.scalar(select(MONITOR.c.backfill).where(MONITOR.c.id == row.id))
    if filling is None or current != row.backfill:  # Another was faster, or it was replaced.
        return
    new = _add(connection, dialect, row, found.filled, is_backfill=True)
    if filling["again"] != "never":
        new += _again(connection, row, found.filled, is_older=filling["again"] == "older")
    kept = filling | {"found": filling["found"] + new}
    connection.execute(update(MONITOR).where(MONITOR.c.id == row.id).values(backfill=kept))


def _add(
    connection: Connection,
    dialect: Dialect,
    monitor: Row[Any],
    found: Sequence[Found],
    *,
    is_backfill: bool,
) -> int:
    """Items of spans that have none; how many."""
    now = time.time_ns()
    rows = [
        (
            *(monitor.id, monitor.project_id, each.trace_id, each.span_id, each.start_ns),
            *("open" if each.is_open else "waiting", is_backfill, now, monitor.version, 0, 0),
        )
        for each in found
    ]
    if not rows:
        return 0
    count = select(func.count()).select_from(ITEM).where(ITEM.c.monitor_row_id == monitor.id)
    before = connection.scalar(count) or 0
    statement = dialect.insert("monitor_item", _ITEM_COLUMNS, on_conflict="ON CONFLICT DO NOTHING")
    connection.exec_driver_sql(statement, rows)
    return (connection.scalar(count) or 0) - before


def _again(
    connection: Connection, monitor: Row[Any], found: Sequence[Found], *, is_older: bool
) -> int:
    """Let spans be scored anew that failed, or were scored by an older version; how many."""
    failed = ITEM.c.state == "failed"
    older = and_(ITEM.c.state == "scored", ITEM.c.version < monitor.version)
    changed = 0
    for each in found:
        of_span = (
            ITEM.c.monitor_row_id == monitor.id,
            ITEM.c.trace_id == each.trace_id,
            ITEM.c.span_id == each.span_id,
        )
        anew = update(ITEM).where(*of_span, or_(failed, older) if is_older else failed)
        values = {"state": "waiting", "due_ns": time.time_ns(), "attempts": 0, "is_backfill": True}
        changed += connection.execute(anew.values(values)).rowcount
    return changed


def _hand_out(
    connection: Connection, monitor: Row[Any], asked: MonitorTake, most: int
) -> list[dict[str, Any]]:
    """Up to `most` spans of a monitor, within its budget, leased to whoever asks."""
    now = time.time_ns()
    definition = MonitorDefinition.model_validate(monitor.definition)
    query = select(ITEM).where(ITEM.c.monitor_row_id == monitor.id, _is_due(now))
    # What comes in goes before what was there.
    query = query.order_by(ITEM.c.is_backfill, ITEM.c.due_ns, ITEM.c.id).limit(most)
    rows = connection.execute(query).all()
    budget = definition.budget
    if rows and (budget.calls_per_hour is not None or budget.usd_per_hour is not None):
        left = calls_left(definition, *spent_since(connection, monitor.id, now - HOUR_NS))
        rows = rows if left is None else rows[:left]
    items = []
    for row in rows:
        if row.attempts >= MAX_ATTEMPTS:
            _give_up(connection, monitor, row)
            continue
        token = secrets.token_hex(16)
        held: dict[str, Any] = {"state": "leased", "token": token, "worker": asked.worker}
        held |= {"lease_until_ns": now + int(asked.lease_s * 1e9), "claimed_ns": now}
        held |= {"attempts": row.attempts + 1, "version": monitor.version}
        held |= {"calls": len(definition.scorers)}
        connection.execute(update(ITEM).where(ITEM.c.id == row.id).values(held))
        items.append(
            {
                "project": monitor.project,
                "monitor": monitor.name,
                "version": monitor.version,
                "definition": definition.model_dump(),
                "trace_id": row.trace_id.hex(),
                "span_id": row.span_id.hex(),
                "token": token,
                "attempt": row.attempts + 1,
            }
        )
    return items


def _give_up(connection: Connection, monitor: Row[Any], row: Row[Any]) -> None:
    """A span that takes its worker with it, time after time: an error, like that of a scorer."""
    message = f"the worker was lost {row.attempts} times while it scored this span"
    error = {"error_type": "WorkerLost", "error_message": message}
    _replace_scores(connection, row, {monitor.name: error}, monitor.version, ())
    ended = {"state": "failed", "token": None, "worker": None}
    connection.execute(update(ITEM).where(ITEM.c.id == row.id).values(ended))


def beat(connection: Connection, *, worker: str, lease_s: float) -> None:
    """Let a worker keep what it has, in the caller's transaction."""
    until = time.time_ns() + int(lease_s * 1e9)
    its = (ITEM.c.worker == worker, ITEM.c.state == "leased")
    connection.execute(update(ITEM).where(*its).values(lease_until_ns=until))


def tell(connection: Connection, *, results: Sequence[MonitorResult]) -> list[str]:
    """Keep what came of spans, in the caller's transaction; tokens of those that were lost."""
    lost = []
    for result in results:
        query = select(ITEM).where(ITEM.c.token == result.token)
        row = connection.execute(query).one_or_none()
        if row is None:
            lost.append(result.token)
        elif row.state == "leased":
            _end(connection, row, result)
        # Else it was told before, and the answer did not arrive.
    return lost


def _end(connection: Connection, row: Row[Any], result: MonitorResult) -> None:
    values: dict[str, Any] = {"worker": None, "lease_until_ns": None}
    is_last = row.attempts >= MAX_ATTEMPTS
    if result.outcome == "handed_back":
        values |= {"state": "waiting", "attempts": row.attempts - 1, "claimed_ns": None}
        values |= {"token": None, "calls": 0}
        values |= {"due_ns": time.time_ns() + int(result.pause_s * 1e9)}
    elif result.outcome == "again" and not is_last:
        pause_ns = _PAUSE_NS * 4 ** (row.attempts - 1)
        values |= {"state": "waiting", "due_ns": time.time_ns() + pause_ns, "token": None}
        values |= {"calls": result.calls, "cost_usd": result.cost_usd}
    else:
        said = {
            name: {
                **score.model_dump(include={"value", "label", "is_rate", "reason"}),
                "error_type": score.error and score.error.type,
                "error_message": score.error and score.error.message,
                "scorer_version": result.versions.get(name.partition(".")[0]),
            }
            for name, score in result.scores.items()
        }
        has_failed = any(score.error is not None for score in result.scores.values())
        _replace_scores(connection, row, said, row.version, result.judges)
        values |= {"state": "failed" if has_failed else "scored"}
        values |= {"calls": result.calls, "cost_usd": result.cost_usd}
        well = (MONITOR.c.id == row.monitor_row_id, MONITOR.c.problem.is_not(None))
        connection.execute(update(MONITOR).where(*well).values(problem=None))
    connection.execute(update(ITEM).where(ITEM.c.id == row.id).values(values))


def _replace_scores(
    connection: Connection,
    row: Row[Any],
    said: dict[str, dict[str, Any]],
    version: int,
    judges: Collection[str],
) -> None:
    """What is said of a span now stands for what was said of it before."""
    of_span = (
        SCORE.c.monitor_row_id == row.monitor_row_id,
        SCORE.c.trace_id == row.trace_id,
        SCORE.c.span_id == row.span_id,
    )
    connection.execute(delete(SCORE).where(*of_span))
    same = {"monitor_row_id": row.monitor_row_id, "project_id": row.project_id}
    same |= {"trace_id": row.trace_id, "span_id": row.span_id, "start_ns": row.start_ns}
    same |= {"version": version, "scored_ns": time.time_ns(), "is_rate": False}
    rows = [{**_EMPTY, **same, **score, "name": name} for name, score in said.items()]
    if rows:
        connection.execute(insert(SCORE), rows)
    name = connection.scalar(select(MONITOR.c.name).where(MONITOR.c.id == row.monitor_row_id))
    replace_feedback(connection, row, str(name), said, judges)


_EMPTY = dict.fromkeys(
    ("value", "label", "reason", "error_type", "error_message", "scorer_version")
)
