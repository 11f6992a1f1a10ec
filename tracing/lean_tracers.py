"""Starts spans of ours where OpenTelemetry's SDK would start its own, with the same results.

Only where the SDK's provider is used as most programs use it: its own tracer, an ordinary sampler,
random ids.  Whatever is set otherwise goes the SDK's way, span by span or altogether.  Other
processors of the provider get what the SDK would give them.
"""

import random
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
)

from weave_core import semconv
from weave_core.clocks import steady_ns
from weave_core.tracing.contexts import STAMPS_KEY
from weave_core.tracing.current import current_context
from weave_core.tracing.failures import warn_once
from weave_core.tracing.lean_spans import LeanSpan, Source
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.sampling import RootSampler, is_kept, rate_in
from weave_core.tracing.templates import Template

if TYPE_CHECKING:
    from weave_core.tracing.processors import Processor

__all__ = ["IDS", "SPAN_KEY", "Ids", "LeanProvider", "LeanTracer", "lean_tracer"]

SPAN_KEY = next(iter(trace.set_span_in_context(trace.INVALID_SPAN, Context())))
"""Where OpenTelemetry's context has the current span."""
_LEFT_OUT = TraceFlags(getattr(TraceFlags, "RANDOM_TRACE_ID", 0))  # SDKs before 1.42 have none.
_KEPT = TraceFlags(TraceFlags.SAMPLED | _LEFT_OUT)
_new = object.__new__  # The SDK's own `__new__` is a call in Python.
_MAX_TEMPLATES = 1_000
"""Names of spans that are prepared for the next span of that name."""
_MAX_TRACERS = 1_000
_NO_METRICS = "NoOpTracerMetrics"  # By name: its module is the SDK's own and has moved before.
_MIN_ROOM = 64
"""Attributes that a span must have room for; where a provider allows fewer, the SDK counts them."""


class Ids(IdGenerator):
    """Random ids that a program's own `random.seed` does not repeat.

    The SDK takes them from Python's shared generator: two runs of a program with the same seed
    then have the same ids, and a server keeps one span per id.
    """

    def __init__(self) -> None:
        self._source = random.Random()  # noqa: S311  # Ids, no secrets.
        self.bits = self._source.getrandbits

    def start_anew(self) -> None:
        """At the first `init` of a process and in a forked child, which would give its parent's."""
        self._source.seed()

    def generate_span_id(self) -> int:
        """64 bits, never 0."""
        return self.bits(64) or 1

    def generate_trace_id(self) -> int:
        """128 bits, never 0."""
        return self.bits(128) or 1

    def is_trace_id_random(self) -> bool:
        """Yes: W3C's flag says so."""
        return True


IDS = Ids()
"""Those of this process."""


