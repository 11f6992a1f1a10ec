"""What is new since the last look: traces as they come in, for a live view.

A look costs three short range queries, whatever the project holds.  New spans are found by their
row ids, which are the order of arrival; a trace that was not complete is looked at again, since an
update of a span has no new row id.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.shapes import TRACE_COLUMNS, trace_shape
from weave_core.server.store.tables import SpanRow, TraceDirtyRow, TraceRow, table_of

__all__ = ["TraceTail"]

_SPAN, _TRACE, _DIRTY = table_of(SpanRow), table_of(TraceRow), table_of(TraceDirtyRow)
_MAX_SPANS_A_LOOK = 2_000
_MAX_WATCHED = 400
"""Traces that are looked at again; of more the oldest are forgotten."""


class TraceTail:
    """One reader's place in the stream of traces.

    Args:
        connection: For this call only.
        project: Its name.
        filter_text: Only traces that pass it are told.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong.
    """

    def __init__(self, connection: Connection, project: str, filter_text: str | None) -> None:
        self._project = project
        self._condition: ColumnElement[bool] | None = compile_filter(filter_text, TRACES)
        self._project_id = get_project_id(connection, project)
        self._last_id: int = connection.scalar(select(func.max(_SPAN.c.id))) or 0
        self._watched: dict[bytes, tuple[Any, ...] | None] = {}
        """Trace to what was told of it; None: nothing yet."""

    def look(self, connection: Connection) -> list[dict[str, Any]]:
        """TraceSummaries that are new or have changed since the last look."""
        self._find_new(connection)
        if not self._watched:
            return []
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
        told = [row for trace_id, row in rows.items() if self._watched[trace_id] != row]
        for trace_id in ready:
            row = rows.get(trace_id)
            if row is None or not row[-1]:  # It may pass the filter, or be complete, later.
                self._watched[trace_id] = row
            else:
                del self._watched[trace_id]
        return [trace_shape(row, self._project) for row in told]

    def _find_new(self, connection: Connection) -> None:
        new = (
            select(_SPAN.c.id, _SPAN.c.project_id, _SPAN.c.trace_id)
            .where(_SPAN.c.id > self._last_id)
            .order_by(_SPAN.c.id)
            .limit(_MAX_SPANS_A_LOOK)
        )
        for row_id, project_id, trace_id in connection.execute(new):
            self._last_id = row_id
            if project_id == self._project_id:
                self._watched.setdefault(trace_id, None)
        for trace_id in list(self._watched)[: max(0, len(self._watched) - _MAX_WATCHED)]:
            del self._watched[trace_id]
