"""Fill the payload of spans: what was sent, and what the normaliser reads out of it today."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from weave_core.model import OTEL_KINDS
from weave_core.server.normalise import content, skeleton
from weave_core.server.otlp.records import RawSpan
from weave_core.server.store.previews import read_previews
from weave_core.server.store.sent_spans import read_sent_spans

__all__ = ["add_payloads", "add_previews"]

_PREVIEWS = ("input_preview", "output_preview")


def add_payloads(
    connection: Connection, shapes: Mapping[int, dict[str, Any]], *, has_previews: bool
) -> None:
    """Put the payload into `shapes`, which are Spans by their row id.

    Args:
        connection: In the snapshot of the query.
        shapes: What is filled.
        has_previews: Fill them in too, where the row did not.
    """
    for row_id, raw in read_sent_spans(connection, list(shapes)):
        shape = shapes[row_id]
        _fill_sent(shape, raw)
        _fill_read(shape, raw)
        if has_previews and all(shape[name] is None for name in _PREVIEWS):
            read = skeleton(raw)
            shape["input_preview"], shape["output_preview"] = (
                read.input_preview,
                read.output_preview,
            )


def add_previews(connection: Connection, shapes: Mapping[int, dict[str, Any]]) -> None:
    """Put the previews into `shapes`, Spans by their row id whose rows have none."""
    for row_id, previews in read_previews(connection, list(shapes)).items():
        shapes[row_id]["input_preview"], shapes[row_id]["output_preview"] = previews


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
        {
            "name": event.name,
            "time_ns": event.time_ns,
            "attributes": event.attributes,
            "dropped_attributes": event.dropped_attributes,
        }
        for event in raw.events
    ]
    shape["links"] = [
        {
            "trace_id": link.trace_id.hex(),
            "span_id": link.span_id.hex(),
            "attributes": link.attributes,
            "trace_state": link.trace_state,
            "flags": link.flags,
            "dropped_attributes": link.dropped_attributes,
        }
        for link in raw.links
    ]
    shape["resource"] = raw.origin.resource
    origin = raw.origin
    shape["scope"] = {"name": origin.scope_name, "version": origin.scope_version}
    shape["dropped"] = {
        "attributes": raw.dropped_attributes,
        "events": raw.dropped_events,
        "links": raw.dropped_links,
    }
    shape["otel"] = {
        "kind": OTEL_KINDS[raw.otel_kind],
        "flags": raw.flags,
        "trace_state": raw.trace_state,
        "scope_attributes": origin.scope_attributes,
        "scope_schema_url": origin.schema_url,
        "dropped_of_scope": origin.dropped_of_scope,
        "resource_schema_url": origin.resource_schema_url,
        "dropped_of_resource": origin.dropped_of_resource,
        "entities": origin.entities,
    }
