"""Spans of operations: what any code may do with the current one, as with a span of the SDK."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, TracerProvider, sampling
from opentelemetry.sdk.trace import id_generator as trace_ids
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags
from support.programs import Recorder

import weave_core
from weave_core.tracing.encoding import Encoder
from weave_core.tracing.lean_spans import LeanSpan
from weave_core.tracing.lean_tracers import lean_tracer
from weave_core.tracing.processors import Processor
from weave_core.tracing.templates import Template

VALUES = st.one_of(
    st.text(max_size=300),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.binary(max_size=20),
    st.none(),
    st.lists(st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 9), max_size=2),
)
REMOTE = SpanContext(2**127, 2**63, is_remote=True, trace_flags=TraceFlags(1))


class Both:
    """A provider of the SDK's with our processor, its own tracer and ours."""

    def __init__(self, **options: Any) -> None:
        self.ended = InMemorySpanExporter()
        self.provider = TracerProvider(
            resource=Resource({"service.name": "shop"}), shutdown_on_exit=False, **options
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.ended))
        self.processor = Processor()
        self.provider.add_span_processor(self.processor)
        self.sdk = self.provider.get_tracer("scope", "1.0", schema_url="https://schema")
        self.ours = lean_tracer(self.sdk, self.processor)

    def told(self, tracer: Any, use: Callable[[Any], object], **how: Any) -> ReadableSpan:
        """What a processor gets of a span that was used so."""
        span = tracer.start_span("a span", Context(), **how)
        use(span)
        span.end()
        return self.ended.get_finished_spans()[-1]


@pytest.fixture
def both() -> Iterator[Both]:
    """One with the SDK's usual settings."""
    made = Both()
    yield made
    made.provider.shutdown()


def _told(span: ReadableSpan) -> dict[str, Any]:
    """All of it but ids and times."""
    [group] = encode_spans([span]).resource_spans
    [told] = group.scope_spans[0].spans
    for name in ("trace_id", "span_id", "start_time_unix_nano", "end_time_unix_nano"):
        told.ClearField(name)
    for event in told.events:
        event.ClearField("time_unix_nano")
    # A later value of an attribute moves it to the end for the SDK; no reader sees an order.
    pairs = sorted(str(pair) for pair in told.attributes)
    told.ClearField("attributes")
    return {"span": str(told), "attributes": pairs, "resource": span.resource.attributes}


def _everything(span: Any) -> None:
    span.set_attribute("n", 1)
    span.set_attributes({"a": "b", "list": ["x", "y"], "map": {"k": 1}, "none": None, "n": 2})
    span.set_attribute("", "no key")
    span.set_attribute("odd", object)
    span.add_event("happened", {"what": "ä"})
    span.record_exception(ValueError("no"), attributes={"more": True})
    span.add_link(REMOTE, {"why": "asked"})
    span.update_name("renamed")
    span.set_status(StatusCode.ERROR, "it failed")
    span.set_attribute("late", 2.5)


