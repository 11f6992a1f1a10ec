"""What monitors said of spans, in lists; on the spans themselves it stands as feedback."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_

from weave_core.errors import BadRequest
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.queries.monitors import MONITOR, MONITORS, SCORE

__all__ = ["ScoreList", "list_scores"]

_SHOWN = (
    *(MONITOR.c.name.label("monitor"), SCORE.c.name, SCORE.c.trace_id, SCORE.c.span_id),
    *(SCORE.c.value, SCORE.c.label, SCORE.c.is_rate, SCORE.c.reason, SCORE.c.error_type),
    *(SCORE.c.error_message, SCORE.c.version, SCORE.c.scorer_version),
    *(SCORE.c.start_ns.label("started_ns"), SCORE.c.scored_ns),
)
_ORDERS = ("-started_ns", "value", "-value")


@dataclass(frozen=True)
class ScoreList:
    """What is asked of a list of scores."""

    name: str | None
    """Of the scorer; None: of all."""
    order_by: str
    is_error: bool | None


def list_scores(
    connection: Connection,
    project: str,
    monitor: str,
    asked: ScoreList,
    *,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of what a monitor said; ordered by value, those without one are left out.

    Raises:
        NotFound: If there is no such project, or no such monitor in it.
        BadRequest: If it has no such order.
        BadCursor: If the cursor is not one of this list.
    """
    if asked.order_by not in _ORDERS:
        raise BadRequest(
            f"scores can't be ordered by {asked.order_by[:60]!r}",
            "by -started_ns, value (worst first) or -value",
        )
    row = MONITORS.get(connection, project, monitor)
    order = asked.order_by
    column = SCORE.c.start_ns if order == "-started_ns" else SCORE.c.value
    tie = (SCORE.c.trace_id, SCORE.c.span_id, SCORE.c.name)
    query = select(*_SHOWN).select_from(SCORE).join(MONITOR, MONITOR.c.id == SCORE.c.monitor_row_id)
    query = query.where(SCORE.c.monitor_row_id == row.id)
    if asked.name is not None:
        query = query.where(SCORE.c.name == asked.name)
    if asked.is_error is not None:
        is_error = SCORE.c.error_type.is_not(None)
        query = query.where(is_error if asked.is_error else ~is_error)
    if order != "-started_ns":
        query = query.where(SCORE.c.value.is_not(None))
    list_name = f"scores of monitor {row.id}"
    if cursor is not None:
        place = decode_cursor(cursor, list_name, order, types=(int, float), tie_type=str)
        trace_id, span_id, name = str(place.tie).split(" ", 2)
        there = tuple_(place.value, bytes.fromhex(trace_id), bytes.fromhex(span_id), name)
        here = tuple_(column, *tie)
        query = query.where(here < there if order.startswith("-") else here > there)
    sorting = (column, *tie)
    query = query.order_by(*(each.desc() if order.startswith("-") else each for each in sorting))
    rows = connection.execute(query.limit(limit + 1)).all()
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        value = last.started_ns if order == "-started_ns" else last.value
        ids = f"{last.trace_id.hex()} {last.span_id.hex()} {last.name}"
        following = encode_cursor(list_name, order, Place(value, ids))
    return {"items": [_score(each) for each in rows[:limit]], "next_cursor": following}


def _score(row: Any) -> dict[str, Any]:
    ids = {"trace_id": row.trace_id.hex(), "span_id": row.span_id.hex()}
    return {**row._mapping, **ids}  # noqa: SLF001  # SQLAlchemy's own name for a public thing.
