"""A span of ours: OpenTelemetry's in all that can be asked of it, without what costs most of it.

OpenTelemetry's SDK makes a lock, three bounded collections, two contexts and a copy for each span;
nearly every span of an operation needs none of them.  Here they are made when they are asked for:
code that takes the current span and writes events, links or odd values on it uses the SDK's own
methods, with the SDK's limits and warnings.  `weave_core.tracing.lean_tracers` starts such spans.
"""

import struct
import threading
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, final

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Event, Span
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import Link, SpanContext, Status, TraceFlags

from weave_core.tracing.templates import Template
from weave_core.tracing.wire import TEXT_HEADS, Rare, pair_of, utf8

__all__ = ["LeanSpan", "Maker", "Source"]

_UNSET = Status()
_SIMPLE = frozenset({str, int, float, bool})
_ROOT = struct.Struct(">2s16s2sQ")
_CHILD = struct.Struct(">2s16s2sQ2sQ")
_TIMES = struct.Struct("<BQBQ")
_TRACE, _SPAN, _PARENT = b"\x0a\x10", b"\x12\x08", b"\x22\x08"
_START, _END = 0x39, 0x41
# An unset status, then the flags: whether the parent is remote is known.
_LOCAL = b"\x7a\x00\x85\x01\x00\x01\x00\x00"
_REMOTE = b"\x7a\x00\x85\x01\x00\x03\x00\x00"


class Source:
    """What made spans: resource and scope, in one object that their bytes can be known by."""

    __slots__ = ("resource", "scope")

    def __init__(self, resource: Any, scope: Any) -> None:
        self.resource = resource
        self.scope = scope


class Maker(Protocol):
    """What a span asks of the tracer that made it."""

    source: Source
    limits: Any
    """The provider's `SpanLimits`."""
    processors: Any
    """All of the provider."""
    max_own: int
    """Attributes that a span may have before the SDK has to count them."""

    def ended(self, span: "LeanSpan") -> None:
        """Hand over a span that has ended."""


