"""Spans and log records as lines of OTLP/JSON, as OpenTelemetry's collector writes files.

Each line is one export request of one origin, `resourceSpans` or `resourceLogs`; types are kept,
so that reading it back gives the same span.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from weave_core.server.otlp.records import OddDouble, RawLink, RawLog, RawOrigin, RawSpan

__all__ = ["log_lines", "span_lines"]

_LINE_BYTES = 512 * 1024
"""A line ends with the item that reaches this."""


def span_lines(spans: Iterable[RawSpan]) -> Iterator[bytes]:
    """Lines that hold `spans`."""
    items = ((raw.origin, _span(raw)) for raw in spans)
    return _lines(items, "resourceSpans", "scopeSpans", "spans")


def log_lines(logs: Iterable[RawLog]) -> Iterator[bytes]:
    """Lines that hold `logs`."""
    items = ((raw.origin, _log(raw)) for raw in logs)
    return _lines(items, "resourceLogs", "scopeLogs", "logRecords")


def _lines(
    items: Iterable[tuple[RawOrigin, dict[str, Any]]], outer: str, middle: str, inner: str
) -> Iterator[bytes]:
    waiting: dict[int, tuple[RawOrigin, list[bytes], int]] = {}
    for origin, item in items:
        encoded = orjson.dumps(item)
        _, parts, size_bytes = waiting.get(id(origin), (origin, [], 0))
        parts.append(encoded)
        size_bytes += len(encoded)
        if size_bytes >= _LINE_BYTES:
            yield _line(origin, parts, outer, middle, inner)
            waiting.pop(id(origin), None)
        else:
            waiting[id(origin)] = (origin, parts, size_bytes)
    for origin, parts, _ in waiting.values():
        yield _line(origin, parts, outer, middle, inner)


def _line(origin: RawOrigin, parts: list[bytes], outer: str, middle: str, inner: str) -> bytes:
    scope = {
        "name": origin.scope_name,
        "version": origin.scope_version,
        "attributes": _attributes(origin.scope_attributes),
        "droppedAttributesCount": origin.dropped_of_scope,
    }
    scoped = {
        "scope": _said(scope),
        inner: orjson.Fragment(b"[" + b",".join(parts) + b"]"),
        "schemaUrl": origin.schema_url,
    }
    resource = {
        "attributes": _attributes(origin.resource),
        "droppedAttributesCount": origin.dropped_of_resource,
        "entityRefs": origin.entities,
    }
    whole = {
        "resource": _said(resource),
        middle: [scoped],
        "schemaUrl": origin.resource_schema_url,
    }
    return orjson.dumps({outer: [whole]}) + b"\n"


def _span(raw: RawSpan) -> dict[str, Any]:
    span = {
        "traceId": raw.trace_id.hex(),
        "spanId": raw.span_id.hex(),
        "parentSpanId": raw.parent_id.hex() if raw.parent_id else None,
        "traceState": raw.trace_state,
        "name": raw.name,
        "kind": raw.otel_kind,
        "startTimeUnixNano": str(raw.start_ns),
        "endTimeUnixNano": str(raw.end_ns),
        "attributes": _attributes(raw.attributes),
        "droppedAttributesCount": raw.dropped_attributes,
        "events": [
            _said(
                {
                    "timeUnixNano": str(event.time_ns),
                    "name": event.name,
                    "attributes": _attributes(event.attributes),
                    "droppedAttributesCount": event.dropped_attributes,
                }
            )
            for event in raw.events
        ],
        "droppedEventsCount": raw.dropped_events,
        "links": [_link(link) for link in raw.links],
        "droppedLinksCount": raw.dropped_links,
        "status": {"code": raw.status_code, "message": raw.status_message},
        "flags": raw.flags,
    }
    return _said(span)


def _link(link: RawLink) -> dict[str, Any]:
    return _said(
        {
            "traceId": link.trace_id.hex(),
            "spanId": link.span_id.hex(),
            "traceState": link.trace_state,
            "attributes": _attributes(link.attributes),
            "droppedAttributesCount": link.dropped_attributes,
            "flags": link.flags,
        }
    )


def _said(message: dict[str, Any]) -> dict[str, Any]:
    """`message` without what its fields are anyway."""
    return {key: value for key, value in message.items() if value not in (None, "", [], 0)}


def _log(raw: RawLog) -> dict[str, Any]:
    log = {
        "traceId": raw.trace_id.hex() if raw.trace_id else "",
        "spanId": raw.span_id.hex() if raw.span_id else "",
        "timeUnixNano": str(raw.sent_ns) if raw.sent_ns else None,
        "observedTimeUnixNano": str(raw.observed_ns),
        "severityNumber": raw.severity_number,
        "severityText": raw.severity_text,
        "eventName": raw.event_name,
        "body": None if raw.body is None else _value(raw.body),
        "attributes": _attributes(raw.attributes),
        "droppedAttributesCount": raw.dropped_attributes,
        "flags": raw.flags,
    }
    return _said(log)


def _attributes(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    """An AnyValue; whole numbers are texts, as OTLP/JSON has 64-bit numbers."""
    if isinstance(value, OddDouble):
        return {"doubleValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, list | tuple):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": _attributes(value)}}
    return {}
