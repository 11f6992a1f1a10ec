"""Spans that have begun and not ended: after a second, a record says so.

So a long call is on the screen while it runs, and one that never ends (a killed program) is not
missing without a word.  What is known of them also tells whether the clock was set meanwhile: a
trace keeps the clock that it began with.
"""

import time
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, Span

from weave_core import semconv
from weave_core.clocks import steady_ns
from weave_core.tracing.copies import copied
from weave_core.tracing.lean_spans import LeanSpan

__all__ = ["ANNOUNCED_AFTER_S", "OpenSpans"]

ANNOUNCED_AFTER_S = 1.0
_LOOK_EVERY_S = 0.25
_JUMP_NS = 2 * 10**9
"""A clock that is further from where it should be was set; less may be a thread that had to wait
between a look at one clock and one at the other."""
MAX_OPEN = 10_000
"""More open spans than this are not watched; they are still recorded when they end."""


_Known = list[Any] | LeanSpan
"""A span of ours, which knows by itself what a list knows of one of the SDK: it (None once it was
announced), when it began by the steady clock, how far the wall clock was ahead of that then, and
how far when the first span around it did that is open; all in nanoseconds."""
_SPAN, _BEGAN, _AHEAD, _BASE = range(4)


class OpenSpans:
    """The spans that are open, by span id.

    Written by the traced program's threads, one dictionary operation each, which Python makes
    atomic; read by the writer thread.
    """

    __slots__ = ("_next_look_s", "_spans")

    def __init__(self) -> None:
        self._spans: dict[int, _Known] = {}
        self._next_look_s = 0.0

    def begun(self, span_id: int, span: Span) -> None:
        """Watch `span`."""
        if len(self._spans) < MAX_OPEN:
            began_ns = steady_ns()
            base_ns = ahead_ns = time.time_ns() - began_ns
            parent = span.parent
            if parent is not None:
                base_ns = self.base_ns(parent.span_id, base_ns)
            self._spans[span_id] = [span, began_ns, ahead_ns, base_ns]

    def begun_lean(self, span: LeanSpan) -> None:
        """Watch one of ours."""
        if len(self._spans) < MAX_OPEN:
            self._spans[span.span_id] = span

    def base_ns(self, span_id: int, otherwise: int) -> int:
        """How far the clock was ahead when the trace of an open span began, as far as is known."""
        known = self._spans.get(span_id)
        if known is None:
            return otherwise
        return known.base_ns if type(known) is LeanSpan else int(known[_BASE])

    def ended(self, span_id: int, span: ReadableSpan) -> ReadableSpan:
        """Forget a span; gives it with the times that it would have if nobody had set the clock."""
        known, end_ns = self._spans.pop(span_id, None), span.end_time
        if type(known) is not list or end_ns is None:
            return span
        moved_ns = end_ns - steady_ns() - known[_BASE]
        return span if -_JUMP_NS < moved_ns < _JUMP_NS else _settled(span, known, moved_ns)

    def ended_lean(self, span: LeanSpan) -> None:
        """Forget one of ours; sets its times as `ended` does."""
        self._spans.pop(span.span_id, None)
        end_ns = span.end_ns or 0
        moved_ns = end_ns - steady_ns() - span.base_ns
        if not -_JUMP_NS < moved_ns < _JUMP_NS and abs(end_ns - time.time_ns()) <= _JUMP_NS:
            span.start_ns = span.began_ns + span.base_ns
            span.end_ns = max(span.start_ns, end_ns - moved_ns)

    def announced(self) -> list[ReadableSpan]:
        """Start records of the spans that have been open for long enough; each is given once."""
        now_s = time.monotonic()
        if not self._spans or now_s < self._next_look_s:
            return []
        self._next_look_s = now_s + _LOOK_EVERY_S
        oldest_ns = steady_ns() - int(ANNOUNCED_AFTER_S * 1e9)
        records = []
        for each in list(self._spans.values()):
            if type(each) is LeanSpan:
                if not each.is_announced and each.began_ns <= oldest_ns:
                    each.is_announced = True
                    if each.end_ns is None:
                        records.append(_start_record(each))
            elif (span := each[_SPAN]) is not None and each[_BEGAN] <= oldest_ns:
                each[_SPAN] = None
                if span.end_time is None:
                    records.append(_start_record(span))
        if len(self._spans) >= MAX_OPEN:
            self._forget_oldest()
        return records

    def _forget_oldest(self) -> None:
        """Make room: what was announced and does not end must not keep others from being so."""
        told = [span_id for span_id, each in list(self._spans.items()) if _was_told(each)]
        for span_id in told[: MAX_OPEN // 2]:
            self._spans.pop(span_id, None)


def _was_told(known: _Known) -> bool:
    return known.is_announced if type(known) is LeanSpan else known[_SPAN] is None


def _settled(span: ReadableSpan, known: list[Any], moved_ns: int) -> ReadableSpan:
    """`span` by the clock of its trace, where its times are the clock's and not the program's."""
    start_ns, end_ns = span.start_time, span.end_time
    if start_ns is None or end_ns is None or abs(end_ns - time.time_ns()) > _JUMP_NS:
        return span
    if abs(start_ns - known[_BEGAN] - known[_AHEAD]) < _JUMP_NS:
        start_ns -= known[_AHEAD] - known[_BASE]
    return copied(span, start_time=start_ns, end_time=max(start_ns, end_ns - moved_ns))


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
