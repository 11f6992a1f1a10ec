"""An ended span as bytes, quickly made and read again by whoever finds them after a crash.

`marshal`, since it is the quickest that keeps each value as it was (0.6 microseconds for a small
span; JSON has no NaN, no bytes and no lone surrogates).  Its version 2 is read by every Python 3.
The bytes never leave the machine, and are checked before they are read (`slates`).
"""

import marshal
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from weave_core.tracing.decoding import span_of
from weave_core.tracing.encoding import plain_attributes

__all__ = ["Source", "of_encoded", "of_source", "of_span", "spans_from"]

_VERSION = 2
_SOURCE_FIELDS = 4
_ENCODED = struct.Struct("<sI")
_MARK = b"L"  # No bytes of `marshal` begin so.
_KINDS = {kind.value: kind for kind in SpanKind}
_STATUSES = {status.value: status for status in StatusCode}
_CONVERSIONS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, bytes.__bytes__),
)
"""Without the subclass's own idea of what it is as a text or a number."""

Source = tuple[Resource, InstrumentationScope | None]
"""What made spans: many share one, so it is written once."""


def of_span(span: ReadableSpan, source: int) -> bytes:
    """Bytes of `span`; `source` is the number that its resource and scope go by.

    Raises:
        ValueError: If it has no context.
    """
    context, parent, status = span.context, span.parent, span.status
    if context is None:
        raise ValueError("a span without a context")
    state = context.trace_state
    # The properties copy; nearly every span has neither.
    events, links = span._events, span._links  # noqa: SLF001
    return _dumped(
        (
            source,
            span.name,
            context.trace_id,
            context.span_id,
            state.to_header() if state else "",
            parent.span_id if parent is not None else 0,
            parent is not None and parent.is_remote,
            span.kind.value,
            span.start_time,
            span.end_time,
            plain_attributes(span),
            span.dropped_attributes,
            status.status_code.value,
            status.description,
            [_of_event(event) for event in span.events] if events else (),
            [_of_link(link) for link in span.links] if links else (),
        )
    )


def of_encoded(body: bytes, source: int) -> bytes:
    """Bytes of a span that are its OTLP bytes already."""
    return _ENCODED.pack(_MARK, source) + body


def of_source(source: Source, number: int) -> bytes:
    """Bytes of a resource and a scope, which go before the spans that name their number."""
    resource, scope = source
    told = None
    if scope is not None:
        told = (scope.name, scope.version, scope.schema_url, dict(scope.attributes or {}))
    return _dumped((number, dict(resource.attributes), resource.schema_url, told))


def spans_from(records: Iterable[bytes], first: int) -> Iterator[ReadableSpan]:
    """The spans of such bytes, without those among the first records.

    Raises:
        ValueError: If some are none of ours.
    """
    sources: dict[int, Source] = {}
    for place, record in enumerate(records):
        if record.startswith(_MARK):
            if place >= first:
                _, source = _ENCODED.unpack_from(record)
                yield span_of(record[_ENCODED.size :], *sources[source])
            continue
        told = _loaded(record)
        if len(told) == _SOURCE_FIELDS:
            number, attributes, schema_url, scope = told
            known = InstrumentationScope(*scope) if scope else None
            sources[number] = (Resource(attributes, schema_url), known)
        elif place >= first:
            yield _span_from(told, sources)


def _span_from(told: tuple[Any, ...], sources: Mapping[int, Source]) -> ReadableSpan:
    (
        source,
        name,
        trace_id,
        span_id,
        state,
        parent_id,
        is_remote,
        kind,
        start_ns,
        end_ns,
        attributes,
        dropped,
        status,
        description,
        events,
        links,
    ) = told
    resource, scope = sources[source]
    kept = BoundedAttributes(attributes=attributes)
    kept.dropped = dropped
    return ReadableSpan(
        name=name,
        context=_context(trace_id, span_id, state),
        parent=_context(trace_id, parent_id, "", is_remote=is_remote) if parent_id else None,
        resource=resource,
        attributes=kept,
        events=[Event(name, attributes, at_ns) for name, attributes, at_ns in events],
        links=[Link(_context(*of), told) for of, told in links],
        kind=_KINDS[kind],
        status=Status(_STATUSES[status], description),
        start_time=start_ns,
        end_time=end_ns,
        instrumentation_scope=scope,
    )


def _dumped(value: tuple[Any, ...]) -> bytes:
    try:
        return marshal.dumps(value, _VERSION)
    except ValueError:  # Subclasses: an enum's member, a number of numpy.
        return marshal.dumps(_plain(value), _VERSION)


def _loaded(data: bytes) -> Any:
    try:
        return marshal.loads(data)  # noqa: S302  # The user's own file, checked by its sum.
    except (EOFError, TypeError) as error:
        raise ValueError(str(error)) from error


def _plain(value: Any) -> Any:
    """`value` of built-in types only, each as OpenTelemetry's encoder takes it."""
    if value is None or type(value) in (bool, str, int, float, bytes):
        return value
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    return tuple(map(_plain, value)) if isinstance(value, Sequence) else repr(value)


def _context(trace_id: int, span_id: int, state: str, *, is_remote: bool = False) -> SpanContext:
    kept = TraceState.from_header([state]) if state else None
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(TraceFlags.SAMPLED), kept)


def _of_event(event: Event) -> tuple[Any, ...]:
    return event.name, dict(event.attributes or {}), event.timestamp


def _of_link(link: Link) -> tuple[Any, ...]:
    context = link.context
    state = context.trace_state
    told = (context.trace_id, context.span_id, state.to_header() if state else "")
    return told, dict(link.attributes or {})
