"""Write log records in the writer's transaction: a resend never makes a second row.

GenAI events are kept for their span, at most `MAX_OF_SPAN` records and `MAX_BYTES_OF_SPAN` bytes
each; all other records count against `MAX_OF_PROJECT`.  What goes over a bound is refused by
`partial_success`, since a sender that hears of success believes that it is stored.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from weave_core import semconv
from weave_core.server.normalise import event_of_log
from weave_core.server.otlp.records import RawLog
from weave_core.server.otlp.requests import LogRequest
from weave_core.server.store.dialects import Dialect
from weave_core.server.store.identities import Identities
from weave_core.server.store.log_values import log_json
from weave_core.server.store.payloads import compress, origin_json

__all__ = ["MAX_BYTES_OF_SPAN", "MAX_OF_PROJECT", "MAX_OF_SPAN", "LogInserter"]

MAX_OF_SPAN = 1_000
"""GenAI events kept of one span, and other records kept of it besides."""
MAX_BYTES_OF_SPAN = 16 * 1024 * 1024
"""Compressed bytes of all records of one span."""
MAX_OF_PROJECT = 1_000_000
"""Records kept of one project that are no events of a span."""

_RECOUNT_S = 60.0
"""A full project is counted again after this long: something may have been deleted."""
_MAX_INT = 2**63 - 1
_MAX_NAME = 512
_DIGEST_BYTES = 16
_MAX_PROJECTS_COUNTED = 10_000

_COLUMNS = (
    *("project_id", "digest", "trace_id", "span_id", "response_id", "time_ns"),
    *("severity_number", "event_name", "is_event", "origin_id", "body"),
)
_OF_SPAN = """
SELECT digest, is_event, LENGTH(body) FROM log_record
WHERE project_id = ? AND trace_id = ? AND span_id = ?
"""
_OF_RESPONSE = """
SELECT digest, is_event, LENGTH(body) FROM log_record WHERE project_id = ? AND response_id = ?
"""
_COUNT_PLAIN = "SELECT COUNT(*) FROM log_record WHERE project_id = ? AND NOT is_event"
_PROJECTS = """
SELECT id FROM project
WHERE EXISTS (SELECT 1 FROM log_record WHERE project_id = project.id AND is_event)
"""
_SPANS_WITH_EVENTS = """
INSERT INTO span_dirty (project_id, trace_id, span_id)
SELECT DISTINCT project_id, trace_id, span_id FROM log_record
WHERE project_id = ? AND trace_id = ? AND span_id IS NOT NULL AND is_event
ON CONFLICT DO NOTHING
"""


class _Row(NamedTuple):
    """A row to store, in the order of `_COLUMNS`."""

    project_id: int
    digest: bytes
    trace_id: bytes | None
    span_id: bytes | None
    response_id: str | None
    time_ns: int
    severity_number: int
    event_name: str | None
    is_event: bool
    origin_id: int
    body: bytes


@dataclass(slots=True)
class _Kept:
    """What is stored of one span."""

    digests: set[bytes] = field(default_factory=set)
    counts: Counter[bool] = field(default_factory=Counter)
    size_bytes: int = 0

    def add(self, digest: bytes, *, is_event: bool, size_bytes: int) -> None:
        self.digests.add(digest)
        self.counts[is_event] += 1
        self.size_bytes += size_bytes


class LogInserter:
    """Inserts log records and marks the spans that they speak of; used by one thread."""

    def __init__(self, dialect: Dialect, identities: Identities) -> None:
        self._identities = identities
        nothing = "ON CONFLICT DO NOTHING"
        self._insert = dialect.insert("log_record", _COLUMNS, on_conflict=nothing)
        self._insert_dirty = dialect.insert(
            "span_dirty", ("project_id", "trace_id", "span_id"), on_conflict=nothing
        )
        self._of_span = dialect.sql(_OF_SPAN)
        self._of_response = dialect.sql(_OF_RESPONSE)
        self._count_plain = dialect.sql(_COUNT_PLAIN)
        self._mark_spans = dialect.sql(_SPANS_WITH_EVENTS)
        self._plain_counts: dict[int, tuple[int, float]] = {}
        self._projects_with_events: set[int] | None = None

    def forget(self) -> None:
        """Drop every remembered count, after a transaction that was rolled back."""
        self._plain_counts.clear()
        self._projects_with_events = None

    def write(self, connection: Connection, requests: Sequence[LogRequest]) -> bool:
        """Store the records of `requests`; whether spans wait for the background step.

        What goes over a bound is counted as rejected in its request.
        """
        rows: list[_Row] = []
        refused: list[tuple[LogRequest, str]] = []
        kept: dict[Any, _Kept] = {}
        for request in requests:
            for row in self._rows(connection, request):
                reason = self._refusal(connection, row, kept)
                if reason is None:
                    rows.append(row)
                elif reason:
                    refused.append((request, reason))
        if rows:
            connection.exec_driver_sql(self._insert, [tuple(row) for row in rows])
        marks = {
            (row.project_id, row.trace_id, row.span_id)
            for row in rows
            if row.is_event and row.span_id is not None
        }
        if marks:
            connection.exec_driver_sql(self._insert_dirty, list(marks))
            self._with_events(connection).update(row[0] for row in marks)
        for request, reason in refused:
            request.reject(reason)
        return bool(marks)

    def mark_spans(self, connection: Connection, traces: Iterable[tuple[int, bytes]]) -> None:
        """Mark those spans of `traces`, which have just been stored, whose events came first."""
        known = self._with_events(connection)
        wanted = [(project_id, trace_id) for project_id, trace_id in traces if project_id in known]
        if wanted:
            connection.exec_driver_sql(self._mark_spans, wanted)

    def _with_events(self, connection: Connection) -> set[int]:
        """Projects that have events; for all others storing a span costs nothing more."""
        if self._projects_with_events is None:
            rows = connection.exec_driver_sql(_PROJECTS)
            self._projects_with_events = {row[0] for row in rows}
        return self._projects_with_events

    def _rows(self, connection: Connection, request: LogRequest) -> Iterable[_Row]:
        """Rows of one request; of equal records the second is another one, not a resend."""
        seen: Counter[tuple[int, bytes]] = Counter()
        for project, records in request.records.items():
            if not records:
                continue
            project_id = self._identities.project_id(connection, project)
            origin_ids: dict[int, int] = {}
            for raw in records:
                if id(raw.origin) not in origin_ids:
                    body = origin_json(raw.origin)
                    origin_ids[id(raw.origin)] = self._identities.origin_id(connection, body)
                row = _row(raw, project_id, origin_ids[id(raw.origin)])
                key = (project_id, row.digest)
                seen[key] += 1
                if seen[key] > 1:
                    again = hashlib.sha256(row.digest + seen[key].to_bytes(8, "big")).digest()
                    row = row._replace(digest=again[:_DIGEST_BYTES])
                yield row

    def _refusal(self, connection: Connection, row: _Row, kept: dict[Any, _Kept]) -> str | None:
        """Why `row` can't be kept; None if it can, empty if it is kept already."""
        key = (row.project_id, row.trace_id, row.span_id, row.response_id)
        is_of_span = row.span_id is not None and row.trace_id is not None
        if is_of_span or row.response_id is not None:
            if key not in kept:
                kept[key] = self._kept(connection, row)
            stored = kept[key]
            if row.digest in stored.digests:
                return ""
            if stored.counts[row.is_event] >= MAX_OF_SPAN:
                return f"{_told(row)} has {MAX_OF_SPAN} log records already, which is the limit"
            if stored.size_bytes + len(row.body) > MAX_BYTES_OF_SPAN:
                return f"the log records of {_told(row)} are more than {MAX_BYTES_OF_SPAN} bytes"
            stored.add(row.digest, is_event=row.is_event, size_bytes=len(row.body))
            if row.is_event:
                return None
        if not self._take_plain(connection, row.project_id):
            return f"the project has {MAX_OF_PROJECT} log records already, which is the limit"
        return None

    def _kept(self, connection: Connection, row: _Row) -> _Kept:
        if row.response_id is not None:
            found = connection.exec_driver_sql(self._of_response, (row.project_id, row.response_id))
        else:
            found = connection.exec_driver_sql(
                self._of_span, (row.project_id, row.trace_id, row.span_id)
            )
        kept = _Kept()
        for digest, is_event, size_bytes in found:
            kept.add(digest, is_event=bool(is_event), size_bytes=size_bytes)
        return kept

    def _take_plain(self, connection: Connection, project_id: int) -> bool:
        """Whether the project has room for one more plain record; resends count until recounted."""
        now = time.monotonic()
        count, counted_at = self._plain_counts.get(project_id, (MAX_OF_PROJECT, -_RECOUNT_S))
        if count >= MAX_OF_PROJECT and now - counted_at >= _RECOUNT_S:
            count = connection.exec_driver_sql(self._count_plain, (project_id,)).scalar_one()
            counted_at = now
            if len(self._plain_counts) >= _MAX_PROJECTS_COUNTED:
                self._plain_counts.clear()
        if count >= MAX_OF_PROJECT:
            self._plain_counts[project_id] = (count, counted_at)
            return False
        self._plain_counts[project_id] = (count + 1, counted_at)
        return True


