"""Log requests in protobuf and in OTLP/JSON to records."""

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from weave_core.server.otlp.envelopes import LOGS, json_items, protobuf_items
from weave_core.server.otlp.json_fields import (
    MAX_UINT32,
    MAX_UINT64,
    MismatchError,
    read_attributes,
    read_enum,
    read_hex,
    read_integer,
    read_text,
    read_value,
)
from weave_core.server.otlp.protobuf_values import attribute_dict, value_of
from weave_core.server.otlp.records import RawLog, RawOrigin
from weave_core.server.otlp.requests import LogRequest

__all__ = ["decode_json_logs", "decode_logs"]

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_MAX_SEVERITY = 24
_SEVERITIES = {
    f"SEVERITY_NUMBER_{name}{step or ''}": base + max(step - 1, 0)
    for name, base in (
        *(("TRACE", 1), ("DEBUG", 5), ("INFO", 9)),
        *(("WARN", 13), ("ERROR", 17), ("FATAL", 21)),
    )
    for step in (0, 2, 3, 4)
} | {"SEVERITY_NUMBER_UNSPECIFIED": 0}
"""Senders must write numbers; protobuf's own JSON printer writes names."""


def decode_logs(body: bytes, header_project: str | None = None) -> LogRequest:
    """The records of an `ExportLogsServiceRequest`.

    Raises:
        BadRequest: If `body` is none; says what the parser met.
    """
    request = LogRequest()
    for project, origin, log in protobuf_items(
        ExportLogsServiceRequest, body, LOGS, header_project, request
    ):
        reason = _invalid_id(log.trace_id, log.span_id)
        if reason:
            request.reject(f"log record {log.event_name[:200]!r}: {reason}")
        else:
            request.records.setdefault(project, []).append(_record(log, origin))
    return request


def _record(log: Any, origin: RawOrigin) -> RawLog:
    return RawLog(
        trace_id=_id_or_none(log.trace_id),
        span_id=_id_or_none(log.span_id),
        time_ns=log.time_unix_nano or log.observed_time_unix_nano,
        observed_ns=log.observed_time_unix_nano,
        severity_number=_severity(log.severity_number),
        severity_text=log.severity_text,
        event_name=log.event_name,
        body=value_of(log.body),
        attributes=attribute_dict(log.attributes),
        origin=origin,
        dropped_attributes=log.dropped_attributes_count,
        flags=log.flags,
        sent_ns=log.time_unix_nano,
    )


def decode_json_logs(body: bytes, header_project: str | None = None) -> LogRequest:
    """The records of an `ExportLogsServiceRequest` in JSON.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    request = LogRequest()
    for project, origin, log in json_items(body, LOGS, header_project):
        try:
            request.records.setdefault(project, []).append(_json_record(log, origin))
        except MismatchError as error:
            request.reject(f"log record {str(log.get('eventName', ''))[:200]!r}: {error}")
    return request


def _json_record(log: dict[str, Any], origin: RawOrigin) -> RawLog:
    trace_id, span_id = read_hex(log, "traceId"), read_hex(log, "spanId")
    reason = _invalid_id(trace_id, span_id)
    if reason:
        raise MismatchError(reason)
    time_ns = read_integer(log, "timeUnixNano", 0, MAX_UINT64)
    observed_ns = read_integer(log, "observedTimeUnixNano", 0, MAX_UINT64)
    return RawLog(
        trace_id=_id_or_none(trace_id),
        span_id=_id_or_none(span_id),
        time_ns=time_ns or observed_ns,
        observed_ns=observed_ns,
        severity_number=_severity(read_enum(log, "severityNumber", _SEVERITIES, unknown=0)),
        severity_text=read_text(log, "severityText"),
        event_name=read_text(log, "eventName"),
        body=read_value(log.get("body")),
        attributes=read_attributes(log),
        origin=origin,
        dropped_attributes=read_integer(log, "droppedAttributesCount", 0, MAX_UINT32),
        flags=read_integer(log, "flags", 0, MAX_UINT32),
        sent_ns=time_ns,
    )


def _invalid_id(trace_id: bytes, span_id: bytes) -> str:
    """What is wrong with a record's ids; it may have none."""
    if trace_id and len(trace_id) != _TRACE_ID_BYTES:
        return f"its trace_id has {len(trace_id)} bytes instead of {_TRACE_ID_BYTES}"
    if span_id and len(span_id) != _SPAN_ID_BYTES:
        return f"its span_id has {len(span_id)} bytes instead of {_SPAN_ID_BYTES}"
    return ""


def _id_or_none(raw_id: bytes) -> bytes | None:
    """An id; senders write none as empty or all zero."""
    return raw_id if any(raw_id) else None


def _severity(number: int) -> int:
    return number if 0 <= number <= _MAX_SEVERITY else 0
