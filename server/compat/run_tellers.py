"""What a client says of a run, as the spans in which our own SDK would say it.

So all that follows, storing, packing, finding and showing, is the same code for both.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from weave_core import semconv
from weave_core.points import Group, group_of, pack_points
from weave_core.run_identities import foreign_writer_id, trace_id_of
from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.rows import json_text

__all__ = ["SOURCE", "NumberRow", "RunTeller"]

SOURCE = "wandb"
"""What `weave-core import` calls the same tracker: a run that is imported as well is one run."""
_OK, _ERROR = 1, 2

NumberRow = tuple[tuple[str, ...], int, int, tuple[float, ...]]
"""Keys, step, time in nanoseconds, a value for each key."""


class RunTeller:
    """Makes the spans of one writer of a run.

    Args:
        project: Where it belongs.
        run_id: Of the run.
        session: Tells another writer from the one that stands for all programs of the client: they
            do not say who they are when they begin, and number their lines as one.
    """

    def __init__(self, project: str, run_id: str, *, session: str = "") -> None:
        self.writer_id = foreign_writer_id(SOURCE, run_id, session)
        self._trace_id = trace_id_of(project, run_id).to_bytes(16, "big")
        self._own_id = (int(self.writer_id, 16) or 1).to_bytes(8, "big")
        self._origin = RawOrigin({semconv.PROJECT: project}, semconv.RUN_SCOPE)
        self._marks: dict[str, Any] = {
            semconv.RUN_ID: run_id,
            semconv.RUN_WRITER: self.writer_id,
            semconv.RUN_RANK: 0,
        }

    def begun(self, name: str, record: dict[str, Any]) -> RawSpan:
        """The span of the writer, which has begun."""
        told = {semconv.IS_PENDING: True, **self._told(record)}
        return self._span(name, told, record["started_ns"], 0, is_own=True)

    def ended(self, name: str, record: dict[str, Any], error: str | None) -> RawSpan:
        """The same, which has ended."""
        span = self._span(
            name, self._told(record), record["started_ns"], record["ended_ns"], is_own=True
        )
        span.status_code, span.status_message = (_ERROR, error) if error else (_OK, "")
        return span

    def word(self, record: dict[str, Any] | None = None) -> RawSpan:
        """What changed, or that the writer is alive."""
        told = {} if record is None else {semconv.RUN_RECORD: json_text(record)}
        return self._now("heartbeat", told)

    def steps(self, rows: Sequence[NumberRow]) -> Iterable[RawSpan]:
        """Logged numbers; one span for all of them."""
        shapes: dict[tuple[str, ...], list[NumberRow]] = {}
        for row in rows:
            shapes.setdefault(row[0], []).append(row)
        groups: list[Group] = [
            group_of(keys, [row[1:] for row in found]) for keys, found in shapes.items() if keys
        ]
        if groups:
            times = [row[2] for row in rows]
            told = {semconv.RUN_POINTS: pack_points(groups)}
            yield self._span("steps", told, min(times), max(times))

    def printed(self, lines: list[list[Any]]) -> RawSpan:
        """Lines that the program has printed."""
        return self._now("console", {semconv.RUN_CONSOLE: json_text(lines)})

    def files(self, kept: list[dict[str, Any]]) -> RawSpan:
        """Files that the run keeps."""
        return self._now("files", {semconv.RUN_FILES: json_text(kept)})

    def media(self, logged: list[dict[str, Any]], time_ns: int) -> RawSpan:
        """What was logged that is no number."""
        return self._span("media", {semconv.RUN_MEDIA: json_text(logged)}, time_ns, time_ns)

    def _told(self, record: dict[str, Any]) -> dict[str, Any]:
        told = {semconv.KIND: "run", semconv.RUN_RECORD: json_text(record)}
        if record.get("config"):
            told[semconv.INPUTS] = orjson.dumps(record["config"]).decode()
        return told

    def _now(self, name: str, told: dict[str, Any]) -> RawSpan:
        now_ns = time.time_ns()
        return self._span(name, told, now_ns, now_ns)

    def _span(
        self, name: str, told: dict[str, Any], start_ns: int, end_ns: int, *, is_own: bool = False
    ) -> RawSpan:
        # What stands for no span of its own brings points, if only none.
        kept = told if is_own else {semconv.KIND: "step", semconv.RUN_POINTS: b"", **told}
        return RawSpan(
            trace_id=self._trace_id,
            span_id=self._own_id if is_own else secrets.token_bytes(8),
            parent_id=None if is_own else self._own_id,
            name=name,
            otel_kind=1,
            start_ns=start_ns,
            end_ns=end_ns,
            status_code=0,
            status_message="",
            attributes={**self._marks, **kept},
            events=[],
            links=[],
            origin=self._origin,
        )
