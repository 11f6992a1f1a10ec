"""A span as a program holds it: its ids, its link, and what may be written on it.

A handle never raises and may lead nowhere (outside of any span, not sampled, tracing off); then it
reads as empty and swallows what is written.  Imports nothing of OpenTelemetry.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weave_core import semconv
from weave_core.tracing.failures import guarded

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from weave_core.model import Feedback

__all__ = ["SpanHandle"]


class SpanHandle:
    """One span of the running program.

    Example:
        >>> answer, span = support_agent.call("Where is my parcel?")
        >>> print(span.url)
    """

    __slots__ = ("_span",)

    def __init__(self, span: "Span | None") -> None:
        self._span = span

    @property
    def otel_span(self) -> "Span | None":
        """OpenTelemetry's own span; None where the handle leads nowhere."""
        return self._span

    @property
    def trace_id(self) -> str:
        """32 hex digits; empty where the handle leads nowhere."""
        context = self._span.get_span_context() if self._span is not None else None
        return f"{context.trace_id:032x}" if context is not None and context.is_valid else ""

    @property
    def span_id(self) -> str:
        """16 hex digits; empty where the handle leads nowhere."""
        context = self._span.get_span_context() if self._span is not None else None
        return f"{context.span_id:016x}" if context is not None and context.is_valid else ""

    @property
    def is_recording(self) -> bool:
        """Whether what is written now gets stored."""
        return self._span is not None and self._span.is_recording()

    @property
    def url(self) -> str:
        """The page of this span in the app; empty where the handle leads nowhere."""
        if not self.trace_id:
            return ""
        from weave_core.tracing.lifecycle import span_url  # Late: it loads OpenTelemetry's SDK.

        return span_url(self.trace_id, self.span_id)

    @guarded
    def set_attribute(self, key: str, value: Any) -> None:
        """Write one attribute; what OpenTelemetry can't hold is written as JSON text."""
        if self._span is not None and self._span.is_recording():
            from weave_core.tracing.content import attribute_value

            self._span.set_attribute(key, attribute_value(value))

    @guarded
    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Write several attributes."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    @guarded
    def set_inputs(self, inputs: Any) -> None:
        """Record what went in, as it is now; later changes of the value don't show."""
        self._set_json(semconv.INPUTS, inputs)

    @guarded
    def set_outputs(self, outputs: Any) -> None:
        """Record what came out, as it is now; later changes of the value don't show."""
        self._set_json(semconv.OUTPUTS, outputs)

    @guarded
    def set_error(self, error: BaseException) -> None:
        """Mark the span as failed by `error`, for failures that the program handles itself."""
        if self._span is not None and self._span.is_recording():
            from weave_core.tracing.outcomes import record_error

            record_error(self._span, error)

    def feedback(self, name: str, value: float | None = None, **more: Any) -> "Feedback | None":
        """Give feedback on this span, as `weave_core.feedback` does.

        Unlike what is written on a span it goes to the server at once, also when the span is over.

        Example:
            >>> answer, span = support_agent.call("Where is my parcel?")
            >>> span.feedback("thumbs", 1, source="end_user")

        Args:
            name: What is judged.
            value: A number; True and False are 1 and 0.
            **more: As of `weave_core.feedback`.

        Returns:
            What is stored; None where the handle leads nowhere.
        """
        if not self.trace_id:
            return None
        from weave_core.tracing.given_feedback import give  # Late, as above.

        return give({"trace_id": self.trace_id, "span_id": self.span_id}, name, value, **more)

    def _set_json(self, key: str, value: Any) -> None:
        if self._span is not None and self._span.is_recording():
            from weave_core.tracing.content import content_json, note_cut, was_cut

            text = content_json(value)
            self._span.set_attribute(key, text)
            if was_cut(text):
                note_cut(self._span, key)

    def __repr__(self) -> str:
        return f"SpanHandle(trace_id={self.trace_id!r}, span_id={self.span_id!r})"
