"""Spans as OTLP bytes that say by themselves which project they belong to."""

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.sdk.trace import ReadableSpan

from weave_core import semconv

__all__ = ["encode", "size_estimate"]

_SMALL = 400
"""Bytes of a span beside its texts, roughly."""


def encode(spans: Sequence[ReadableSpan], project: str) -> bytes:
    """An `ExportTraceServiceRequest` of `spans`.

    The project is written on every resource: a provider that we joined knows nothing of it, and
    `init` may have been called again with another project since ours was made.
    """
    request = encode_spans(spans)
    for group in request.resource_spans:
        attributes = group.resource.attributes
        for index in reversed(range(len(attributes))):
            if attributes[index].key == semconv.PROJECT:
                del attributes[index]
        attributes.append(KeyValue(key=semconv.PROJECT, value=AnyValue(string_value=project)))
    body: bytes = request.SerializeToString()
    return body


def size_estimate(span: ReadableSpan) -> int:
    """About how many bytes `span` holds, by its text attributes, where size comes from."""
    size = _SMALL
    for value in (span.attributes or {}).values():
        if type(value) is str:
            size += len(value)
    return size
