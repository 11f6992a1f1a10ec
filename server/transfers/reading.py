"""Lines of an export back to requests: OTLP/JSON, or a Span of our own API, told apart by look.

What is wrong with a line refuses that line, with its number; the others are taken.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from weave_core.errors import WeaveError
from weave_core.model import OTEL_KINDS, Otel, Span
from weave_core.server.otlp.logs import decode_json_logs
from weave_core.server.otlp.metrics import decode_json_metrics
from weave_core.server.otlp.records import RawEvent, RawLink, RawOrigin, RawSpan
from weave_core.server.otlp.requests import (
    LogRequest,
    MetricRequest,
    TelemetryRequest,
    TraceRequest,
)
from weave_core.server.otlp.traces import decode_json_traces, invalid_id, parent_or_none

__all__ = ["MAX_ERRORS", "LineRequests", "read_lines"]

MAX_ERRORS = 100
"""Wrong lines of one imported body that are told one by one; all are counted."""

_STATUS_CODES = {"ok": 1, "error": 2}


@dataclass
class LineRequests:
    """What a body of lines held, for one project."""

    traces: TraceRequest = field(default_factory=TraceRequest)
    logs: LogRequest = field(default_factory=LogRequest)
    metrics: MetricRequest = field(default_factory=MetricRequest)
    line_count: int = 0
    refused_count: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    """`line` (from 1) and `message`."""

    def refuse(self, line: int | None, message: str, count: int = 1) -> None:
        """Count what was refused, and tell of the first."""
        self.refused_count += count
        if len(self.errors) < MAX_ERRORS:
            self.errors.append({"line": line, "message": message})


def read_lines(body: bytes, project: str) -> LineRequests:
    """The lines of `body`, all for `project`, whatever project their resources name."""
    requests = LineRequests()
    requests.traces.spans[project] = []
    requests.logs.records[project] = []
    requests.metrics.points[project] = []
    origins: dict[bytes, RawOrigin] = {}
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        requests.line_count += 1
        try:
            _read_line(requests, line, number, project, origins)
        except (WeaveError, ValueError) as error:
            message = error.message if isinstance(error, WeaveError) else _told(error)
            requests.refuse(number, message)
    return requests


def _read_line(
    requests: LineRequests, line: bytes, number: int, project: str, origins: dict[bytes, RawOrigin]
) -> None:
    value = orjson.loads(line)
    value = value if isinstance(value, dict) else {}
    decoded: TelemetryRequest
    if "resourceSpans" in value:
        decoded = traces = decode_json_traces(line)
        for spans in traces.spans.values():
            requests.traces.spans[project] += spans
    elif "resourceLogs" in value:
        decoded = logs = decode_json_logs(line)
        for records in logs.records.values():
            requests.logs.records[project] += records
    elif "resourceMetrics" in value:
        decoded = metrics = decode_json_metrics(line)
        for points in metrics.points.values():
            requests.metrics.points[project] += points
    elif "span_id" in value:
        requests.traces.spans[project].append(_raw_span(Span.model_validate_json(line), origins))
        return
    else:
        raise ValueError(_EXPECTED)
    if decoded.rejected:
        requests.refuse(number, decoded.first_reason, decoded.rejected)


_EXPECTED = "the line is neither an OTLP/JSON request nor a Span"


def _told(error: ValueError) -> str:
    """What is wrong, in one short line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if isinstance(error, orjson.JSONDecodeError):
        return f"the line is no JSON: {error}"
    return str(error)


def _raw_span(span: Span, origins: dict[bytes, RawOrigin]) -> RawSpan:
    """A Span as its sender might have sent it: what readers see of it comes out the same."""
    trace_id, span_id = _id(span.trace_id, "trace_id"), _id(span.span_id, "span_id")
    reason = invalid_id(trace_id, span_id)
    if reason:
        raise ValueError(reason)
    otel = span.otel or Otel(kind="internal")
    parent_id = _id(span.parent_span_id or "", "parent_span_id")
    return RawSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_or_none(parent_id),
        name=span.name,
        otel_kind=OTEL_KINDS.index(otel.kind),
        start_ns=_time(span.started_ns, "started_ns"),
        end_ns=_time(span.ended_ns or 0, "ended_ns"),
        status_code=_STATUS_CODES.get(span.status, 0),
        status_message=span.status_message or "",
        attributes=span.attributes,
        events=[
            RawEvent(
                event.name,
                _time(event.time_ns, "time_ns"),
                event.attributes,
                event.dropped_attributes,
            )
            for event in span.events
        ],
        links=[
            RawLink(
                _id(link.trace_id, "links.trace_id"),
                _id(link.span_id, "links.span_id"),
                link.attributes,
                link.trace_state,
                link.flags,
                link.dropped_attributes,
            )
            for link in span.links
        ],
        origin=_origin(span, origins),
        dropped_attributes=span.dropped.attributes,
        dropped_events=span.dropped.events,
        dropped_links=span.dropped.links,
        trace_state=otel.trace_state,
        flags=otel.flags,
    )


def _origin(span: Span, origins: dict[bytes, RawOrigin]) -> RawOrigin:
    """One object for all spans of one origin, which the store then looks up once."""
    otel = span.otel or Otel()
    origin = RawOrigin(
        resource=span.resource,
        scope_name=span.scope.name,
        scope_version=span.scope.version,
        scope_attributes=otel.scope_attributes,
        schema_url=otel.scope_schema_url,
        resource_schema_url=otel.resource_schema_url,
        dropped_of_scope=otel.dropped_of_scope,
        dropped_of_resource=otel.dropped_of_resource,
        entities=otel.entities,
    )
    return origins.setdefault(orjson.dumps(asdict(origin)), origin)


def _id(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{name} {text[:40]!r} is no hex") from None


def _time(time_ns: int, name: str) -> int:
    if not 0 <= time_ns < 2**64:
        raise ValueError(f"{name} is {time_ns}, outside of 64 bits")
    return time_ns
