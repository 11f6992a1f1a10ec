"""Questions about log records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, select, tuple_

from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.store.log_values import read_log
from weave_core.server.store.payloads import unpack, unpack_origin
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.spans import read_id
from weave_core.server.store.queries.stats import Period
from weave_core.server.store.tables import OriginRow, table_of
from weave_core.server.store.telemetry_tables import LogRecordRow

__all__ = ["MAX_LOG_WORDS", "MAX_LOOKED_THROUGH", "LogFilter", "list_logs"]

MAX_LOOKED_THROUGH = 20_000
"""Log records that one answer looks through for a text; `next_cursor` goes on behind them."""
MAX_LOG_WORDS = 500
"""Longest text to look for in log records, in characters."""
_LOG, _ORIGIN = table_of(LogRecordRow), table_of(OriginRow)
_LIST, _ORDER = "logs", "-time_ns"
_BITE = 1_000


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """Which log records; what is None lets all pass."""

    trace_id: str | None = None
    span_id: str | None = None
    min_severity: int = 0
    text: str | None = None
    """Somewhere in severity, event name, body or attributes, in small letters or large ones."""
    period: Period


def list_logs(
    connection: Connection, project: str, wanted: LogFilter, *, limit: int, cursor: str | None
) -> dict[str, Any]:
    """A page of LogRecord, newest first: one range of the index `newest_logs` or `logs_of_span`.

    With a text the bodies are looked through, at most `MAX_LOOKED_THROUGH` for one page: it may
    hold fewer than `limit`, or none, and still have a `next_cursor` behind which there is more.

    Raises:
        NotFound: If there is no such project.
        BadRequest: If an id is no hex; BadCursor likewise.
    """
    query = _matching(get_project_id(connection, project), wanted)
    place = None
    if cursor is not None:
        place = decode_cursor(cursor, _LIST, _ORDER, types=(int,), tie_type=int)
    needle = _as_stored(wanted.text) if wanted.text else None
    found: list[Any] = []
    last: Any = None
    for looked, row in enumerate(
        _rows(connection, query, place, limit + 1 if not needle else _BITE)
    ):
        is_full = len(found) == limit or looked == MAX_LOOKED_THROUGH
        if is_full:
            after = Place(last.time_ns, last.id)
            return {"items": found, "next_cursor": encode_cursor(_LIST, _ORDER, after)}
        last = row
        body = unpack(row.body)
        if needle is None or needle in body.decode("utf-8", "replace").casefold():
            found.append(_shape(row, body))
    return {"items": found, "next_cursor": None}


def _matching(project_id: int, wanted: LogFilter) -> Select[Any]:
    """The records that pass all but the text, newest first."""
    query = (
        select(
            *(_LOG.c.id, _LOG.c.time_ns, _LOG.c.severity_number, _LOG.c.event_name),
            *(_LOG.c.trace_id, _LOG.c.span_id, _LOG.c.body, _ORIGIN.c.body.label("origin")),
        )
        .select_from(_LOG.join(_ORIGIN, _ORIGIN.c.id == _LOG.c.origin_id))
        .where(_LOG.c.project_id == project_id)
        .order_by(_LOG.c.time_ns.desc(), _LOG.c.id.desc())
    )
    if wanted.trace_id is not None:
        query = query.where(_LOG.c.trace_id == read_id(wanted.trace_id, "trace_id", 16))
    if wanted.span_id is not None:
        query = query.where(_LOG.c.span_id == read_id(wanted.span_id, "span_id", 8))
    if wanted.min_severity:
        query = query.where(_LOG.c.severity_number >= wanted.min_severity)
    if wanted.period.from_ns is not None:
        query = query.where(_LOG.c.time_ns >= wanted.period.from_ns)
    if wanted.period.to_ns is not None:
        query = query.where(_LOG.c.time_ns < wanted.period.to_ns)
    return query


def _rows(
    connection: Connection, query: Select[Any], place: Place | None, bite: int
) -> Iterator[Row[Any]]:
    """What `query` gives after `place`, read a bite at a time: few readers want all of it."""
    while True:
        asked = query
        if place is not None:
            asked = query.where(tuple_(_LOG.c.time_ns, _LOG.c.id) < tuple_(place.value, place.tie))
        rows = connection.execute(asked.limit(bite)).all()
        yield from rows
        if len(rows) < bite:
            return
        place = Place(rows[-1].time_ns, rows[-1].id)


def _as_stored(text: str) -> str:
    """`text` as it stands inside a JSON text, in small letters."""
    return orjson.dumps(text).decode()[1:-1].casefold()


def _shape(row: Any, body: bytes) -> dict[str, Any]:
    _, time_ns, severity_number, event_name, trace_id, span_id, _, origin_body = row
    said = read_log(body)
    origin = unpack_origin(origin_body)
    return {
        "time_ns": time_ns,
        "observed_ns": said.observed_ns or None,
        "severity": said.severity_text or _severity_name(severity_number),
        "severity_number": severity_number,
        "event_name": event_name,
        "body": said.body,
        "attributes": said.attributes,
        "trace_id": trace_id.hex() if trace_id else None,
        "span_id": span_id.hex() if span_id else None,
        "resource": origin.resource,
        "scope": {"name": origin.scope_name, "version": origin.scope_version},
        "dropped_attributes": said.dropped_attributes,
        "flags": said.flags,
    }


def _severity_name(number: int) -> str:
    """The name of a severity's range of four (OpenTelemetry logs data model)."""
    if number < 1:
        return ""
    return ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")[min((number - 1) // 4, 5)]
