"""Spans as they were sent, read back by row id, with the events that came as log records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.payloads import read_span, unpack_origin
from weave_core.server.store.span_events import add_log_events, has_logs
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.tables import OriginRow, table_of

__all__ = ["SentSpans", "SpanKey", "read_sent_spans"]

_ORIGIN = table_of(OriginRow)
_IN_LIST = 500
"""Values in one IN: below the smallest bound of any SQLite."""


class SpanKey(NamedTuple):
    """What lies beside a span's payload, in columns of its row."""

    id: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    origin_id: int


class SentSpans:
    """Reads spans for one answer; blocks and origins are opened once for those that share them.

    Args:
        connection: In the snapshot of the query.
        has_log_events: Whether events that came as log records are among a span's events.
    """

    def __init__(self, connection: Connection, *, has_log_events: bool = True) -> None:
        self._connection = connection
        # The two questions for them took a tenth of a trace's time.
        self._has_log_events = has_log_events and has_logs(connection)
        self._stored = texts_in(connection)
        self._origins: dict[int, RawOrigin] = {}

    def read(self, keys: Sequence[SpanKey]) -> Iterator[tuple[int, RawSpan]]:
        """Row id and span of each of `keys`, a few hundred in memory at a time."""
        for start in range(0, len(keys), _IN_LIST):
            chunk = {key.id: key for key in keys[start : start + _IN_LIST]}
            self._add_origins({key.origin_id for key in chunk.values()})
            found: dict[int, RawSpan] = {}
            for row_id, text in self._stored.find(list(chunk)):
                _, trace_id, span_id, parent_id, origin_id = chunk[row_id]
                found[row_id] = read_span(
                    text,
                    trace_id=trace_id,
                    span_id=span_id,
                    parent_id=parent_id,
                    origin=self._origins[origin_id],
                )
            if self._has_log_events:
                add_log_events(self._connection, found)
            yield from found.items()

    def _add_origins(self, wanted: Iterable[int]) -> None:
        missing = sorted(set(wanted) - self._origins.keys())
        for start in range(0, len(missing), _IN_LIST):
            ids = missing[start : start + _IN_LIST]
            query = select(_ORIGIN.c.id, _ORIGIN.c.body).where(_ORIGIN.c.id.in_(ids))
            for origin_id, body in self._connection.execute(query):
                self._origins[origin_id] = unpack_origin(body)


def read_sent_spans(
    connection: Connection, row_ids: Sequence[int], *, has_log_events: bool = True
) -> Iterator[tuple[int, RawSpan]]:
    """Row id and span of each of `row_ids`, for those who have not read its row."""
    spans = SentSpans(connection, has_log_events=has_log_events)
    columns = ", ".join(SpanKey._fields)
    for start in range(0, len(row_ids), _IN_LIST):
        # A statement of numbers alone: bound one by one they took as long as the reading.
        listed = ",".join(str(int(row_id)) for row_id in row_ids[start : start + _IN_LIST])
        query = f"SELECT {columns} FROM span WHERE id IN ({listed})"  # noqa: S608  # Numbers.
        yield from spans.read([SpanKey._make(row) for row in connection.exec_driver_sql(query)])
