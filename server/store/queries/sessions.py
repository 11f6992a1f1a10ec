"""Questions about sessions: conversations of several traces."""

from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.filters.previews import TracePreviewText
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.scores import add_scores
from weave_core.server.store.queries.shapes import usage_shape
from weave_core.server.store.tables import TraceRow, table_of

__all__ = ["list_sessions"]

_LIST, _ORDER = "sessions", "-last_ns"
_TRACE = table_of(TraceRow)
_TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning", "audio")


def list_sessions(
    connection: Connection,
    project: str,
    *,
    filter_text: str | None,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of sessions, last used first; a filter speaks of their traces.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadCursor likewise.
    """
    condition = compile_filter(filter_text, TRACES)
    project_id = get_project_id(connection, project)
    ended = _TRACE.c.start_ns + func.coalesce(_TRACE.c.duration_ns, 0)
    query = select(
        _TRACE.c.session_id,
        func.count().label("trace_count"),
        func.sum(_TRACE.c.error_count).label("error_count"),
        func.min(_TRACE.c.start_ns).label("first_ns"),
        func.max(ended).label("last_ns"),
        func.max(_TRACE.c.user_id).label("user_id"),
        func.sum(_TRACE.c.cost_usd).label("cost_usd"),
        *(func.sum(_TRACE.c[f"{name}_tokens"]) for name in _TOKENS),
    ).where(
        _TRACE.c.project_id == project_id,
        _TRACE.c.session_id.is_not(None),
    )
    if condition is not None:
        query = query.where(condition)
    query = query.group_by(_TRACE.c.session_id)
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, _ORDER, types=(int,), tie_type=str)
        last, name = func.max(ended), _TRACE.c.session_id
        query = query.having(or_(last < place.value, and_(last == place.value, name < place.tie)))
    query = query.order_by(func.max(ended).desc(), _TRACE.c.session_id.desc())
    rows = connection.execute(query.limit(limit + 1)).all()
    asked = _asked(connection, project_id, {row[0]: row[3] for row in rows[:limit]})
    items = [
        {
            "session_id": row[0],
            "trace_count": row[1],
            "error_count": row[2],
            "first_ns": row[3],
            "last_ns": row[4],
            "user_id": row[5],
            "input_preview": asked.get(row[0]),
            "tokens": usage_shape(*row[7:]),
            "cost_usd": row[6],
        }
        for row in rows[:limit]
    ]
    add_scores(connection, project_id, "session_id", items)
    is_more = len(rows) > limit
    place_after = Place(items[-1]["last_ns"], items[-1]["session_id"]) if is_more else None
    return {
        "items": items,
        "next_cursor": encode_cursor(_LIST, _ORDER, place_after) if place_after else None,
    }


def _asked(
    connection: Connection, project_id: int, first_ns: dict[str, int]
) -> dict[str, str | None]:
    """What the trace that began a session was asked: a few places of the index `newest_traces`."""
    query = select(_TRACE.c.session_id, _TRACE.c.start_ns, TracePreviewText("input_preview")).where(
        _TRACE.c.project_id == project_id, _TRACE.c.start_ns.in_(sorted(set(first_ns.values())))
    )
    return {
        session_id: preview
        for session_id, start_ns, preview in connection.execute(query)
        if first_ns.get(session_id) == start_ns
    }
