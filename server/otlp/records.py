"""Telemetry as it was sent, in plain Python values: what decoding makes and normalising reads.

Nothing here interprets an attribute.  Attribute values are str, bool, int, float, None, bytes,
list and dict; a double that JSON can't hold is an `OddDouble`.  Times are nanoseconds since the
Unix epoch, UTC.
"""

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "OddDouble",
    "RawEvent",
    "RawExemplar",
    "RawLink",
    "RawLog",
    "RawOrigin",
    "RawPoint",
    "RawSeries",
    "RawSpan",
]

Attributes = dict[str, Any]


class OddDouble(str):
    """A double that JSON can't hold, as the text that OTLP/JSON has for it: `NaN`, `-Infinity`.

    To whoever reads attributes it is that text; only an export must know that it was a number.
    """

    __slots__ = ()


@dataclass(slots=True)
class RawOrigin:
    """Who sent a group of spans, records or points; one object shared by the whole group."""

    resource: Attributes
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Attributes = field(default_factory=dict)
    schema_url: str = ""
    resource_schema_url: str = ""
    dropped_of_scope: int = 0
    """Attributes that the sender threw away; of the resource likewise."""
    dropped_of_resource: int = 0
    entities: list[Attributes] = field(default_factory=list)
    """What the resource is: `EntityRef`s as OTLP/JSON writes them, without empty fields."""


@dataclass(slots=True)
class RawEvent:
    """A span event."""

    name: str
    time_ns: int
    attributes: Attributes
    dropped_attributes: int = 0


@dataclass(slots=True)
class RawLink:
    """A span link; ids as bytes."""

    trace_id: bytes
    span_id: bytes
    attributes: Attributes
    trace_state: str = ""
    flags: int = 0
    dropped_attributes: int = 0


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
    flags: int = 0
    """W3C's in the low byte; 0x100 and 0x200: whether the parent is in another process."""


@dataclass(slots=True)
class RawLog:
    """One log record as it was sent; an id is None where there was none."""

    trace_id: bytes | None
    span_id: bytes | None
    time_ns: int
    """When it happened, else when it was seen."""
    observed_ns: int
    severity_number: int
    """1 to 24, more is worse; 0: not given."""
    severity_text: str
    event_name: str
    """The record's own field, not the attribute of older senders."""
    body: Any
    attributes: Attributes
    origin: RawOrigin
    dropped_attributes: int = 0
    flags: int = 0
    sent_ns: int = 0
    """The time as it was sent; 0 where `time_ns` is only when it was seen."""


@dataclass(slots=True)
class RawSeries:
    """What the points of one line of a metric share."""

    name: str
    description: str
    unit: str
    kind: str
    """`gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`."""
    temporality: str
    """`delta` or `cumulative`; empty on gauges and summaries."""
    is_monotonic: bool
    attributes: Attributes
    origin: RawOrigin


@dataclass(slots=True)
class RawExemplar:
    """One measured value that stands for the others of its point."""

    time_ns: int
    value: float
    trace_id: bytes
    span_id: bytes


@dataclass(slots=True)
class RawPoint:
    """One point of a metric.  A double that is no number is None."""

    series: RawSeries
    start_ns: int
    time_ns: int
    value: float | None = None
    """Of gauges and sums."""
    count: int | None = None
    """Of histograms and summaries, as `sum`, `min` and `max`."""
    sum: float | None = None
    min: float | None = None
    max: float | None = None
    bounds: list[float] = field(default_factory=list)
    """Upper bounds of all buckets but the last, which has none."""
    bucket_counts: list[int] = field(default_factory=list)
    scale: int = 0
    """Of exponential histograms, as what follows."""
    zero_count: int = 0
    zero_threshold: float = 0.0
    positive: tuple[int, list[int]] = (0, [])
    """Offset and counts."""
    negative: tuple[int, list[int]] = (0, [])
    quantiles: list[tuple[float, float]] = field(default_factory=list)
    """Of summaries: quantile and value."""
    exemplars: list[RawExemplar] = field(default_factory=list)
