"""OTLP/JSON text to records: the same result as from protobuf.

Names are lowerCamelCase and nothing else; unknown ones are ignored; null is the default.  Ids are
hex, 64-bit numbers come as numbers or texts.  What is wrong with the envelope refuses the request;
what is wrong with one span refuses that span.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

from weave_core.errors import BadRequest
from weave_core.server.otlp.protobuf import finite_or_text, invalid_id, parent_or_none
from weave_core.server.otlp.records import RawEvent, RawLink, RawOrigin, RawSpan
from weave_core.server.otlp.requests import TraceRequest, project_name

__all__ = ["decode_json_traces"]

T = TypeVar("T")

_MAX_DEPTH = 64
"""Levels of lists and maps in one attribute; protobuf's own parser stops at about 30."""
_MAX_UINT64 = 2**64 - 1
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1
_MAX_UINT32 = 2**32 - 1
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


class _MismatchError(ValueError):
    """What was sent has not the shape that OTLP gives it; the message says where and how."""


def decode_json_traces(body: bytes, header_project: str | None = None) -> TraceRequest:
    """The spans of an `ExportTraceServiceRequest` in JSON.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is no JSON: {error}", position=error.pos) from error
    request = TraceRequest()
    try:
        for resource_spans in _list(_dict(message, "the body"), "resourceSpans"):
            _decode_resource_spans(request, _dict(resource_spans, "resourceSpans"), header_project)
    except _MismatchError as error:
        raise BadRequest(
            f"the body is no ExportTraceServiceRequest: {error}",
            'OTLP/JSON looks like {"resourceSpans": [{"scopeSpans": [{"spans": [...]}]}]}',
        ) from error
    return request


def _decode_resource_spans(
    request: TraceRequest, resource_spans: dict[str, Any], header_project: str | None
) -> None:
    resource = _attributes(_child(resource_spans, "resource"))
    spans = request.spans.setdefault(project_name(resource, header_project), [])
    for scope_spans in _list(resource_spans, "scopeSpans"):
        holder = _dict(scope_spans, "scopeSpans")
        scope = _child(holder, "scope")
        origin = RawOrigin(
            resource=resource,
            scope_name=_text(scope, "name"),
            scope_version=_text(scope, "version"),
            scope_attributes=_attributes(scope),
            schema_url=_text(holder, "schemaUrl"),
            resource_schema_url=_text(resource_spans, "schemaUrl"),
        )
        for item in _list(holder, "spans"):
            span = _dict(item, "a span")
            try:
                spans.append(_span(span, origin))
            except _MismatchError as error:
                request.reject(f"span {str(span.get('name'))[:200]!r}: {error}")


def _span(span: dict[str, Any], origin: RawOrigin) -> RawSpan:
    trace_id, span_id = _hex(span, "traceId"), _hex(span, "spanId")
    reason = invalid_id(trace_id, span_id)
    if reason:
        raise _MismatchError(reason)
    status = _child(span, "status")
    return RawSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_or_none(_hex(span, "parentSpanId")),
        name=_text(span, "name"),
        otel_kind=_enum(span, "kind", _KINDS, unknown=1),
        start_ns=_integer(span, "startTimeUnixNano", 0, _MAX_UINT64),
        end_ns=_integer(span, "endTimeUnixNano", 0, _MAX_UINT64),
        status_code=_enum(status, "code", _CODES, unknown=0),
        status_message=_text(status, "message"),
        attributes=_attributes(span),
        events=_each(span, "events", _event),
        links=_each(span, "links", _link),
        origin=origin,
        trace_state=_text(span, "traceState"),
        dropped_attributes=_integer(span, "droppedAttributesCount", 0, _MAX_UINT32),
        dropped_events=_integer(span, "droppedEventsCount", 0, _MAX_UINT32),
        dropped_links=_integer(span, "droppedLinksCount", 0, _MAX_UINT32),
    )


def _event(event: dict[str, Any]) -> RawEvent:
    time_ns = _integer(event, "timeUnixNano", 0, _MAX_UINT64)
    return RawEvent(_text(event, "name"), time_ns, _attributes(event))


def _link(link: dict[str, Any]) -> RawLink:
    return RawLink(
        _hex(link, "traceId"), _hex(link, "spanId"), _attributes(link), _text(link, "traceState")
    )


def _attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return _key_values(_list(holder, "attributes"), _MAX_DEPTH)


def _key_values(items: list[Any], depth: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for item in items:
        pair = _dict(item, "an attribute")
        attributes[_text(pair, "key")] = _value(pair.get("value"), depth)
    return attributes


def _value(holder: Any, depth: int) -> Any:
    """An AnyValue; by frequency, since this runs for every attribute."""
    if holder is None:
        return None
    value = _dict(holder, "an attribute's value")
    if (text := value.get("stringValue")) is not None:
        return _text(value, "stringValue") if type(text) is not str else text
    if value.get("intValue") is not None:
        return _integer(value, "intValue", _MIN_INT64, _MAX_INT64)
    if (number := value.get("doubleValue")) is not None:
        return _double(number)
    if (flag := value.get("boolValue")) is not None:
        if type(flag) is not bool:
            raise _MismatchError(f"boolValue is {_kind(flag)}")
        return flag
    if value.get("arrayValue") is not None:
        _check_depth(depth)
        return [_value(item, depth - 1) for item in _list(_child(value, "arrayValue"), "values")]
    if value.get("kvlistValue") is not None:
        _check_depth(depth)
        return _key_values(_list(_child(value, "kvlistValue"), "values"), depth - 1)
    if (encoded := value.get("bytesValue")) is not None:
        return _bytes(encoded)
    return None


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise _MismatchError(f"an attribute is nested more than {_MAX_DEPTH} levels deep")


def _double(number: Any) -> float | str:
    if type(number) in (int, float):
        return finite_or_text(float(number))
    if isinstance(number, str):
        try:
            return finite_or_text(float(number))
        except ValueError:
            pass
    raise _MismatchError(f"doubleValue is {_kind(number)} that is no number")


def _bytes(encoded: Any) -> bytes:
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, altchars=b"-_" if set(encoded) & {"-", "_"} else None)
        except (binascii.Error, ValueError):
            pass
    raise _MismatchError(f"bytesValue is {_kind(encoded)} that is no base64")


def _integer(holder: dict[str, Any], key: str, lowest: int, highest: int) -> int:
    value = holder.get(key)
    if value is None:
        return 0
    if isinstance(value, str):
        digits = value.strip()
        # int() reads underscores and other scripts' digits, and takes long for long texts.
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 20:  # noqa: PLR2004  # Digits of 2**64 and a sign.
            value = int(digits)
    elif type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise _MismatchError(f"{key} is {_kind(value)} that is no whole number")
    if not lowest <= value <= highest:
        raise _MismatchError(f"{key} is {value}, outside of {lowest} to {highest}")
    return value


def _enum(holder: dict[str, Any], key: str, names: dict[str, int], *, unknown: int) -> int:
    value = holder.get(key)
    if value is None:
        return 0
    if isinstance(value, str):
        return names.get(value, unknown)
    if type(value) is not int:
        raise _MismatchError(f"{key} is {_kind(value)} instead of a number")
    return value if value in names.values() else unknown


def _hex(holder: dict[str, Any], key: str) -> bytes:
    text = _text(holder, key)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise _MismatchError(
            f"{key} {text[:40]!r} is no hex (OTLP/JSON writes ids as hex, not as base64)"
        ) from None


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _MismatchError(f"{key} is {_kind(value)} instead of a text")
    return value


def _child(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return {} if value is None else _dict(value, key)


def _dict(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _MismatchError(f"{name} is {_kind(value)} instead of an object")
    return value


def _list(holder: dict[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _MismatchError(f"{key} is {_kind(value)} instead of a list")
    return value


def _each(holder: dict[str, Any], key: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
    return [read(_dict(item, f"an item of {key}")) for item in _list(holder, key)]


def _kind(value: Any) -> str:
    names = {str: "a text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "null" if value is None else "an object")
