"""Questions about traces."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from weave_core.errors import NotFound
from weave_core.server.cursors import Place, decode_cursor, encode_cursor
from weave_core.server.encoding import json_bytes
from weave_core.server.filters import TRACES, compile_filter
from weave_core.server.store.queries.judged import few_traces
from weave_core.server.store.queries.nearby import Asked, filtered_page
from weave_core.server.store.queries.pages import next_cursor, read_order
from weave_core.server.store.queries.payloads import FullSpans
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.ranked import few_hits
from weave_core.server.store.queries.scores import SpanScores, add_trace_scores
from weave_core.server.store.queries.shapes import (
    NO_PAYLOAD,
    SPAN_COLUMNS,
    TRACE_AND_SPAN,
    TRACE_COLUMNS,
    SpanShapes,
    trace_shape,
)
from weave_core.server.store.queries.spans import read_id
from weave_core.server.store.queries.summaries import summarise
from weave_core.server.store.tables import SpanRow, TraceDirtyRow, TraceRow, table_of

__all__ = [
    "MAX_PREVIEWED",
    "MAX_TRACE_BYTES",
    "MAX_TRACE_SPANS",
    "from_place",
    "get_trace",
    "list_traces",
    "next_place",
    "trace_summary",
]

MAX_TRACE_SPANS = 50_000
"""Most spans of a trace in one answer; `next_cursor` leads to the others."""
MAX_TRACE_BYTES = 128 * 1024 * 1024
"""An answer ends after the part of a trace that reaches this."""
MAX_PREVIEWED = 500
"""Spans of a trace with payload up to which each has its previews, as in a list of spans."""
_SPANS_A_PART = MAX_PREVIEWED  # When the first part is there, it is known whether it is all.

_SPAN, _TRACE, _DIRTY = table_of(SpanRow), table_of(TraceRow), table_of(TraceDirtyRow)


def list_traces(  # The parts of a list's address.
    connection: Connection,
    project: str,
    *,
    filter_text: str | None,
    order_by: str,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of TraceSummary; newest first it is one range of the index `newest_traces`.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadRequest and BadCursor likewise.
    """
    condition = compile_filter(filter_text, TRACES)
    order = read_order(order_by, TRACES, _TRACE.c.trace_id)
    project_id = get_project_id(connection, project)
    query = select(*TRACE_COLUMNS, order.column, order.tie).where(_TRACE.c.project_id == project_id)
    hits = few_hits(connection, filter_text)
    if hits is not None:
        query = query.where(
            _TRACE.c.trace_id.in_(select(_SPAN.c.trace_id).where(_SPAN.c.id.in_(hits)))
        )
    judged = few_traces(connection, project_id, filter_text)
    if judged is not None:
        query = query.where(_TRACE.c.trace_id.in_(judged))
        order = order.unindexed()
    asked = Asked(project_id, TRACES, filter_text, order, cursor, limit)
    is_led = hits is not None or judged is not None
    rows = filtered_page(connection, query, asked, condition, is_led=is_led)
    items = [trace_shape(row, project) for row in rows[:limit]]
    add_trace_scores(connection, project_id, items)
    return {
        "items": items,
        "next_cursor": next_cursor(order, rows, limit),
    }


