"""Spans as a sender sends them, by hand or from a recording, and what they come to mean."""

import gzip
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from weave_core.model import Span
from weave_core.server.normalise import content, event_of_log, skeleton
from weave_core.server.otlp.protobuf_values import attribute_dict, value_of
from weave_core.server.otlp.records import RawEvent, RawOrigin, RawSpan
from weave_core.server.otlp.traces import decode_traces

__all__ = ["RECORDINGS", "meaning", "recorded", "said", "sent_span", "spans_of"]

RECORDINGS = Path(__file__).parents[1] / "server" / "normalise" / "recordings"
_FROM_ROW = (
    *("kind", "status", "status_message", "service_name", "environment", "provider"),
    *("time_to_first_token_ms", "agent_name", "session_id", "user_id", "run_id"),
    *("input_preview", "output_preview"),
)
_FROM_CONTENT = (
    *("inputs", "outputs", "messages", "tools", "tool", "documents", "scores"),
    *("embedding_inputs", "params", "is_stream", "finish_reasons", "metadata"),
    *("error", "response_model", "sources"),
)
_COUNTS = (
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "audio_tokens"),
)


def sent_span(
    attributes: dict[str, Any] | None = None,
    *,
    name: str = "work",
    scope: str = "",
    resource: dict[str, Any] | None = None,
    status: int = 0,
    message: str = "",
    events: list[RawEvent] | None = None,
    end_ns: int = 2_000_000_000,
) -> RawSpan:
    """A span that began at one second and has what is given."""
    return RawSpan(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_id=None,
        name=name,
        otel_kind=1,
        start_ns=1_000_000_000,
        end_ns=end_ns,
        status_code=status,
        status_message=message,
        attributes=attributes or {},
        events=events or [],
        links=[],
        origin=RawOrigin(resource=resource or {}, scope_name=scope),
    )


def recorded(sender: str) -> list[RawSpan]:
    """The spans that `sender` sent, by start, with the log records that belong to them."""
    request = decode_traces(gzip.decompress((RECORDINGS / f"{sender}.pb.gz").read_bytes()))
    spans = sorted(
        (span for group in request.spans.values() for span in group), key=lambda s: s.start_ns
    )
    logs = RECORDINGS / f"{sender}.logs.pb.gz"
    if logs.exists():
        by_id = {span.span_id: span for span in spans}
        for span_id, event in _log_events(gzip.decompress(logs.read_bytes())):
            if span_id in by_id:  # Some log records are of no span.
                by_id[span_id].events.append(event)
    return spans


def _log_events(body: bytes) -> list[tuple[bytes, RawEvent]]:
    message = ExportLogsServiceRequest.FromString(body)
    records = [
        record
        for group in message.resource_logs
        for scope in group.scope_logs
        for record in scope.log_records
    ]
    found = [
        (
            record.span_id,
            event_of_log(
                record.event_name,
                record.time_unix_nano,
                attribute_dict(record.attributes),
                value_of(record.body),
            ),
        )
        for record in records
    ]
    return [(span_id, event) for span_id, event in found if event]


def meaning(raw: RawSpan) -> Span:
    """Skeleton and content of `raw` together, as the API would tell them."""
    row, held = skeleton(raw), content(raw)
    cost = {
        "input_usd": row.input_cost_usd,
        "output_usd": row.output_cost_usd,
        "total_usd": row.cost_usd,
        "source": row.cost_source,
    }
    return Span.model_validate(
        {
            **{field: getattr(row, field) for field in _FROM_ROW},
            **{field: getattr(held, field) for field in _FROM_CONTENT},
            "project": "test",
            "trace_id": raw.trace_id.hex(),
            "span_id": raw.span_id.hex(),
            "name": raw.name,
            "display_name": row.display_name or raw.name,
            "started_ns": raw.start_ns,
            "model": row.request_model or held.request_model,
            "usage": {field: getattr(row, field) for field in _COUNTS},
            "cost": cost if row.cost_source else None,
            "tags": row.tags or [],
            "response_id": row.response_id or held.response_id,
        }
    )


def spans_of(sender: str, kind: str | None = None) -> list[Span]:
    """What the spans of a recording mean, by start; those of one kind."""
    spans = [meaning(raw) for raw in recorded(sender)]
    return [span for span in spans if kind in (None, span.kind)]


def said(span: Span) -> list[tuple[str, Any]]:
    """The messages of a span in short: who, and what."""
    assert span.messages
    return [
        (message.role, part.arguments or part.response or part.content)
        for message in (*span.messages.input, *span.messages.output)
        for part in message.parts
    ]
