"""Telemetry as it was sent, in plain Python values: what decoding makes and normalising reads.

Nothing here interprets an attribute.  Attribute values are str, bool, int, float, None, bytes,
list and dict; a double that JSON can't hold arrives as the text `NaN`, `Infinity` or `-Infinity`,
as OTLP/JSON writes it.  Times are nanoseconds since the Unix epoch, UTC.
"""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["RawEvent", "RawLink", "RawOrigin", "RawSpan"]

Attributes = dict[str, Any]


@dataclass(slots=True)
class RawOrigin:
    """Who sent a group of spans; one object shared by all spans of the group."""

    resource: Attributes
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Attributes = field(default_factory=dict)
    schema_url: str = ""
    resource_schema_url: str = ""


@dataclass(slots=True)
class RawEvent:
    """A span event."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(slots=True)
class RawLink:
    """A span link; ids as bytes."""

    trace_id: bytes
    span_id: bytes
    attributes: Attributes
    trace_state: str = ""


@dataclass(slots=True)
class RawSpan:
    """One span as it was sent; ids as bytes, 16 and 8 long and never all zero."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    name: str
    otel_kind: int
    """OTel's SpanKind, 0 to 5: kept, decides nothing."""
    start_ns: int
    end_ns: int
    """0: the span has not ended."""
    status_code: int
    """0 unset, 1 ok, 2 error."""
    status_message: str
    attributes: Attributes
    events: list[RawEvent]
    links: list[RawLink]
    origin: RawOrigin
    trace_state: str = ""
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
