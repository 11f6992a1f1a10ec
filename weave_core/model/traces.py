"""A trace: all spans of one piece of work, and their sums."""

from weave_core.model.scores import SpanScore
from weave_core.model.spans import Kind, Span, Status, Usage
from weave_core.model.values import Value

__all__ = ["DeletedTraces", "Trace", "TraceSummary"]


class TraceSummary(Value):
    """One row of the list of traces.

    `usage`, `model_call_count` and `cost_usd` count each model call once; a cost that can't be
    known is None, not 0.
    """

    project: str
    trace_id: str
    root_span_id: str | None = None
    """None while the root has not arrived."""
    service_name: str | None = None
    name: str
    kind: Kind
    status: Status
    started_ns: int
    ended_ns: int | None = None
    duration_ms: float | None = None
    span_count: int
    error_count: int
    """Spans that failed; the root's own status is `status`."""
    input_preview: str | None = None
    output_preview: str | None = None
    usage: Usage | None = None
    model_call_count: int = 0
    cost_usd: float | None = None
    models: list[str] = []
    session_id: str | None = None
    user_id: str | None = None
    tags: list[str] = []
    is_complete: bool = False
    """The root has ended and no span is pending."""
    scores: list[SpanScore] = []
    """Feedback on the trace and on its spans, the newest last."""


class Trace(Value):
    """A trace with its spans in the order they began."""

    trace: TraceSummary
    spans: list[Span]
    next_cursor: str | None = None
    """Where the trace has more spans than one answer holds: leads to the others."""


class DeletedTraces(Value):
    """How much was deleted."""

    deleted_traces: int
    deleted_spans: int
