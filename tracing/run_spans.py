"""The spans of a run: one for each program that writes to it, and one for many logged steps.

All spans of a run are one trace, whose id follows from the run's own, so that several programs
write to one trace without having met.  They go to the exporter as they are: no sampler leaves a
part of a training out.
"""

import secrets
import time
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from weave_core import semconv
from weave_core.jsonable import to_json
from weave_core.run_identities import trace_id_of
from weave_core.tracing.step_buffers import PackedSteps

__all__ = ["RunSpans", "new_run_id"]

_SCOPE = InstrumentationScope(semconv.RUN_SCOPE)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_MAX_ERROR = 2_000


def new_run_id() -> str:
    """An id that no other run has."""
    return secrets.token_hex(6)


class RunSpans:
    """Makes the spans of one writer of a run.

    Args:
        project: Where it belongs.
        run_id: Of the run.
        rank: Of the writer.
        writer_id: 16 hexadecimal digits; None: new ones.
        started_ns: When the writer began; None: now.
    """

    def __init__(
        self,
        *,
        project: str,
        run_id: str,
        rank: int,
        writer_id: str | None = None,
        started_ns: int | None = None,
    ) -> None:
        self._last_ns = 0
        self.started_ns = self.now_ns() if started_ns is None else started_ns
        self.writer_id = secrets.token_hex(8) if writer_id is None else writer_id
        self._resource = Resource.create({semconv.PROJECT: project})
        self._trace_id = trace_id_of(project, run_id)
        self._own = self._context(int(self.writer_id, 16) or 1)
        self._marks: dict[str, Any] = {
            semconv.RUN_ID: run_id,
            semconv.RUN_WRITER: self.writer_id,
            semconv.RUN_RANK: rank,
        }

    def now_ns(self) -> int:
        """The time, which never goes back within a writer: what is told later counts."""
        self._last_ns = max(self._last_ns + 1, time.time_ns())
        return self._last_ns

    def begun(self, name: str, record: dict[str, Any]) -> ReadableSpan:
        """The span of the writer, which has begun."""
        attributes = {semconv.IS_PENDING: True, **self._told(record)}
        return self._span(name, self._own, attributes, start_ns=self.started_ns, end_ns=None)

    def ended(self, name: str, record: dict[str, Any], error: str | None) -> ReadableSpan:
        """The same, which has ended."""
        status = Status(StatusCode.ERROR, error[:_MAX_ERROR]) if error else Status(StatusCode.OK)
        return self._span(
            name,
            self._own,
            self._told(record),
            start_ns=self.started_ns,
            end_ns=record["ended_ns"],
            status=status,
        )

    def steps(self, packed: PackedSteps) -> ReadableSpan:
        """A span that stands for a child span of the writer's at each step."""
        attributes = {semconv.KIND: "step", semconv.RUN_POINTS: packed.body}
        context = self._context(secrets.randbits(64) or 1)
        return self._span(
            "steps", context, attributes, start_ns=packed.first_ns, end_ns=packed.last_ns
        )

    def word(self, record: dict[str, Any] | None) -> ReadableSpan:
        """What changed since, or that the writer is alive."""
        attributes: dict[str, Any] = {semconv.KIND: "step", semconv.RUN_POINTS: b""}
        if record is not None:
            attributes[semconv.RUN_RECORD] = to_json(record)
        return self._now("heartbeat", attributes)

    def printed(self, lines: str) -> ReadableSpan:
        """Lines that the program has printed, as JSON."""
        attributes = {semconv.KIND: "step", semconv.RUN_POINTS: b"", semconv.RUN_CONSOLE: lines}
        return self._now("console", attributes)

    def files(self, kept: str) -> ReadableSpan:
        """Files that the run keeps, as JSON."""
        attributes = {semconv.KIND: "step", semconv.RUN_POINTS: b"", semconv.RUN_FILES: kept}
        return self._now("files", attributes)

    def media(self, logged: str, time_ns: int) -> ReadableSpan:
        """What was logged that is no number, as JSON; the last of it at `time_ns`."""
        attributes = {semconv.KIND: "step", semconv.RUN_POINTS: b"", semconv.RUN_MEDIA: logged}
        context = self._context(secrets.randbits(64) or 1)
        return self._span("media", context, attributes, start_ns=time_ns, end_ns=time_ns)

    def _now(self, name: str, attributes: dict[str, Any]) -> ReadableSpan:
        now_ns = self.now_ns()
        context = self._context(secrets.randbits(64) or 1)
        return self._span(name, context, attributes, start_ns=now_ns, end_ns=now_ns)

    def _told(self, record: dict[str, Any]) -> dict[str, Any]:
        told = {semconv.KIND: "run", semconv.RUN_RECORD: to_json(record)}
        if record.get("config"):
            told[semconv.INPUTS] = to_json(record["config"])
        return told

    def _context(self, span_id: int) -> SpanContext:
        return SpanContext(self._trace_id, span_id, is_remote=False, trace_flags=_SAMPLED)

    def _span(
        self,
        name: str,
        context: SpanContext,
        attributes: dict[str, Any],
        *,
        start_ns: int,
        end_ns: int | None,
        status: Status | None = None,
    ) -> ReadableSpan:
        return ReadableSpan(
            name=name,
            context=context,
            parent=None if context is self._own else self._own,
            resource=self._resource,
            attributes={**self._marks, **attributes},
            instrumentation_scope=_SCOPE,
            start_time=start_ns,
            end_time=end_ns,
            status=status or Status(StatusCode.UNSET),
        )
