"""Spans as OTLP bytes: what any OTLP reader decodes is what OpenTelemetry's own encoder says."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace.span import TraceState

from weave_core.tracing.encoding import Encoder


@pytest.fixture
def memory() -> InMemorySpanExporter:
    """Where the spans of `provider` end."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(memory: InMemorySpanExporter) -> Iterator[TracerProvider]:
    """OpenTelemetry alone, not the global one."""
    made = TracerProvider(resource=Resource({"service.name": "shop", "weave_core.project": "p"}))
    made.add_span_processor(SimpleSpanProcessor(memory))
    yield made
    made.shutdown()


def _same(spans: tuple[ReadableSpan, ...]) -> None:
    ours = ExportTraceServiceRequest.FromString(Encoder("p").encode(spans))
    assert _flat(ours) == _flat(encode_spans(spans))


def _flat(request: ExportTraceServiceRequest) -> list[tuple[Any, ...]]:
    """Each span with its resource and scope; how they are grouped is the sender's choice."""
    return [
        (group.resource, group.schema_url, scoped.scope, scoped.schema_url, span)
        for group in request.resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    ]


SCALARS = st.one_of(
    st.text(max_size=300),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)
VALUES = st.one_of(
    SCALARS,
    st.binary(max_size=20),
    st.none(),
    st.lists(st.text(max_size=5), max_size=4),
    st.lists(st.integers(0, 300), max_size=4),
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 9), max_size=2),
)
STATUSES = st.sampled_from(
    [Status(StatusCode.UNSET), Status(StatusCode.OK), Status(StatusCode.ERROR, "broken ä")]
)


@given(
    name=st.text(max_size=200),
    attributes=st.dictionaries(st.text(min_size=1, max_size=200), VALUES, max_size=8),
    kind=st.sampled_from(list(SpanKind)),
    status=STATUSES,
)
def test_any_span_is_encoded_as_opentelemetry_does(
    name: str, attributes: dict[str, Any], kind: SpanKind, status: Status
) -> None:
    """Names, attributes of every type and size, kinds and states."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource({"weave_core.project": "p"}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("scope", "1.0", schema_url="https://schema")
    with tracer.start_as_current_span(name, kind=kind, attributes=attributes) as parent:
        parent.set_status(status)
        with tracer.start_as_current_span("child"):
            pass
    _same(memory.get_finished_spans())


def test_events_links_state_and_remote_parents_are_kept(
    provider: TracerProvider, memory: InMemorySpanExporter
) -> None:
    """The rare parts of a span take another way and arrive all the same."""
    state, tracer = TraceState([("vendor", "1")]), provider.get_tracer("a")
    for trace_state in (TraceState(), state):
        remote = SpanContext(
            2**127, 2**63, is_remote=True, trace_flags=TraceFlags(1), trace_state=trace_state
        )
        context = set_span_in_context(NonRecordingSpan(remote))
        tracer.start_span("remote", context).end()
    first = provider.get_tracer("a").start_span("links", links=[Link(remote, {"n": 1})])
    first.add_event("happened", {"what": "ä"})
    first.record_exception(ValueError("no"))
    first.end()
    provider.get_tracer("b").start_span("other scope").end()
    _same(memory.get_finished_spans())


def test_dropped_attributes_are_counted(memory: InMemorySpanExporter) -> None:
    """A reader has to know that there was more."""
    limits = SpanLimits(max_span_attributes=2)
    provider = TracerProvider(
        resource=Resource({"weave_core.project": "p"}), span_limits=limits, shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(memory))
    provider.get_tracer("a").start_span("full", attributes={"a": 1, "b": 2, "c": 3}).end()
    [span] = memory.get_finished_spans()
    assert span.dropped_attributes == 1
    _same((span,))


def test_a_text_that_utf8_has_no_room_for_is_kept_in_part(
    provider: TracerProvider, memory: InMemorySpanExporter
) -> None:
    """A lone surrogate costs a character, not the attribute (nor the batch)."""
    provider.get_tracer("a").start_span("odd", attributes={"t": "a\ud800b", "x": math.inf}).end()
    body = Encoder("p").encode(memory.get_finished_spans())
    [group] = ExportTraceServiceRequest.FromString(body).resource_spans
    said = {pair.key: pair.value for pair in group.scope_spans[0].spans[0].attributes}
    assert said["t"].string_value == "a?b"
    assert said["x"].double_value == math.inf


def test_the_project_is_that_of_init(
    provider: TracerProvider, memory: InMemorySpanExporter
) -> None:
    """Whatever the provider's own resource says; and the process is described beside it."""
    provider.get_tracer("a").start_span("s").end()
    encoder = Encoder("other")
    encoder.describe({"service.name": "not this", "weave_core.libraries": ["a==1", "b==2"]})
    request = ExportTraceServiceRequest.FromString(encoder.encode(memory.get_finished_spans()))
    said = {pair.key: pair.value for pair in request.resource_spans[0].resource.attributes}
    assert said["weave_core.project"].string_value == "other"
    assert said["service.name"].string_value == "shop"
    libraries = said["weave_core.libraries"].array_value.values
    assert [value.string_value for value in libraries] == ["a==1", "b==2"]
