"""The spans of an evaluation: one of its own, and one trace for each example.

Nothing else stores results: the server reads evaluations out of these spans, so that they wait in
the spool where there is no server, and a resend changes nothing.
"""

from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer

from weave_core import semconv
from weave_core.model import EvaluatedItem, StoredEvaluation
from weave_core.tracing import SpanHandle
from weave_core.tracing.calls import active_tracer
from weave_core.tracing.content import content_json
from weave_core.tracing.lifecycle import current_exporter
from weave_core.tracing.outcomes import record_error
from weave_core.tracing.sampling import with_rate

__all__ = ["EvaluationSpans", "ExampleSpan"]

_SPARED = {"trace_id", "span_id", "input_preview", "output_preview"}
"""What the span itself says."""


class EvaluationSpans:
    """Writes the spans of one evaluation; all that it does is nothing where tracing is off."""

    def __init__(self, record: StoredEvaluation) -> None:
        self._tracer: Tracer | None = active_tracer()
        # Traces of their own, kept whatever the sampling, that still carry the marks of the block
        # that the evaluation runs in (tags, user, session).
        apart = trace.set_span_in_context(trace.INVALID_SPAN, otel_context.get_current())
        self._base = with_rate(apart, 1.0)
        self._marks: dict[str, Any] = {
            semconv.EVALUATION_ID: record.evaluation_id,
            semconv.EVALUATION_NAME: record.name,
        }
        self._span: Span | None = None

    @property
    def handle(self) -> SpanHandle:
        """The span of the evaluation."""
        return SpanHandle(self._span)

    def begin(self, record: StoredEvaluation) -> None:
        """Begin the span of the evaluation; after a second the server knows that it runs."""
        if self._tracer is None:
            return
        attributes = {
            **self._marks,
            semconv.KIND: "evaluation",
            semconv.EVALUATION_RECORD: _json(record),
            semconv.INPUTS: content_json(
                {"dataset": record.dataset.name, "task": record.task.name, **record.config}
            ),
        }
        self._span = self._tracer.start_span(record.name, self._base, attributes=attributes)

    def end(self, record: StoredEvaluation) -> None:
        """End it with what was found."""
        if self._span is None:
            return
        summary = record.summary.model_dump(exclude_defaults=True) if record.summary else None
        told = {"state": record.state, "summary": summary}
        if record.gate is not None:
            told["gate"] = record.gate.model_dump(exclude_defaults=True)
        self._span.set_attributes(
            {semconv.EVALUATION_RECORD: _json(record), semconv.OUTPUTS: content_json(told)}
        )
        self._span.end()

    def hurry(self) -> None:
        """Let what has ended be stored at once, since the end comes near, which waits for it."""
        exporter = current_exporter()
        if exporter is not None:
            exporter.hurry()

    def begin_example(self, name: str, row: dict[str, Any]) -> "ExampleSpan":
        """Begin the trace of one example."""
        if self._tracer is None:
            return ExampleSpan(None, self._base)
        attributes = {
            **self._marks,
            semconv.KIND: "task",
            semconv.INPUTS: content_json(row),
        }
        span = self._tracer.start_span(name, self._base, attributes=attributes)
        return ExampleSpan(span, trace.set_span_in_context(span, self._base))


class ExampleSpan:
    """The root of one example's trace."""

    __slots__ = ("_previous", "_span", "context", "ids")

    def __init__(self, span: Span | None, context: Context) -> None:
        self._span = span
        self.context = context
        handle = self.handle
        trace_id = handle.trace_id
        self.ids = {"trace_id": trace_id, "span_id": handle.span_id} if trace_id else {}
        """`trace_id` and `span_id`; empty where nothing is traced."""
        self._previous: Context | None = None

    @property
    def handle(self) -> SpanHandle:
        """The span as a program holds it."""
        return SpanHandle(self._span)

    def enter(self) -> None:
        """Make it current: what the task does becomes part of its trace."""
        self._previous = otel_context.get_current()
        otel_context.attach(self.context)

    def leave(self) -> None:
        """Make current what was before."""
        if self._previous is not None:
            otel_context.attach(self._previous)

    def end(self, item: EvaluatedItem, output: Any, error: BaseException | None) -> None:
        """Write what came out and what the scorers said."""
        span = self._span
        if span is None:
            return
        attributes = {
            semconv.EVALUATION_EXAMPLE: item.model_dump_json(exclude_defaults=True, exclude=_SPARED)
        }
        if error is not None:
            record_error(span, error)
        else:
            attributes[semconv.OUTPUTS] = content_json(output)
        span.set_attributes(attributes)
        span.end()


def _json(record: StoredEvaluation) -> str:
    return record.model_dump_json(exclude_none=True)
