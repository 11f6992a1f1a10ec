"""Spans as OTLP bytes that say by themselves which project they belong to.

Written by hand for what nearly every span is made of, since OpenTelemetry's encoder builds a
protobuf object for each value, which took four times as long and competed with the traced program
for the interpreter.  What is rarer (events, links, nested values) goes through OpenTelemetry's.
The pieces are `weave_core.tracing.wire`'s.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.sdk.trace import ReadableSpan

from weave_core import semconv
from weave_core.tracing.wire import (
    KEPT_PIECES,
    TEXT_HEADS,
    Rare,
    named_and_kind,
    pair_of,
    utf8,
    value_bytes,
    varint,
)

__all__ = ["Encoder", "plain_attributes", "size_estimate"]

_SMALL = 400
"""Bytes of a span beside its texts, roughly."""
_OF_OWN_PROJECT = frozenset((semconv.RUN_SCOPE, semconv.FEEDBACK_SCOPE))
_MAX_HEADS = 64
_REPEATED = frozenset({semconv.KIND, semconv.OP_NAME, semconv.OP_VERSION, semconv.SESSION_ID})
"""Attributes whose values come again and again; each pair is encoded once."""

_TIMES = struct.Struct("<BQBQ")
_START, _END = 0x39, 0x41
_LOCAL = b"\x85\x01\x00\x01\x00\x00"  # flags: whether the parent is remote is known, and it is not.
_REMOTE = b"\x85\x01\x00\x03\x00\x00"


class Encoder:
    """Makes `ExportTraceServiceRequest`s; used by one thread.

    Args:
        project: Written on every resource: a provider that we joined knows nothing of it, and
            `init` may have been called again with another project since ours was made.
    """

    def __init__(self, project: str) -> None:
        self._project = project
        self._process: Mapping[str, str | bool | int | Sequence[str]] = {}
        self._pairs: dict[tuple[str, str], bytes] = {}
        self._heads: dict[tuple[int, int], tuple[object, object, bytes, bytes]] = {}

    def describe(self, attributes: Mapping[str, str | bool | int | Sequence[str]]) -> None:
        """Say more about this process; where the provider's own resource says it, that wins.

        May be called by another thread: what is being encoded goes as it was.
        """
        self._process = {**self._process, **attributes}
        self._heads = {}

    def encode(self, spans: Sequence[ReadableSpan]) -> bytes:
        """A request of `spans`."""
        groups: dict[tuple[int, int], list[bytes]] = {}
        heads = {}
        for span in spans:
            body: bytes | None = getattr(span, "encoded", None)
            if body is None:
                key = (id(span.resource), id(span.instrumentation_scope))
                try:
                    body = self._span(span)
                except Rare:
                    body = _by_otel(span)
            else:  # One of ours: its tracer stands for both.
                key = (id(span.tracer), 0)  # type: ignore[attr-defined]
            if key not in groups:
                groups[key], heads[key] = [], self._head(span)
            groups[key] += (b"\x12", varint(len(body)), body)
        request: list[bytes] = []
        for key, parts in groups.items():
            resource, scope = heads[key]
            scoped = b"".join((scope, *parts))
            whole = b"".join((resource, b"\x12", varint(len(scoped)), scoped))
            request += (b"\x0a", varint(len(whole)), whole)
        return b"".join(request)

    def _head(self, span: ReadableSpan) -> tuple[bytes, bytes]:
        """`ResourceSpans` and `ScopeSpans` without spans, as bytes that more can be joined to."""
        key = (id(span.resource), id(span.instrumentation_scope))
        known = self._heads.get(key)
        if known is not None:
            return known[2], known[3]
        group = encode_spans([span]).resource_spans[0]
        scope = group.scope_spans[0]
        scope.ClearField("spans")
        scope_head = bytes(scope.SerializeToString())
        group.ClearField("scope_spans")
        project = self._project
        if span.instrumentation_scope and span.instrumentation_scope.name in _OF_OWN_PROJECT:
            project = str(span.resource.attributes[semconv.PROJECT])
        given = [pair for pair in group.resource.attributes if pair.key != semconv.PROJECT]
        names = {pair.key for pair in given}
        more = {k: v for k, v in self._process.items() if k not in names}
        more[semconv.PROJECT] = project
        given += [
            KeyValue(key=k, value=AnyValue.FromString(value_bytes(v))) for k, v in more.items()
        ]
        group.resource.ClearField("attributes")
        group.resource.attributes.extend(given)
        head = bytes(group.SerializeToString())
        if len(self._heads) >= _MAX_HEADS:
            self._heads = {}
        # The objects are kept with their bytes, so that no other can get the same id.
        self._heads[key] = (span.resource, span.instrumentation_scope, head, scope_head)
        return head, scope_head

    def _span(self, span: ReadableSpan) -> bytes:
        context, parent, status = span.context, span.parent, span.status
        if span.events or span.links or context is None or context.trace_state:
            raise Rare
        parts = [
            b"\x0a\x10",
            context.trace_id.to_bytes(16, "big"),
            b"\x12\x08",
            context.span_id.to_bytes(8, "big"),
        ]
        if parent:
            parts += (b"\x22\x08", parent.span_id.to_bytes(8, "big"))
        parts += (
            named_and_kind(span.name, span.kind),
            _TIMES.pack(_START, span.start_time or 0, _END, span.end_time or 0),
        )
        self._add_attributes(parts, plain_attributes(span))
        if dropped := span.dropped_attributes:
            parts += (b"\x50", varint(dropped))
        if status.status_code.value or status.description:
            message = utf8(status.description or "")
            told = b"\x12" + varint(len(message)) + message if message else b""
            told += b"\x18" + varint(status.status_code.value)
            parts += (b"\x7a", varint(len(told)), told)
        elif status is not None:
            parts.append(b"\x7a\x00")
        parts.append(_REMOTE if parent and parent.is_remote else _LOCAL)
        return b"".join(parts)

    def _add_attributes(self, parts: list[bytes], attributes: Mapping[str, Any]) -> None:
        pairs = self._pairs
        for key, value in attributes.items():
            is_text = type(value) is str
            if is_text and key in _REPEATED:
                pair = pairs.get((key, value))
                if pair is None:
                    pair = pair_of(key, value)
                    if len(pairs) < KEPT_PIECES:
                        pairs[key, value] = pair
                parts.append(pair)
                continue
            if is_text:
                data = utf8(value)
                parts += (TEXT_HEADS[key][len(data)], data)
            else:
                parts.append(pair_of(key, value))


def plain_attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """The attributes of an ended span, without the lock and copy per value of OTel's mapping."""
    attributes: Any = span._attributes  # noqa: SLF001  # The property wraps it once more.
    inner = getattr(attributes, "_dict", None)
    return inner if type(inner) is dict else attributes or {}


def size_estimate(span: ReadableSpan) -> int:
    """About how many bytes `span` holds, by its texts and bytes, where size comes from."""
    size = _SMALL
    for value in plain_attributes(span).values():
        if type(value) is str or type(value) is bytes:
            size += len(value)
    return size


def _by_otel(span: ReadableSpan) -> bytes:
    [group] = encode_spans([span]).resource_spans
    return bytes(group.scope_spans[0].spans[0].SerializeToString())