def _row(raw: RawLog, project_id: int, origin_id: int) -> _Row:
    event = event_of_log(raw.event_name, raw.time_ns, raw.attributes, raw.body)
    is_of_span = raw.span_id is not None and raw.trace_id is not None
    response_id = None
    if event is not None and not is_of_span:
        named = event.attributes.get(semconv.GEN_AI_RESPONSE_ID)
        response_id = _stored_text(named) if isinstance(named, str) else None
    name = event.name if event else raw.event_name or raw.attributes.get("event.name")
    time_ns = min(raw.time_ns, _MAX_INT)
    text = log_json(raw, time_ns)
    return _Row(
        project_id=project_id,
        digest=_digest(raw, text, origin_id),
        trace_id=raw.trace_id,
        span_id=raw.span_id,
        response_id=response_id,
        time_ns=time_ns,
        severity_number=raw.severity_number,
        event_name=_stored_text(name) if isinstance(name, str) else None,
        is_event=event is not None and (is_of_span or response_id is not None),
        origin_id=origin_id,
        body=compress([text])[0],
    )


def _digest(raw: RawLog, text: bytes, origin_id: int) -> bytes:
    head = orjson.dumps(
        [
            raw.trace_id.hex() if raw.trace_id else None,
            raw.span_id.hex() if raw.span_id else None,
            raw.time_ns,
            raw.severity_number,
            origin_id,
        ]
    )
    return hashlib.sha256(head + text).digest()[:_DIGEST_BYTES]


def _stored_text(text: str) -> str | None:
    """A name that every database takes."""
    return text.replace("\0", "")[:_MAX_NAME] or None


def _told(row: _Row) -> str:
    if row.span_id is not None:
        return f"span {row.span_id.hex()}"
    return f"the reply {row.response_id!r}"
