"""What filters ask of feedback: `feedback['thumbs'] = 1`, of the rows of any list.

A comparison holds where some feedback of that name passes it: there may be several, of several
people.  `feedback['correctness', 'human']` heeds one source alone.
"""

from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, exists, or_

from weave_core.server.store.feedback_tables import FeedbackRow
from weave_core.server.store.run_tables import RunRow
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = [
    "FEEDBACK_TABLE",
    "FeedbackTest",
    "condition_on",
    "of_run",
    "of_session",
    "of_span",
    "of_trace",
]

FEEDBACK_TABLE = table_of(FeedbackRow)
_SPAN, _TRACE, _RUN = table_of(SpanRow), table_of(TraceRow), table_of(RunRow)
_ROW = FEEDBACK_TABLE.c

Condition = ColumnElement[bool]
FeedbackTest = Callable[[Condition], Condition]
"""Whether there is feedback on a row of the list that passes a condition."""


def of_span(passes: Condition) -> Condition:
    """Of a span: what was said of it, and of its trace where it is the root."""
    is_whole = and_(_ROW.span_id.is_(None), _SPAN.c.parent_id.is_(None))
    is_its = and_(_ROW.trace_id == _SPAN.c.trace_id, or_(_ROW.span_id == _SPAN.c.span_id, is_whole))
    return exists().where(_ROW.project_id == _SPAN.c.project_id, is_its, passes).correlate(_SPAN)


def of_trace(passes: Condition) -> Condition:
    """Of a trace: what was said of it or of one of its spans."""
    is_its = and_(_ROW.project_id == _TRACE.c.project_id, _ROW.trace_id == _TRACE.c.trace_id)
    return exists().where(is_its, passes).correlate(_TRACE)


def of_session(passes: Condition) -> Condition:
    """Of a trace: what was said of the session that it is in."""
    is_its = and_(_ROW.project_id == _TRACE.c.project_id, _ROW.session_id == _TRACE.c.session_id)
    return exists().where(is_its, passes).correlate(_TRACE)


def of_run(passes: Condition) -> Condition:
    """Of a run."""
    is_its = and_(_ROW.project_id == _RUN.c.project_id, _ROW.run_id == _RUN.c.run_id)
    return exists().where(is_its, passes).correlate(_RUN)


def condition_on(name: str, *, label: str | None, value: float | None) -> str:
    """The filter for what has the same feedback."""
    subject = f"feedback['{_quoted(name)}']"
    if label is not None:
        return f"{subject} = '{_quoted(label)}'"
    return f"{subject} is not null" if value is None else f"{subject} = {value:.17g}"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