USES: dict[str, Callable[[Any], object]] = {
    "nothing": lambda _: None,
    "everything": _everything,
    "an event": lambda span: span.add_event("e"),
    "a link": lambda span: span.add_link(REMOTE),
    "another name": lambda span: span.update_name("other"),
    "a status": lambda span: span.set_status(Status(StatusCode.OK)),
    "no status": lambda span: span.set_status(StatusCode.UNSET),
    "more than there is room for": lambda span: span.set_attributes(
        {f"k{n}": n for n in range(200)}
    ),
    "one by one": lambda span: [span.set_attribute(f"k{n}", "v") for n in range(200)],
    "more events than there is room for": lambda span: [span.add_event("e") for _ in range(200)],
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_it_tells_what_a_span_of_the_sdk_tells(both: Both, use: Callable[[Any], object]) -> None:
    """Whatever OpenTelemetry lets code do with a span, limits included."""
    how = {"kind": SpanKind.CLIENT, "attributes": {"given": True}}
    assert type(both.ours and both.ours.start_span("x", Context())) is LeanSpan
    expected = _told(both.told(both.sdk, use, **how))
    assert _told(both.told(both.ours, use, **how)) == expected


def test_an_error_within_it_is_told_as_the_sdk_tells_it(both: Both) -> None:
    """`start_as_current_span` records what went through it, unless it is told not to."""
    for is_recorded in (True, False):
        told = []
        for tracer in (both.sdk, both.ours):
            assert tracer is not None
            with (
                pytest.raises(ValueError, match="no"),
                tracer.start_as_current_span("s", Context(), record_exception=is_recorded),
            ):
                raise ValueError("no")
            span = both.ended.get_finished_spans()[-1]
            told.append((span.status.status_code, span.status.description, len(span.events)))
        assert told[0] == told[1]


@given(attributes=st.dictionaries(st.text(min_size=1, max_size=200), VALUES, max_size=8))
def test_its_bytes_are_those_that_opentelemetry_makes(attributes: dict[str, Any]) -> None:
    """With and without a parent, here and elsewhere; what the operation says and what others do."""
    both = Both()
    assert both.ours is not None
    template = Template("ä name", SpanKind.CLIENT, {"weave_core.op.name": "f", "n": 300})
    remote = trace.set_span_in_context(trace.NonRecordingSpan(REMOTE), Context())
    for context in (Context(), remote):
        outer = both.ours.start(template, context)
        inner = both.ours.start(template, trace.set_span_in_context(outer, context))
        for span in (outer, inner):
            assert isinstance(span, LeanSpan)
            span.set_attributes({key: value for key, value in attributes.items() if key != "n"})
            span.end()
            body = span.encode()
            if body is None:
                continue
            expected = encode_spans([span]).resource_spans[0].scope_spans[0].spans[0]
            assert type(expected).FromString(body) == expected
            assert Encoder("p").encode([span])
    both.provider.shutdown()


def test_what_is_read_of_it_is_what_was_written(recorder: Recorder) -> None:
    """Instrumentations look at the current span, also from another thread."""
    seen: list[Any] = []

    @weave_core.op(kind="tool")
    def outer(n: int) -> int:
        span: Any = trace.get_current_span()
        thread = threading.Thread(target=lambda: span.set_attribute("from", "a thread"))
        thread.start()
        thread.join()
        span.set_attribute("n", n)
        seen.append(span)
        assert span.is_recording()
        assert (span.parent, span.end_time, span.status.status_code) == (
            None,
            None,
            StatusCode.UNSET,
        )
        assert span.start_time > 0
        assert span.instrumentation_scope.name == "weave_core"
        assert dict(span.attributes)["weave_core.kind"] == "tool"
        assert '"n": 3' in span.to_json()
        return n

    outer(3)
    [span] = seen
    assert issubclass(type(span), Span)
    ended = recorder.spans[0]
    assert span.context == ended.context
    assert dict(span.attributes) == dict(ended.attributes or {})
    assert (ended.attributes or {})["from"] == "a thread"
    assert not span.is_recording()
    with pytest.raises(TypeError):
        span.attributes["x"] = 1


def test_what_is_written_after_its_end_is_left_out(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """With the SDK's warnings."""
    _, handle = weave_core.op(lambda: 1).call()
    span: Any = handle.otel_span
    with caplog.at_level(logging.WARNING, logger="opentelemetry.sdk.trace"):
        for write in (
            lambda: span.set_attribute("late", 1),
            lambda: span.set_attributes({"late": 1}),
            lambda: span.add_event("late"),
            lambda: span.add_link(REMOTE),
            lambda: span.update_name("late"),
            lambda: span.set_status(StatusCode.ERROR),
            span.end,
        ):
            write()
    assert len(caplog.records) == 7
    assert "late" not in span.to_json()
    assert len(recorder.spans) == 1


def _limited() -> dict[str, Any]:
    return {"span_limits": SpanLimits(max_span_attributes=5)}


@pytest.mark.parametrize(
    "options",
    [
        _limited,
        lambda: {"span_limits": SpanLimits(max_span_attribute_length=5)},
        lambda: {"sampler": sampling.TraceIdRatioBased(0.5)},
        lambda: {"id_generator": _Counting()},
    ],
    ids=["few attributes", "short attributes", "a sampler", "ids"],
)
def test_a_provider_with_a_mind_of_its_own_starts_the_spans(
    options: Callable[[], dict[str, Any]],
) -> None:
    """Its limits, its sampler and its ids are kept: the SDK's own tracer does that."""
    both = Both(**options())
    assert both.ours is None
    both.provider.shutdown()


class _Counting(trace_ids.IdGenerator):
    def generate_span_id(self) -> int:
        return 1

    def generate_trace_id(self) -> int:
        return 1


SEEDED = """
import random
import weave_core
weave_core.init("seeded", "offline")
ids = []
for _ in range(2):
    random.seed(42)
    ids.append(weave_core.op(lambda: 1).call()[1].trace_id)
    first = random.random()
    random.seed(42)
    assert random.random() == first  # Nor does tracing take from the program's numbers.
assert ids[0] != ids[1], ids
"""


def test_a_seed_of_the_program_repeats_no_ids(run_program: Callable[..., object]) -> None:
    """Two runs of a training with the same seed are two traces."""
    run_program(SEEDED)
