"""Which traces and spans a filter can mean by the feedback that it demands, where these are few."""

from sqlalchemy import Connection, select

from weave_core.server.filters import demanded_feedback
from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["few_spans", "few_traces"]

_MAX_FEW = 2_000
"""Feedback up to which what was judged leads a query; with more, walking newest first meets a page
of them soon."""
_ROW, _SPAN = table_of(FeedbackRow).c, table_of(SpanRow)


def few_traces(
    connection: Connection, project_id: int, filter_text: str | None
) -> list[bytes] | None:
    """Ids of all traces that can pass a filter, by the feedback it demands; None: many, or none.

    Args:
        connection: In the snapshot of the query.
        project_id: Of the list.
        filter_text: One that `compile_filter` took.
    """
    for demanded in demanded_feedback(filter_text):
        of_trace = (_ROW.project_id == project_id, _ROW.trace_id.is_not(None))
        query = select(_ROW.trace_id).where(*of_trace, demanded).limit(_MAX_FEW + 1)
        found = list(connection.scalars(query))
        if len(found) <= _MAX_FEW:
            return sorted(set(found))
    return None


def few_spans(connection: Connection, project_id: int, filter_text: str | None) -> list[int] | None:
    """Row ids of all spans that can pass, likewise."""
    traces = few_traces(connection, project_id, filter_text)
    if traces is None:
        return None
    of_traces = (_SPAN.c.project_id == project_id, _SPAN.c.trace_id.in_(traces))
    found = list(connection.scalars(select(_SPAN.c.id).where(*of_traces).limit(_MAX_FEW + 1)))
    return found if len(found) <= _MAX_FEW else None
