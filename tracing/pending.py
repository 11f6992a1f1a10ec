"""Spans that have begun and not ended: after a second, a record says so.

So a long call is on the screen while it runs, and one that never ends (a killed program) is not
missing without a word.
"""

import time

from opentelemetry.sdk.trace import ReadableSpan, Span

from weave_core import semconv

__all__ = ["ANNOUNCED_AFTER_S", "OpenSpans"]

ANNOUNCED_AFTER_S = 1.0
_LOOK_EVERY_S = 0.25
MAX_OPEN = 10_000
"""More open spans than this are not watched; they are still recorded when they end."""


class OpenSpans:
    """The spans that are open and not announced yet, by span id.

    Written by the traced program's threads, one dictionary operation each, which Python makes
    atomic; read by the writer thread.
    """

    __slots__ = ("_next_look_s", "_spans")

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}
        self._next_look_s = 0.0

    def begun(self, span_id: int, span: Span) -> None:
        """Watch `span`."""
        if len(self._spans) < MAX_OPEN:
            self._spans[span_id] = span

    def ended(self, span_id: int) -> None:
        """Forget a span."""
        self._spans.pop(span_id, None)

    def announced(self) -> list[ReadableSpan]:
        """Start records of the spans that have been open for long enough; each is given once."""
        now_s = time.monotonic()
        if not self._spans or now_s < self._next_look_s:
            return []
        self._next_look_s = now_s + _LOOK_EVERY_S
        oldest_ns = time.time_ns() - int(ANNOUNCED_AFTER_S * 1e9)
        records = []
        for span_id, span in self._spans.copy().items():
            started_ns = span.start_time
            if started_ns is not None and started_ns <= oldest_ns:
                self._spans.pop(span_id, None)
                if span.end_time is None:
                    records.append(_start_record(span))
        return records


def _start_record(span: Span) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes={**(span.attributes or {}), semconv.IS_PENDING: True},
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        start_time=span.start_time,
        end_time=None,
    )