class LeanTracer(Tracer):
    """One tracer of one provider.

    Args:
        tracer: The SDK's.
        processor: Ours, in the same provider.
        root: Decides about traces that begin here; None: all are kept.
    """

    def __init__(
        self, tracer: sdk.Tracer, processor: "Processor", root: RootSampler | None
    ) -> None:
        self._sdk = tracer
        self.processors: Any = tracer.span_processor
        """All of the provider."""
        self.limits = tracer._span_limits  # noqa: SLF001  # The SDK has no other way to ask; so below.
        self.max_own = (self.limits.max_span_attributes or 10**6) - _MIN_ROOM // 2
        """Attributes that a span may have before the SDK has to count them."""
        self.source = Source(tracer.resource, tracer._instrumentation_scope)  # noqa: SLF001
        self._processor = processor
        self._root = root
        self._known: Any = None
        self._others: tuple[Any, ...] = ()
        self._templates: dict[tuple[str, SpanKind], Template] = {}

    start_as_current_span = sdk.Tracer.start_as_current_span  # Which calls what is here.

    def start_span(  # noqa: PLR0917  # OpenTelemetry's signature.
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = (),
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: FBT001, FBT002
        set_status_on_exception: bool = True,  # noqa: FBT001, FBT002
    ) -> Span:
        """As OpenTelemetry has it; what is rarely asked for is the SDK's to do."""
        is_usual = record_exception and set_status_on_exception and start_time is None
        if not is_usual or links or type(name) is not str:
            return self._sdk.start_span(
                name,
                context,
                kind,
                attributes,
                links,
                start_time,
                record_exception,
                set_status_on_exception,
            )
        template = self._templates.get((name, kind))
        if template is None:
            template = Template(name, kind, {})
            if len(self._templates) < _MAX_TEMPLATES:
                self._templates[name, kind] = template
        return self.start(
            template, context if context is not None else current_context(), attributes
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sdk, name)

    def start(
        self, template: Template, context: Context, attributes: Mapping[str, Any] | None = None
    ) -> Span:
        """Start a span; one that records nothing where its trace is not kept."""
        outer: Any = context.get(SPAN_KEY)
        bits, parent = IDS.bits, None
        began_ns, now_ns = steady_ns(), time.time_ns()
        base_ns = now_ns - began_ns
        if type(outer) is LeanSpan:
            trace_id, parent_id, flags = outer.trace_id, outer.span_id, outer.flags
            base_ns = outer.base_ns
        elif (
            outer is None
            or not (parent := trace.get_current_span(context).get_span_context()).is_valid
        ):
            parent, trace_id, parent_id, flags = None, bits(128) or 1, 0, _KEPT
            root = self._root
            if root is not None:
                rate = rate_in(context, root.rate) if context else root.rate
                if rate < 1.0 and not is_kept(trace_id, rate):
                    return NonRecordingSpan(_left_out(trace_id))
        elif parent.trace_state:
            return self._sdk.start_span(
                template.name, context, template.kind, {**template.attributes, **(attributes or {})}
            )
        elif not parent.trace_flags.sampled:
            return NonRecordingSpan(_left_out(parent.trace_id, parent.trace_flags))
        else:
            trace_id, parent_id = parent.trace_id, parent.span_id
            flags = TraceFlags(TraceFlags.SAMPLED | (parent.trace_flags & _LEFT_OUT))
            if (exporter := self._processor.exporter) is not None:
                base_ns = exporter.open_spans.base_ns(parent_id, base_ns)
        span: LeanSpan = _new(LeanSpan)
        span.tracer = self
        span.template = template
        span.trace_id = trace_id
        span.span_id = bits(64) or 1
        span.parent_id = parent_id
        span.remote_parent = parent
        span.flags = flags
        span.start_ns = now_ns
        span.end_ns = span.bounded = span.encoded = None
        span.began_ns = began_ns
        span.base_ns = base_ns
        span.own = {}
        span.is_announced = False
        span.is_sent = True
        if attributes:
            span.set_attributes(attributes)
        self._begun(span, context)
        return span

    def _begun(self, span: LeanSpan, context: Context) -> None:
        """Mark and watch a span, as `Processor.on_start` does for one of the SDK."""
        processor = self._processor
        marks: Any = context.get(STAMPS_KEY)
        if marks:
            given = span.attributes
            span.set_attributes({k: v for k, v in marks.items() if k not in given})
        run_id = BEATS.current_run_id
        if run_id is not None and semconv.RUN_ID not in span.attributes:
            span.set_attribute(semconv.RUN_ID, run_id)
        if (
            self.processors._span_processors is not self._known  # noqa: SLF001
            or self._sdk.resource is not self.source.resource
        ):
            self._look()
        rate = processor.sample_rate
        if rate is not None and not is_kept(span.trace_id, rate_in(context, rate)):
            span.is_sent = False
        elif (exporter := processor.exporter) is not None:
            exporter.begun_lean(span)
        for other in self._others:
            other.on_start(span, parent_context=context)

    def ended(self, span: LeanSpan) -> None:
        """Hand an ended span over; called by the span."""
        others = self._others
        for other in others:
            other._on_ending(span)  # noqa: SLF001
        exporter = self._processor.exporter
        if exporter is not None and span.is_sent:
            try:
                exporter.put_lean(span)
            except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
                warn_once("ended", "tracing failed to take a span", error=error)
        if others:
            readable = span._readable_span()  # noqa: SLF001
            for other in others:
                other.on_end(readable)

    def _look(self) -> None:
        """Which other processors there are, and what the provider is by now (a fork changes it)."""
        known = self.processors._span_processors  # noqa: SLF001
        self._others = tuple(each for each in known if each is not self._processor)
        self._known = known
        self.source = Source(self._sdk.resource, self.source.scope)


def _left_out(trace_id: int, flags: int = _LEFT_OUT) -> SpanContext:
    return SpanContext(trace_id, IDS.generate_span_id(), False, TraceFlags(flags & _LEFT_OUT))


def lean_tracer(tracer: object, processor: "Processor | None") -> LeanTracer | None:
    """A lean tracer in place of `tracer`; None where only the SDK's own does what is set up.

    Args:
        tracer: What a provider gave.
        processor: Ours, which stands in that provider.
    """
    if type(tracer) is LeanTracer:
        return tracer
    try:
        if type(tracer) is not sdk.Tracer or processor is None:
            return None
        limits, sampler = tracer._span_limits, tracer.sampler  # noqa: SLF001
        root = sampler._root if type(sampler) is sampling.ParentBased else None  # noqa: SLF001
        is_usual = (
            (type(root) is RootSampler or sampler is sampling.DEFAULT_ON)
            and type(tracer.span_processor) is sdk.SynchronousMultiSpanProcessor
            and type(tracer.id_generator) in (Ids, RandomIdGenerator)
            and type(tracer._tracer_metrics).__name__ == _NO_METRICS  # noqa: SLF001
            and tracer._is_enabled()  # noqa: SLF001
            and limits.max_span_attribute_length is None
            and (limits.max_span_attributes or _MIN_ROOM) >= _MIN_ROOM
        )
    except AttributeError:  # Another version of the SDK.
        return None
    if not is_usual:
        return None
    return LeanTracer(tracer, processor, root if type(root) is RootSampler else None)


class LeanProvider(sdk.TracerProvider):
    """The SDK's provider with lean tracers, where a program has none of its own."""

    def __init__(self, processor: "Processor", **options: Any) -> None:
        super().__init__(**options)
        self._processor = processor
        self._lean: dict[object, Tracer] = {}
        self.add_span_processor(processor)

    def get_tracer(self, *args: Any, **options: Any) -> Tracer:
        """The tracer of a scope, the same for the same scope."""
        made = super().get_tracer(*args, **options)
        known = self._lean.get(made)
        if known is None:
            known = lean_tracer(made, self._processor) or made
            if len(self._lean) < _MAX_TRACERS:  # Some SDKs make a new tracer each time.
                self._lean[made] = known
        return known