@final
class LeanSpan(Span):
    """Made by `LeanTracer` alone, which fills the slots."""

    __slots__ = (
        "base_ns",
        "began_ns",
        "bounded",
        "encoded",
        "end_ns",
        "flags",
        "is_announced",
        "is_sent",
        "own",
        "parent_id",
        "remote_parent",
        "span_id",
        "start_ns",
        "template",
        "trace_id",
        "tracer",
    )

    tracer: Maker
    template: Template
    trace_id: int
    span_id: int
    parent_id: int
    """0 where there is none."""
    remote_parent: SpanContext | None
    """The parent, where it is no span of ours."""
    flags: TraceFlags
    start_ns: int
    end_ns: int | None
    began_ns: int
    """When, by the steady clock."""
    base_ns: int
    """How far the wall clock was ahead of that when the first span around this one began."""
    own: dict[str, Any]
    """Attributes beside those of the template."""
    bounded: BoundedAttributes | None
    """All attributes, once the SDK's methods have to write some."""
    encoded: bytes | None
    """OTLP bytes, once it has ended; None where it has what only the long way tells."""
    is_announced: bool
    is_sent: bool
    """Whether it is among the share that is kept."""

    # Read by the SDK's own methods; what is rarely another stands here for all.
    _renamed: str | None = None
    _known_context: SpanContext | None = None
    _status = _UNSET
    _events: Sequence[Event] = ()
    _links: Sequence[Link] = ()
    _instrumentation_info = None
    _record_exception = True
    _set_status_on_exception = True
    _record_end_metrics = None
    _sampler = None
    _trace_config = None

    _start_time: Any = property(lambda self: self.start_ns)
    _end_time: Any = property(lambda self: self.end_ns)
    _kind: Any = property(lambda self: self.template.kind)
    _resource: Any = property(lambda self: self.tracer.source.resource)
    _instrumentation_scope: Any = property(lambda self: self.tracer.source.scope)
    _limits: Any = property(lambda self: self.tracer.limits)
    _span_processor: Any = property(lambda self: self.tracer.processors)

    @property
    def _lock(self) -> Any:  # type: ignore[override]
        # `setdefault` is one step for Python, so that two threads get the same.
        lock = self.__dict__.get("own lock")
        return self.__dict__.setdefault("own lock", threading.Lock()) if lock is None else lock

    @property
    def _name(self) -> str:
        renamed = self._renamed
        return self.template.name if renamed is None else renamed

    @_name.setter
    def _name(self, name: str) -> None:
        self._renamed = name

    @property
    def _context(self) -> SpanContext:  # type: ignore[override]
        known = self._known_context
        if known is None:
            known = SpanContext(self.trace_id, self.span_id, False, self.flags)
            self._known_context = known
        return known

    @property
    def _parent(self) -> SpanContext | None:  # type: ignore[override]
        if self.remote_parent is not None or not self.parent_id:
            return self.remote_parent
        return SpanContext(self.trace_id, self.parent_id, False, self.flags)

    @property
    def _attributes(self) -> Any:  # type: ignore[override]
        """As the SDK's methods want it: they write to it while the span is open."""
        if self.bounded is None:
            merged = self._merged()
            if self.end_ns is not None:
                return merged
            limits = self._limits
            self.bounded = BoundedAttributes(limits.max_span_attributes, merged, immutable=False)
        return self.bounded

    def _merged(self) -> dict[str, Any]:
        return {**self.template.attributes, **self.own.copy()}

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What it says, for reading."""
        bounded = self.bounded
        return MappingProxyType(self._merged() if bounded is None else bounded)

    @property
    def dropped_attributes(self) -> int:
        """How many found no room."""
        bounded = self.bounded
        return 0 if bounded is None else bounded.dropped

    def set_attribute(self, key: str, value: Any) -> None:
        """Write one attribute."""
        own = self.own
        if (
            self.end_ns is None
            and self.bounded is None
            and (type(value) in _SIMPLE or _is_texts(value))
            and type(key) is str
            and key
            and key not in self.template.attributes
            and (key in own or len(own) < self.tracer.max_own)
        ):
            own[key] = value
            if self.bounded is None:
                return
        super().set_attribute(key, value)

    def write(self, key: str, text: str) -> None:
        """`set_attribute` for the few of ours, which always find room."""
        if self.end_ns is None and self.bounded is None:
            self.own[key] = text
        else:
            super().set_attribute(key, text)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Write several."""
        if self.end_ns is None and self.bounded is None:
            for key, value in attributes.items():
                self.set_attribute(key, value)
        else:
            super().set_attributes(attributes)

    def _add_event(self, event: Any) -> None:
        with self._lock:
            if self.end_ns is None and self._events == ():
                self._events = BoundedList(self._limits.max_events)
        super()._add_event(event)

    def _add_link(self, link: Link) -> None:
        with self._lock:
            if self.end_ns is None and self._links == ():
                self._links = BoundedList(self._limits.max_links)
        super()._add_link(link)

    def is_recording(self) -> bool:
        """Whether what is written now is kept: till it ends."""
        return self.end_ns is None

    def end(self, end_time: int | None = None) -> None:
        """End it: what is written later is left out, with the SDK's warning."""
        if self.end_ns is not None:
            super().end(end_time)  # Which says so.
            return
        self.end_ns = time.time_ns() if end_time is None else end_time
        if self.bounded is not None:
            self.bounded._immutable = True  # noqa: SLF001  # As the SDK does.
        self.tracer.ended(self)

    def encode(self) -> bytes | None:
        """Make its bytes; None if it has something that only the long way tells."""
        parent_id, template = self.parent_id, self.template
        if (
            self.bounded is not None
            or self._renamed is not None
            or self._status is not _UNSET
            or self._events
            or self._links
        ):
            return None
        trace = self.trace_id.to_bytes(16, "big")
        parts = [
            _CHILD.pack(_TRACE, trace, _SPAN, self.span_id, _PARENT, parent_id)
            if parent_id
            else _ROOT.pack(_TRACE, trace, _SPAN, self.span_id),
            template.head,
            _TIMES.pack(_START, self.start_ns, _END, self.end_ns),
            template.pairs,
        ]
        # A copy: another thread, which did not see it end, may still write on what it had.
        own = self.own = self.own.copy()
        for key, value in own.items():
            if type(value) is str:
                data = utf8(value)
                parts += (TEXT_HEADS[key][len(data)], data)
            else:
                try:
                    parts.append(pair_of(key, value))
                except Rare:
                    return None
        remote = self.remote_parent
        parts.append(_REMOTE if remote is not None and remote.is_remote else _LOCAL)
        self.encoded = b"".join(parts)
        return self.encoded


def _is_texts(value: Any) -> bool:
    """A tuple of texts: tags."""
    return type(value) is tuple and set(map(type, value)) == {str}
