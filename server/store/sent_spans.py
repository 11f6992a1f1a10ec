"""Spans as they were sent, read back by row id, with the events that came as log records."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.payloads import read_span, unpack_origin
from weave_core.server.store.span_events import add_log_events
from weave_core.server.store.stored_texts import texts_in
from weave_core.server.store.tables import OriginRow, table_of

__all__ = ["read_sent_spans"]

_ORIGIN = table_of(OriginRow)
_IDS = "id, trace_id, span_id, parent_id, origin_id"
_IN_LIST = 500
"""Values in one IN: below the smallest bound of any SQLite."""


def read_sent_spans(
    connection: Connection, row_ids: Sequence[int], *, has_log_events: bool = True
) -> Iterator[tuple[int, RawSpan]]:
    """Row id and span of each of `row_ids`, a few hundred in memory at a time."""
    origins: dict[int, RawOrigin] = {}
    stored = texts_in(connection)
    for chunk in _chunks(row_ids):
        # A statement of numbers alone: bound one by one they took as long as the reading.
        listed = ",".join(str(int(row_id)) for row_id in chunk)
        query = f"SELECT {_IDS} FROM span WHERE id IN ({listed})"  # noqa: S608  # Numbers.
        rows = {row[0]: row for row in connection.exec_driver_sql(query).all()}
        _add_origins(connection, origins, {row[4] for row in rows.values()} - origins.keys())
        found: dict[int, RawSpan] = {}
        for row_id, text in stored.find(list(rows)):
            _, trace_id, span_id, parent_id, origin_id = rows[row_id]
            found[row_id] = read_span(
                text,
                trace_id=trace_id,
                span_id=span_id,
                parent_id=parent_id,
                origin=origins[origin_id],
            )
        if has_log_events:
            add_log_events(connection, found)
        yield from found.items()


def _add_origins(connection: Connection, origins: dict[int, RawOrigin], missing: set[int]) -> None:
    for ids in _chunks(sorted(missing)):
        query = select(_ORIGIN.c.id, _ORIGIN.c.body).where(_ORIGIN.c.id.in_(ids))
        for origin_id, body in connection.execute(query):
            origins[origin_id] = unpack_origin(body)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _IN_LIST):
        yield ids[start : start + _IN_LIST]
