"""Log requests in protobuf and in OTLP/JSON to records."""

from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from weave_core.errors import BadRequest
from weave_core.server.otlp.json_fields import (
    MAX_UINT32,
    MAX_UINT64,
    MismatchError,
    read_attributes,
    read_body,
    read_child,
    read_dict,
    read_enum,
    read_hex,
    read_integer,
    read_list,
    read_text,
    read_value,
)
from weave_core.server.otlp.protobuf import attribute_dict, value_of
from weave_core.server.otlp.records import RawLog, RawOrigin
from weave_core.server.otlp.requests import LogRequest, project_name

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
    try:
        message = ExportLogsServiceRequest.FromString(body)
    except DecodeError as error:
        raise BadRequest(
            f"the body of {len(body)} bytes is no ExportLogsServiceRequest: {error}",
            "send OTLP protobuf, or OTLP/JSON with content-type application/json",
        ) from error
    request = LogRequest()
    for resource_logs in message.resource_logs:
        resource = attribute_dict(resource_logs.resource.attributes)
        records = request.records.setdefault(project_name(resource, header_project), [])
        for scope_logs in resource_logs.scope_logs:
            scope = scope_logs.scope
            origin = RawOrigin(
                resource=resource,
                scope_name=scope.name,
                scope_version=scope.version,
                scope_attributes=attribute_dict(scope.attributes),
                schema_url=scope_logs.schema_url,
                resource_schema_url=resource_logs.schema_url,
            )
            for log in scope_logs.log_records:
                reason = _invalid_id(log.trace_id, log.span_id)
                if reason:
                    request.reject(f"log record {log.event_name[:200]!r}: {reason}")
                else:
                    records.append(_record(log, origin))
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
    )


def decode_json_logs(body: bytes, header_project: str | None = None) -> LogRequest:
    """The records of an `ExportLogsServiceRequest` in JSON.

    Raises:
        BadRequest: If `body` is no JSON, or its envelope is not that of the request.
    """
    message = read_body(body)
    request = LogRequest()
    try:
        for resource_logs in read_list(message, "resourceLogs"):
            holder = read_dict(resource_logs, "resourceLogs")
            _decode_resource_logs(request, holder, header_project)
    except MismatchError as error:
        raise BadRequest(
            f"the body is no ExportLogsServiceRequest: {error}",
            'OTLP/JSON looks like {"resourceLogs": [{"scopeLogs": [{"logRecords": [...]}]}]}',
        ) from error
    return request


def _decode_resource_logs(
    request: LogRequest, resource_logs: dict[str, Any], header_project: str | None
) -> None:
    resource = read_attributes(read_child(resource_logs, "resource"))
    records = request.records.setdefault(project_name(resource, header_project), [])
    for scope_logs in read_list(resource_logs, "scopeLogs"):
        holder = read_dict(scope_logs, "scopeLogs")
        scope = read_child(holder, "scope")
        origin = RawOrigin(
            resource=resource,
            scope_name=read_text(scope, "name"),
            scope_version=read_text(scope, "version"),
            scope_attributes=read_attributes(scope),
            schema_url=read_text(holder, "schemaUrl"),
            resource_schema_url=read_text(resource_logs, "schemaUrl"),
        )
        for item in read_list(holder, "logRecords"):
            log = read_dict(item, "a log record")
            try:
                records.append(_json_record(log, origin))
            except MismatchError as error:
                request.reject(f"log record {str(log.get('eventName', ''))[:200]!r}: {error}")


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
