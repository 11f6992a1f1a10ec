"""Fill the payload of spans: what was sent, and what the normaliser reads out of it today."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from weave_core.server.normalise import content
from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.dictionaries import find_dictionary
from weave_core.server.store.payloads import unpack_origin, unpack_span
from weave_core.server.store.tables import OriginRow, SpanPayloadRow, SpanRow, table_of

__all__ = ["add_payloads"]

_SPAN, _PAYLOAD, _ORIGIN = table_of(SpanRow), table_of(SpanPayloadRow), table_of(OriginRow)
_IN_LIST = 500
"""Values in one IN: below the smallest bound of any SQLite."""


def add_payloads(connection: Connection, shapes: Mapping[int, dict[str, Any]]) -> None:
    """Put the payload into `shapes`, which are Spans by their row id."""
    origins: dict[int, RawOrigin] = {}
    for row_ids in _chunks(list(shapes)):
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
            .where(_PAYLOAD.c.span_row_id.in_(row_ids))
        )
        rows = connection.execute(query).all()
        _add_origins(connection, origins, {row[6] for row in rows} - origins.keys())
        for row_id, dictionary_id, body, trace_id, span_id, parent_id, origin_id in rows:
            raw = unpack_span(
                body,
                trace_id=trace_id,
                span_id=span_id,
                parent_id=parent_id,
                origin=origins[origin_id],
                dictionary=find_dictionary(connection, dictionary_id),
            )
            _fill_sent(shapes[row_id], raw)
            _fill_read(shapes[row_id], raw)


def _fill_read(shape: dict[str, Any], raw: RawSpan) -> None:
    """What the normaliser reads: a better one reads old spans better too."""
    read = content(raw)
    shape["inputs"], shape["outputs"] = read.inputs, read.outputs
    shape["messages"] = read.messages
    shape["tools"], shape["tool"] = read.tools, read.tool
    shape["documents"], shape["embedding_inputs"] = read.documents, read.embedding_inputs
    shape["scores"], shape["params"] = read.scores, read.params
    shape["is_stream"], shape["finish_reasons"] = read.is_stream, read.finish_reasons
    shape["metadata"], shape["sources"] = read.metadata, read.sources
    if shape["error"] is not None and read.error is not None:
        shape["error"] = read.error
    shape["model"] = shape["model"] or read.request_model
    shape["response_model"] = read.response_model or shape["response_model"]
    shape["response_id"] = shape["response_id"] or read.response_id


def _fill_sent(shape: dict[str, Any], raw: RawSpan) -> None:
    shape["attributes"] = raw.attributes
    shape["events"] = [
        {"name": event.name, "time_ns": event.time_ns, "attributes": event.attributes}
        for event in raw.events
    ]
    shape["links"] = [
        {
            "trace_id": link.trace_id.hex(),
            "span_id": link.span_id.hex(),
            "attributes": link.attributes,
        }
        for link in raw.links
    ]
    shape["resource"] = raw.origin.resource
    shape["scope"] = {"name": raw.origin.scope_name, "version": raw.origin.scope_version}
    shape["dropped"] = {
        "attributes": raw.dropped_attributes,
        "events": raw.dropped_events,
        "links": raw.dropped_links,
    }


def _add_origins(connection: Connection, origins: dict[int, RawOrigin], missing: set[int]) -> None:
    for ids in _chunks(sorted(missing)):
        query = select(_ORIGIN.c.id, _ORIGIN.c.body).where(_ORIGIN.c.id.in_(ids))
        for origin_id, body in connection.execute(query):
            origins[origin_id] = unpack_origin(body)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _IN_LIST):
        yield ids[start : start + _IN_LIST]
