"""Questions about spans."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, literal, select

from weave_core.errors import BadRequest, NotFound
from weave_core.server.filters import SPANS, compile_filter
from weave_core.server.filters.constructs import Unindexed
from weave_core.server.store.queries.judged import few_spans
from weave_core.server.store.queries.keyed import of_project
from weave_core.server.store.queries.nearby import Asked, filtered_page
from weave_core.server.store.queries.pages import next_cursor, read_order
from weave_core.server.store.queries.payloads import FullSpans, add_previews
from weave_core.server.store.queries.projects import get_project_id
from weave_core.server.store.queries.ranked import RANK, few_hits, list_ranked
from weave_core.server.store.queries.scores import SpanScores
from weave_core.server.store.queries.shapes import (
    NO_PAYLOAD,
    SPAN_COLUMNS,
    TRACE_AND_SPAN,
    SpanShapes,
)
from weave_core.server.store.span_keys import HasKey, leads_to_rows
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["get_span", "list_spans", "read_id"]

_SPAN = table_of(SpanRow)
_MOST_TRACES_TOLD = 5
_HAS_CONTENT = len(SPAN_COLUMNS) - 1


def list_spans(  # The parts of a list's address.
    connection: Connection,
    project: str,
    *,
    filter_text: str | None,
    order_by: str,
    limit: int,
    cursor: str | None,
) -> dict[str, Any]:
    """A page of Span without payload; newest first it is one range of the index `newest_spans`.

    Ordered by `-rank`, those that fit the words of a `text_search` best come first.

    Raises:
        NotFound: If there is no such project.
        BadFilter: If the filter is wrong; BadRequest and BadCursor likewise.
    """
    condition = compile_filter(filter_text, SPANS)
    project_id = get_project_id(connection, project)
    if order_by == RANK:
        found, behind = list_ranked(
            connection,
            select(*SPAN_COLUMNS),
            project_id=project_id,
            filter_text=filter_text,
            limit=limit,
            cursor=cursor,
        )
        return {"items": _shapes(connection, project, found), "next_cursor": behind}
    order = read_order(order_by, SPANS, _SPAN.c.id)
    query = select(*SPAN_COLUMNS, order.column, order.tie)
    hits = few_hits(connection, filter_text)
    if hits is None:
        hits = few_spans(connection, project_id, filter_text)
    is_led = hits is not None or leads_to_rows(condition)
    query = query.where(of_project(project_id, is_led=is_led))
    if hits is not None:
        query = query.where(_SPAN.c.id.in_(hits))
    asked = Asked(project_id, SPANS, filter_text, order, cursor, limit)
    rows = filtered_page(connection, query, asked, condition, is_led=is_led)
    return {
        "items": _shapes(connection, project, rows[:limit]),
        "next_cursor": next_cursor(order, rows, limit),
    }


def _shapes(
    connection: Connection, project: str, rows: Sequence[Sequence[Any]]
) -> list[dict[str, Any]]:
    """Spans of rows whose last column is their id."""
    spans = SpanShapes(connection, project)
    shapes = [spans.shape(row) | NO_PAYLOAD for row in rows]
    bare = {
        row[-1]: shape
        for row, shape in zip(rows, shapes, strict=True)
        if row[_HAS_CONTENT] and shape["input_preview"] is shape["output_preview"] is None
    }
    if bare:
        add_previews(connection, bare)
    SpanScores(connection, project).add([TRACE_AND_SPAN(row) for row in rows], shapes)
    return shapes


def get_span(
    connection: Connection, project: str, span_id: str, *, trace_id: str | None
) -> dict[str, Any]:
    """One Span with its payload.

    Raises:
        NotFound: If it is not stored.
        BadRequest: If an id is no hex, or several traces hold the span and none was named.
    """
    wanted = read_id(span_id, "span_id", 8)
    # Without an index of projects, which SQLite would rather walk from end to end.
    project_id = Unindexed(_SPAN.c.project_id) if trace_id is None else _SPAN.c.project_id
    query = select(*SPAN_COLUMNS, _SPAN.c.id).where(
        project_id == get_project_id(connection, project), _SPAN.c.span_id == wanted
    )
    if trace_id is None:
        query = query.where(HasKey(_SPAN.c.id, [literal(wanted)]))
    else:
        query = query.where(_SPAN.c.trace_id == read_id(trace_id, "trace_id", 16))
    rows = connection.execute(query.order_by(_SPAN.c.id.desc()).limit(_MOST_TRACES_TOLD)).all()
    if not rows:
        within = f" in trace {trace_id!r}" if trace_id else ""
        raise NotFound(f"there is no span {span_id!r}{within} in project {project!r}")
    if len(rows) > 1:
        traces = ", ".join(row.trace_id.hex() for row in rows)
        raise BadRequest(
            f"span {span_id!r} is in several traces: {traces}", "name one with ?trace_id="
        )
    [shape] = FullSpans(connection, project).read(rows, has_previews=True)
    return shape


def read_id(text: str, name: str, size: int) -> bytes:
    """The bytes of an id in hex.

    Raises:
        BadRequest: If `text` is not `2 * size` hex digits.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != size or len(text) != 2 * size:
        raise BadRequest(
            f"{name} is {text[:60]!r}", f"it has {2 * size} hex digits, as lists give it"
        )
    return raw
