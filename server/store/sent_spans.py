"""Spans as they were sent, read back by row id, with the events that came as log records."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.dictionaries import find_dictionary
from weave_core.server.store.payloads import Dictionary, unpack_origin, unpack_span
from weave_core.server.store.span_events import add_log_events
from weave_core.server.store.tables import OriginRow, SpanPayloadRow, SpanRow, table_of

__all__ = ["read_sent_spans"]

_SPAN, _PAYLOAD, _ORIGIN = table_of(SpanRow), table_of(SpanPayloadRow), table_of(OriginRow)
_IN_LIST = 500
"""Values in one IN: below the smallest bound of any SQLite."""


def read_sent_spans(
    connection: Connection, row_ids: Sequence[int], *, has_log_events: bool = True
) -> Iterator[tuple[int, RawSpan]]:
    """Row id and span of each of `row_ids`, a few hundred in memory at a time."""
    origins: dict[int, RawOrigin] = {}
    dictionaries: dict[int | None, Dictionary | None] = {}
    for chunk in _chunks(row_ids):
        query = (
            select(
                _PAYLOAD.c.span_row_id,
                _PAYLOAD.c.dictionary_id,
                _PAYLOAD.c.body,
                _SPAN.c.trace_id,
                _SPAN.c.span_id,
                _SPAN.c.parent_id,
                _SPAN.c.origin_id,
            )
            .select_from(_PAYLOAD.join(_SPAN, _SPAN.c.id == _PAYLOAD.c.span_row_id))
            .where(_PAYLOAD.c.span_row_id.in_(chunk))
        )
        rows = connection.execute(query).all()
        _add_origins(connection, origins, {row[6] for row in rows} - origins.keys())
        for dictionary_id in {row[1] for row in rows} - dictionaries.keys():
            dictionaries[dictionary_id] = find_dictionary(connection, dictionary_id)
        found: dict[int, RawSpan] = {}
        for row_id, dictionary_id, body, trace_id, span_id, parent_id, origin_id in rows:
            found[row_id] = unpack_span(
                body,
                trace_id=trace_id,
                span_id=span_id,
                parent_id=parent_id,
                origin=origins[origin_id],
                dictionary=dictionaries[dictionary_id],
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