def get_trace(  # The parts of its address.
    connection: Connection,
    project: str,
    trace_id: str,
    *,
    has_payload: bool,
    limit: int = MAX_TRACE_SPANS,
    cursor: str | None = None,
) -> Iterator[bytes]:
    """The JSON of a trace: its summary, and its spans in start order by the index `span_identity`.

    It comes part by part: who asks reads one while the next is made, and 50,000 spans as dicts
    would take 200 MB at once.

    Raises:
        NotFound: If project or trace is not stored.
        BadRequest: If the id is no hex.
    """
    raw_id = read_id(trace_id, "trace_id", 16)
    project_id = get_project_id(connection, project)
    query = (
        select(*SPAN_COLUMNS, _SPAN.c.start_ns, _SPAN.c.id)
        .where(_SPAN.c.project_id == project_id, _SPAN.c.trace_id == raw_id)
        # `+ 0` hides the column: SQLite would rather walk all of `newest_spans` than sort a trace.
        .order_by(_SPAN.c.start_ns + 0, _SPAN.c.id)
    )
    rows = connection.execute(from_place(query, trace_id, cursor).limit(limit + 1))
    part = rows.fetchmany(_SPANS_A_PART)
    if not part and cursor is None:
        raise NotFound(
            f"there is no trace {trace_id!r} in project {project!r}",
            "it may be in another project, or not have arrived yet",
        )
    summary = trace_summary(connection, project, project_id, raw_id)

    bare = SpanShapes(connection, project, in_pieces=True)
    # The summary has what is said of its spans too.
    scores = SpanScores(connection, project, () if summary["scores"] else (raw_id,))
    full = FullSpans(connection, project, in_pieces=True, scores=scores)

    def parts() -> Iterator[bytes]:
        following, left, size_bytes, place = part, limit, 0, None
        yield b'{"trace":' + json_bytes(summary) + b',"spans":['
        while following and left and size_bytes <= MAX_TRACE_BYTES:
            here, following = following, rows.fetchmany(_SPANS_A_PART)
            shown = here[:left]
            if has_payload:
                is_short = not (size_bytes or following)
                shapes = full.read(shown, has_previews=is_short)
            else:
                shapes = [bare.shape(row) | NO_PAYLOAD for row in shown]
                scores.add([TRACE_AND_SPAN(row) for row in shown], shapes)
            encoded = json_bytes(shapes)[1:-1]
            yield b"," + encoded if size_bytes else encoded
            size_bytes += len(encoded)
            left -= len(shown)
            has_more = following or len(shown) < len(here)
            place = _place_behind(shown[-1], trace_id) if has_more else None
        yield b'],"next_cursor":' + json_bytes(place) + b"}"

    return parts()


def from_place(query: Select[Any], trace_id: str, cursor: str | None) -> Select[Any]:
    """`query` of a trace's spans in start order, from `cursor` on.

    Raises:
        BadCursor: If the cursor is not one of this trace.
    """
    if cursor is None:
        return query
    place = decode_cursor(cursor, _list_name(trace_id), "started_ns", types=(int,), tie_type=int)
    return query.where(tuple_(_SPAN.c.start_ns, _SPAN.c.id) > tuple_(place.value, place.tie))


def next_place(rows: Sequence[Sequence[Any]], trace_id: str, limit: int) -> str | None:
    """The cursor behind the first `limit` of `rows`, whose last columns are start and row id."""
    return _place_behind(rows[limit - 1], trace_id) if len(rows) > limit else None


def _place_behind(row: Sequence[Any], trace_id: str) -> str:
    return encode_cursor(_list_name(trace_id), "started_ns", Place(row[-2], row[-1]))


def _list_name(trace_id: str) -> str:
    return f"spans of trace {trace_id.lower()}"


def trace_summary(
    connection: Connection, project: str, project_id: int, trace_id: bytes
) -> dict[str, Any]:
    """The roll-up's row; computed here while that is missing or behind the spans."""
    of_trace = (_TRACE.c.project_id == project_id, _TRACE.c.trace_id == trace_id)
    row = connection.execute(select(*TRACE_COLUMNS).where(*of_trace)).one_or_none()
    dirty = select(_DIRTY.c.trace_id).where(
        _DIRTY.c.project_id == project_id, _DIRTY.c.trace_id == trace_id
    )
    is_behind = row is None or connection.execute(dirty).first() is not None
    if row is not None and not is_behind:
        found = trace_shape(row, project)
    else:
        found = summarise(connection, project, project_id, trace_id)
    add_trace_scores(connection, project_id, [found])
    return found
