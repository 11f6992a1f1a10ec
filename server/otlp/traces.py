"""Trace requests in protobuf and in OTLP/JSON to records.

What is wrong with the envelope refuses the request; what is wrong with one span refuses that span.
"""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from weave_core.server.otlp.envelopes import TRACES, json_items, protobuf_items
from weave_core.server.otlp.json_fields import (
    MAX_UINT32,
    MAX_UINT64,
    MismatchError,
    read_attributes,
    read_child,
    read_each,
    read_enum,
    read_hex,
    read_integer,
    read_text,
)
from weave_core.server.otlp.protobuf_values import attribute_dict
from weave_core.server.otlp.records import RawEvent, RawLink, RawOrigin, RawSpan
from weave_core.server.otlp.requests import WHOLE, Share, TraceRequest

__all__ = ["decode_json_traces", "decode_traces", "invalid_id", "parent_or_none"]

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_NO_TRACE = bytes(_TRACE_ID_BYTES)
_NO_SPAN = bytes(_SPAN_ID_BYTES)
# Senders must write numbers; protobuf's own JSON printer writes names.
_KINDS = {
    "SPAN_KIND_UNSPECIFIED": 0,
    "SPAN_KIND_INTERNAL": 1,
    "SPAN_KIND_SERVER": 2,
    "SPAN_KIND_CLIENT": 3,
    "SPAN_KIND_PRODUCER": 4,
    "SPAN_KIND_CONSUMER": 5,
}
_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


def decode_traces(
    body: bytes, header_project: str | None = None, *, share: Share = WHOLE
) -> TraceRequest:
    """The spans of an `ExportTraceServiceRequest`.

    Args:
        body: All of it.
        header_project: As in `project_name`.
        share: Of the spans; those that the parser can't read are told with the first ones.

    Raises:
        BadRequest: If `body` is none; says what the parser met.
    """
    request = TraceRequest()
    items = protobuf_items(ExportTraceServiceRequest, body, TRACES, header_project, request)
    placed = share.of(items)
    if share.first:
        request = TraceRequest()
    for project, origin, span in placed:
        reason = invalid_id(span.trace_id, span.span_id)
        if reason:
            request.reject(f"span {span.name[:200]!r}: {reason}")
        else:
            request.spans.setdefault(project, []).append(_span(span, origin))
    return request


def decode_json_traces(
    body: bytes, header_project: str | None = None, *, share: Share = WHOLE
) -> TraceRequest:
    """The spans of an `ExportTraceServiceRequest` in JSON.

    Args:
        body: All of it.
        header_project: As in `project_name`.
        share: Of the spans.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    request = TraceRequest()
    for project, origin, span in share.of(json_items(body, TRACES, header_project)):
        try:
            request.spans.setdefault(project, []).append(_json_span(span, origin))
        except MismatchError as error:
            request.reject(f"span {str(span.get('name'))[:200]!r}: {error}")
    return request


def invalid_id(trace_id: bytes, span_id: bytes) -> str:
    """What is wrong with a span's ids; empty when they are right."""
    if len(trace_id) != _TRACE_ID_BYTES:
        return f"its trace_id has {len(trace_id)} bytes instead of {_TRACE_ID_BYTES}"
    if len(span_id) != _SPAN_ID_BYTES:
        return f"its span_id has {len(span_id)} bytes instead of {_SPAN_ID_BYTES}"
    if trace_id == _NO_TRACE:
        return "its trace_id is all zero"
    if span_id == _NO_SPAN:
        return "its span_id is all zero"
    return ""


def parent_or_none(parent_id: bytes) -> bytes | None:
    """A parent's id; None for a root, which senders write as empty or all zero."""
    return parent_id if len(parent_id) == _SPAN_ID_BYTES and parent_id != _NO_SPAN else None


def _span(span: Any, origin: RawOrigin) -> RawSpan:
    status = span.status
    return RawSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=parent_or_none(span.parent_span_id),
        name=span.name,
        otel_kind=span.kind if 0 <= span.kind <= 5 else 1,  # noqa: PLR2004  # SpanKind has 0 to 5; the proto says: take unknown ones as internal.
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=status.code if 0 <= status.code <= 2 else 0,  # noqa: PLR2004  # StatusCode has 0 to 2.
        status_message=status.message,
        attributes=attribute_dict(span.attributes),
        events=[
            RawEvent(
                event.name,
                event.time_unix_nano,
                attribute_dict(event.attributes),
                event.dropped_attributes_count,
            )
            for event in span.events
        ],
        links=[
            RawLink(
                link.trace_id,
                link.span_id,
                attribute_dict(link.attributes),
                link.trace_state,
                link.flags,
                link.dropped_attributes_count,
            )
            for link in span.links
        ],
        origin=origin,
        trace_state=span.trace_state,
        dropped_attributes=span.dropped_attributes_count,
        dropped_events=span.dropped_events_count,
        dropped_links=span.dropped_links_count,
        flags=span.flags,
    )


def _json_span(span: dict[str, Any], origin: RawOrigin) -> RawSpan:
    trace_id, span_id = read_hex(span, "traceId"), read_hex(span, "spanId")
    reason = invalid_id(trace_id, span_id)
    if reason:
        raise MismatchError(reason)
    status = read_child(span, "status")
    return RawSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_or_none(read_hex(span, "parentSpanId")),
        name=read_text(span, "name"),
        otel_kind=read_enum(span, "kind", _KINDS, unknown=1),
        start_ns=read_integer(span, "startTimeUnixNano", 0, MAX_UINT64),
        end_ns=read_integer(span, "endTimeUnixNano", 0, MAX_UINT64),
        status_code=read_enum(status, "code", _CODES, unknown=0),
        status_message=read_text(status, "message"),
        attributes=read_attributes(span),
        events=read_each(span, "events", _json_event),
        links=read_each(span, "links", _json_link),
        origin=origin,
        trace_state=read_text(span, "traceState"),
        dropped_attributes=read_integer(span, "droppedAttributesCount", 0, MAX_UINT32),
        dropped_events=read_integer(span, "droppedEventsCount", 0, MAX_UINT32),
        dropped_links=read_integer(span, "droppedLinksCount", 0, MAX_UINT32),
        flags=read_integer(span, "flags", 0, MAX_UINT32),
    )


def _json_event(event: dict[str, Any]) -> RawEvent:
    time_ns = read_integer(event, "timeUnixNano", 0, MAX_UINT64)
    dropped = read_integer(event, "droppedAttributesCount", 0, MAX_UINT32)
    return RawEvent(read_text(event, "name"), time_ns, read_attributes(event), dropped)


def _json_link(link: dict[str, Any]) -> RawLink:
    return RawLink(
        read_hex(link, "traceId"),
        read_hex(link, "spanId"),
        read_attributes(link),
        read_text(link, "traceState"),
        read_integer(link, "flags", 0, MAX_UINT32),
        read_integer(link, "droppedAttributesCount", 0, MAX_UINT32),
    )
