"""OTLP bytes of a span of ours as a span again, for what a killed program has left of it.

Only what `weave_core.tracing.templates` writes: no events, no links, no state.
"""

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

__all__ = ["span_of"]

_REMOTE = 0x200
_KINDS = {kind.value + 1: kind for kind in SpanKind}


def span_of(body: bytes, resource: Resource, scope: InstrumentationScope | None) -> ReadableSpan:
    """The span.

    Raises:
        ValueError: If the bytes are none.
    """
    try:
        told = trace_pb2.Span.FromString(body)
    except Exception as error:
        raise ValueError(str(error)) from error
    trace_id = int.from_bytes(told.trace_id, "big")
    parent = None
    if told.parent_span_id:
        parent = _context(trace_id, told.parent_span_id, is_remote=bool(told.flags & _REMOTE))
    return ReadableSpan(
        name=told.name,
        context=_context(trace_id, told.span_id),
        parent=parent,
        resource=resource,
        attributes={pair.key: _value(pair.value) for pair in told.attributes},
        kind=_KINDS[told.kind],
        start_time=told.start_time_unix_nano,
        end_time=told.end_time_unix_nano,
        instrumentation_scope=scope,
    )


def _context(trace_id: int, span_id: bytes, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(
        trace_id, int.from_bytes(span_id, "big"), is_remote, TraceFlags(TraceFlags.SAMPLED)
    )


def _value(value: AnyValue) -> Any:
    if value.HasField("array_value"):
        return tuple(map(_value, value.array_value.values))
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)
