"""Trace requests in OTLP/JSON to records: the same result as from protobuf.

What is wrong with the envelope refuses the request; what is wrong with one span refuses that span.
"""

from typing import Any

from weave_core.errors import BadRequest
from weave_core.server.otlp.json_fields import (
    MAX_UINT32,
    MAX_UINT64,
    MismatchError,
    read_attributes,
    read_body,
    read_child,
    read_dict,
    read_each,
    read_enum,
    read_hex,
    read_integer,
    read_list,
    read_text,
)
from weave_core.server.otlp.protobuf import invalid_id, parent_or_none
from weave_core.server.otlp.records import RawEvent, RawLink, RawOrigin, RawSpan
from weave_core.server.otlp.requests import TraceRequest, project_name

__all__ = ["decode_json_traces"]

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


def decode_json_traces(body: bytes, header_project: str | None = None) -> TraceRequest:
    """The spans of an `ExportTraceServiceRequest` in JSON.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    message = read_body(body)
    request = TraceRequest()
    try:
        for resource_spans in read_list(message, "resourceSpans"):
            _decode_resource_spans(
                request, read_dict(resource_spans, "resourceSpans"), header_project
            )
    except MismatchError as error:
        raise BadRequest(
            f"the body is no ExportTraceServiceRequest: {error}",
            'OTLP/JSON looks like {"resourceSpans": [{"scopeSpans": [{"spans": [...]}]}]}',
        ) from error
    return request


def _decode_resource_spans(
    request: TraceRequest, resource_spans: dict[str, Any], header_project: str | None
) -> None:
    resource = read_attributes(read_child(resource_spans, "resource"))
    spans = request.spans.setdefault(project_name(resource, header_project), [])
    for scope_spans in read_list(resource_spans, "scopeSpans"):
        holder = read_dict(scope_spans, "scopeSpans")
        scope = read_child(holder, "scope")
        origin = RawOrigin(
            resource=resource,
            scope_name=read_text(scope, "name"),
            scope_version=read_text(scope, "version"),
            scope_attributes=read_attributes(scope),
            schema_url=read_text(holder, "schemaUrl"),
            resource_schema_url=read_text(resource_spans, "schemaUrl"),
        )
        for item in read_list(holder, "spans"):
            span = read_dict(item, "a span")
            try:
                spans.append(_span(span, origin))
            except MismatchError as error:
                request.reject(f"span {str(span.get('name'))[:200]!r}: {error}")


def _span(span: dict[str, Any], origin: RawOrigin) -> RawSpan:
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
        events=read_each(span, "events", _event),
        links=read_each(span, "links", _link),
        origin=origin,
        trace_state=read_text(span, "traceState"),
        dropped_attributes=read_integer(span, "droppedAttributesCount", 0, MAX_UINT32),
        dropped_events=read_integer(span, "droppedEventsCount", 0, MAX_UINT32),
        dropped_links=read_integer(span, "droppedLinksCount", 0, MAX_UINT32),
    )


def _event(event: dict[str, Any]) -> RawEvent:
    time_ns = read_integer(event, "timeUnixNano", 0, MAX_UINT64)
    return RawEvent(read_text(event, "name"), time_ns, read_attributes(event))


def _link(link: dict[str, Any]) -> RawLink:
    return RawLink(
        read_hex(link, "traceId"),
        read_hex(link, "spanId"),
        read_attributes(link),
        read_text(link, "traceState"),
    )
