"""The span processor: marks spans as they start, hands them over as they end.

It runs in the traced program's threads, so it copies nothing, waits for nothing and never raises.
"""

from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from weave_core import semconv
from weave_core.tracing.contexts import STAMPS_KEY
from weave_core.tracing.exporting import Exporter  # noqa: TC001  # Light by now, and checkers read it.
from weave_core.tracing.failures import warn_once
from weave_core.tracing.pending import MAX_OPEN
from weave_core.tracing.run_beats import BEATS
from weave_core.tracing.sampling import is_kept, rate_in

__all__ = ["Processor"]


class Processor(SpanProcessor):
    """Stands in a tracer provider; passes ended spans to the exporter of the moment.

    A provider keeps its processors for ever, so this one stays and what it passes to changes: None
    while tracing is shut down.
    """

    def __init__(self) -> None:
        self.exporter: Exporter | None = None
        self.sample_rate: float | None = None
        """Share of traces to pass on, where the provider's own sampler does not decide that."""
        self._left_out: set[int] = set()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Write session, user, tags and metadata of the context on the span."""
        try:
            context = parent_context if parent_context is not None else otel_context.get_current()
            marks: Any = context.get(STAMPS_KEY)
            if marks:
                given = span.attributes or {}
                span.set_attributes({k: v for k, v in marks.items() if k not in given})
            run_id = BEATS.current_run_id
            if run_id is not None and semconv.RUN_ID not in (span.attributes or {}):
                span.set_attribute(semconv.RUN_ID, run_id)
            exporter, own = self.exporter, span.get_span_context()
            if self.sample_rate is not None and not is_kept(
                own.trace_id, rate_in(context, self.sample_rate)
            ):
                if len(self._left_out) < MAX_OPEN:
                    self._left_out.add(own.span_id)
                return
            if exporter is not None and own.trace_flags.sampled:
                exporter.begun(own.span_id, span)
        except Exception as error:  # noqa: BLE001  # Our failure must not become the traced program's.
            warn_once("on_start", "tracing failed to mark a span", error=error)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand the span over."""
        exporter, context = self.exporter, span.context
        if exporter is None or context is None or not context.trace_flags.sampled:
            return
        try:
            if context.span_id in self._left_out:
                self._left_out.discard(context.span_id)
                return
            exporter.put(exporter.open_spans.ended(context.span_id, span))
        except Exception as error:  # noqa: BLE001  # As above.
            warn_once("on_end", "tracing failed to take a span", error=error)

    def shutdown(self) -> None:
        """Called by a provider that shuts down; what was taken is still sent."""
        self.force_flush(5_000)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until what has ended was sent."""
        exporter = self.exporter
        return exporter.flush(timeout_millis / 1000) if exporter is not None else True
