"""A trace as columns: the question behind the app's tree.

The work a span costs here is what a browser waits for, so there is no dict a span, no payload and
no name repeated 50,000 times.
"""

from typing import Any

from sqlalchemy import Connection, case, func, select

from weave_core.errors import NotFound
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.spans import read_id
from weave_core.server.store.queries.traces import (
    MAX_TRACE_SPANS,
    from_place,
    next_place,
    trace_summary,
)
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["get_tree"]

_NS_PER_MS = 1_000_000
_SPAN = table_of(SpanRow)
_INPUT, _OUTPUT = _SPAN.c.input_tokens, _SPAN.c.output_tokens
_COLUMNS = {
    "span_id": _SPAN.c.span_id,
    "parent_span_id": _SPAN.c.parent_id,
    "name": func.coalesce(_SPAN.c.display_name, _SPAN.c.name),
    "kind": _SPAN.c.kind,
    "status": _SPAN.c.status,
    "started_ns": _SPAN.c.start_ns,
    "duration_ms": _SPAN.c.duration_ns,
    "model": func.coalesce(_SPAN.c.request_model, _SPAN.c.model),
    "total_tokens": case(
        (_SPAN.c.is_duplicate, None), else_=func.coalesce(_INPUT + _OUTPUT, _INPUT, _OUTPUT)
    ),
    "cost_usd": case((_SPAN.c.is_duplicate, None), else_=_SPAN.c.cost_usd),
}


def get_tree(
    connection: Connection,
    project: str,
    trace_id: str,
    *,
    limit: int = MAX_TRACE_SPANS,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A trace's summary and its spans as columns in start order, by the index `span_identity`.

    Raises:
        NotFound: If project or trace is not stored.
        BadRequest: If the id is no hex; BadCursor likewise.
    """
    raw_id = read_id(trace_id, "trace_id", 16)
    project_id = get_project_id(connection, project)
    query = (
        select(*_COLUMNS.values(), _SPAN.c.start_ns, _SPAN.c.id)
        .where(_SPAN.c.project_id == project_id, _SPAN.c.trace_id == raw_id)
        # As in `get_trace`: the index of a trace, then a sort of its few rows.
        .order_by(_SPAN.c.start_ns + 0, _SPAN.c.id)
    )
    rows = connection.execute(from_place(query, trace_id, cursor).limit(limit + 1)).all()
    if not rows and cursor is None:
        raise NotFound(
            f"there is no trace {trace_id!r} in project {project!r}",
            "it may be in another project, or not have arrived yet",
        )
    lists = zip(*(row[: len(_COLUMNS)] for row in rows[:limit]), strict=True) if rows else []
    columns: dict[str, Any] = dict.fromkeys(_COLUMNS, ()) | dict(zip(_COLUMNS, lists, strict=False))
    columns["span_id"] = [each.hex() for each in columns["span_id"]]
    columns["parent_span_id"] = [each.hex() if each else None for each in columns["parent_span_id"]]
    columns["duration_ms"] = [
        None if each is None else each / _NS_PER_MS for each in columns["duration_ms"]
    ]
    return {
        "trace": trace_summary(connection, project, project_id, raw_id),
        "columns": columns,
        "next_cursor": next_place(rows, trace_id, limit),
    }
