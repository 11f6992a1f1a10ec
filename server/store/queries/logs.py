"""Questions about log records."""

from typing import Any

from sqlalchemy import Connection, select, tuple_

from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.payloads import read_values, unpack, unpack_origin
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.spans import read_id
from weave_core.server.store.tables import OriginRow, table_of
from weave_core.server.store.telemetry_tables import LogRecordRow

__all__ = ["list_logs"]

_LOG, _ORIGIN = table_of(LogRecordRow), table_of(OriginRow)
_LIST, _ORDER = "logs", "-time_ns"


def list_logs(  # The parts of a list's address.
    connection: Connection,
    project: str,
    *,
    trace_id: str | None,
    span_id: str | None,
    min_severity: int,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of LogRecord, newest first: one range of the index `newest_logs` or `logs_of_span`.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If an id is no hex; BadCursor likewise.
    """
    query = (
        select(
            *(_LOG.c.id, _LOG.c.time_ns, _LOG.c.severity_number, _LOG.c.event_name),
            *(_LOG.c.trace_id, _LOG.c.span_id, _LOG.c.body, _ORIGIN.c.body),
        )
        .select_from(_LOG.join(_ORIGIN, _ORIGIN.c.id == _LOG.c.origin_id))
        .where(_LOG.c.project_id == get_project_id(connection, project))
        .order_by(_LOG.c.time_ns.desc(), _LOG.c.id.desc())
        .limit(limit + 1)
    )
    if trace_id is not None:
        query = query.where(_LOG.c.trace_id == read_id(trace_id, "trace_id", 16))
    if span_id is not None:
        query = query.where(_LOG.c.span_id == read_id(span_id, "span_id", 8))
    if min_severity:
        query = query.where(_LOG.c.severity_number >= min_severity)
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, _ORDER, types=(int,), tie_type=int)
        query = query.where(tuple_(_LOG.c.time_ns, _LOG.c.id) < tuple_(place.value, place.tie))
    rows = connection.execute(query).all()
    has_more = len(rows) > limit
    return {
        "items": [_shape(row) for row in rows[:limit]],
        "next_cursor": encode_cursor(_LIST, _ORDER, Place(rows[limit - 1][1], rows[limit - 1][0]))
        if has_more
        else None,
    }


def _shape(row: Any) -> dict[str, Any]:
    _, time_ns, severity_number, event_name, trace_id, span_id, body, origin_body = row
    severity, _, said, attributes, observed_ns, dropped = read_values(unpack(body))
    origin = unpack_origin(origin_body)
    return {
        "time_ns": time_ns,
        "observed_ns": observed_ns or None,
        "severity": severity or _severity_name(severity_number),
        "severity_number": severity_number,
        "event_name": event_name,
        "body": said,
        "attributes": attributes,
        "trace_id": trace_id.hex() if trace_id else None,
        "span_id": span_id.hex() if span_id else None,
        "resource": origin.resource,
        "scope": {"name": origin.scope_name, "version": origin.scope_version},
        "dropped_attributes": dropped,
    }


def _severity_name(number: int) -> str:
    """The name of a severity's range of four (OpenTelemetry logs data model)."""
    if number < 1:
        return ""
    return ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")[min((number - 1) // 4, 5)]
