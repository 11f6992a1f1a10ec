"""What is new since the last look: traces as they come in, for a live view.

A look costs three short range queries, whatever the project holds.  New spans are found by their
row ids, which are the order of arrival; a trace that was not complete is looked at again, since an
update of a span has no new row id.

A reader who falls behind, or comes back late, is never told a part as if it were all: what is left
out for it is counted, and told.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from weave_core.errors import BadRequest
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.scores import add_trace_scores
from weave_core.server.store.queries.shapes import TRACE_COLUMNS, trace_shape
from weave_core.server.store.tables import SpanRow, TraceDirtyRow, TraceRow, table_of

__all__ = ["Look", "TraceTail"]

_SPAN, _TRACE, _DIRTY = table_of(SpanRow), table_of(TraceRow), table_of(TraceDirtyRow)
_MAX_SPANS_A_LOOK = 2_000
_MAX_WATCHED = 400
"""Traces of a live reader that are looked at again; of those told before the oldest are left."""
MAX_BEHIND = 20_000
"""Spans that a live reader may be behind; what is older when it looks is left out, and told so."""


class Look(NamedTuple):
    """What one look has found."""

    traces: list[dict[str, Any]]
    """TraceSummaries that are new or have changed."""
    skipped_spans: int
    """Spans, of all projects, that came since the last look and were left out."""
    has_more: bool
    """Whether as many were new as one look takes, so that the next one should follow at once."""


class TraceTail:
    """One reader's place in the stream of traces.

    Args:
        connection: For this call only.
        project: Its name.
        filter_text: Only traces that pass it are told.
        resume: The place of an earlier look, to go on from; None: only what comes from now on.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
        BadRequest: If no look gave `resume`.
    """

    def __init__(
        self,
        connection: Connection,
        project: str,
        filter_text: str | None,
        resume: str | None = None,
    ) -> None:
        self._project = project
        self._condition: ColumnElement[bool] | None = compile_filter(filter_text, TRACES)
        self._project_id = get_project_id(connection, project)
        newest = _newest(connection)
        self._last_id = newest if resume is None else min(_read_place(resume), newest)
        self._watched: dict[bytes, tuple[int, tuple[Any, ...] | None]] = {}
        """Trace to the row that led to it, and what was told of it; None: nothing yet."""

    def look(self, connection: Connection) -> Look:
        """What is new or has changed since the last look."""
        skipped = self._catch_up(connection)
        has_more = False
        if sum(told is None for _, told in self._watched.values()) < _MAX_WATCHED:
            has_more = self._find_new(connection) == _MAX_SPANS_A_LOOK
        traces = self._changed(connection) if self._watched else []
        self._leave_oldest()
        return Look(traces, skipped, has_more)

    @property
    def place(self) -> str:
        """Where the reader is now; `resume` goes on from here, and tells a few traces again.

        Behind it each trace was told.  What was not complete then is told again, unless much has
        come since.
        """
        after = self._last_id + 1
        untold = min((row for row, told in self._watched.values() if told is None), default=after)
        watched = min((row for row, _ in self._watched.values()), default=after)
        return str(min(untold, max(watched, after - _MAX_SPANS_A_LOOK)) - 1)

    def _catch_up(self, connection: Connection) -> int:
        """Leave out what is too far back; how many spans that is."""
        newest = _newest(connection)
        first = newest - MAX_BEHIND
        self._last_id = min(self._last_id, newest)  # SQLite gives the ids of deleted rows again.
        skipped = max(0, first - self._last_id)
        if skipped:
            self._last_id = first
        return skipped

    def _changed(self, connection: Connection) -> list[dict[str, Any]]:
        of_project = _DIRTY.c.project_id == self._project_id
        dirty = set(
            connection.scalars(
                select(_DIRTY.c.trace_id).where(
                    of_project, _DIRTY.c.trace_id.in_(list(self._watched))
                )
            )
        )
        ready = [trace_id for trace_id in self._watched if trace_id not in dirty]
        query = select(*TRACE_COLUMNS).where(
            _TRACE.c.project_id == self._project_id, _TRACE.c.trace_id.in_(ready)
        )
        if self._condition is not None:
            query = query.where(self._condition)
        rows = {row.trace_id: tuple(row) for row in connection.execute(query)}
        told = [  # In the order in which they came.
            rows[trace_id]
            for trace_id in ready
            if trace_id in rows and self._watched[trace_id][1] != rows[trace_id]
        ]
        for trace_id in ready:
            row = rows.get(trace_id, ())
            if not row or not row[-1]:  # It may pass the filter, or be complete, later.
                self._watched[trace_id] = self._watched[trace_id][0], row
            else:
                del self._watched[trace_id]
        items = [trace_shape(row, self._project) for row in told]
        add_trace_scores(connection, self._project_id, items)
        return items

    def _find_new(self, connection: Connection) -> int:
        """Watch the traces of new spans; how many spans that were."""
        new = (
            select(_SPAN.c.id, _SPAN.c.project_id, _SPAN.c.trace_id)
            .where(_SPAN.c.id > self._last_id)
            .order_by(_SPAN.c.id)
            .limit(_MAX_SPANS_A_LOOK)
        )
        rows = connection.execute(new).all()
        for row_id, project_id, trace_id in rows:
            self._last_id = row_id
            if project_id == self._project_id:
                self._watched.setdefault(trace_id, (row_id, None))
        return len(rows)

    def _leave_oldest(self) -> None:
        """Watch fewer: a trace that was told already is found again by the next span of it."""
        told = [trace_id for trace_id, (_, row) in self._watched.items() if row is not None]
        for trace_id in told[: max(0, len(self._watched) - _MAX_WATCHED)]:
            del self._watched[trace_id]


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(_SPAN.c.id))) or 0


def _read_place(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:  # noqa: PLR2004  # Of 64 bits.
        raise BadRequest(
            f"Last-Event-ID is {text[:50]!r}, and no event of this stream had it",
            "leave the header out to follow from now on",
        )
    return int(text)
