"""A page of the newest that have a common word, without gathering all the spans that have it.

What started at about the same time was stored at about the same time, and the full-text index
finds the words within a range of row ids at the cost of that range.  So a page is looked for near
the row where it begins.  It counts only when it is full and no span lies elsewhere that could have
come into it; late spans and clocks that are wrong cost time and are not missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from weave_core.server.filters import TRACES, Vocabulary, compile_filter
from weave_core.server.store.queries.pages import Order, ordered_page, place_of
from weave_core.server.store.queries.ranked import has_many_hits
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = ["Asked", "filtered_page", "page_nearby"]

NEWEST = "-started_ns"
_NEAR = 20_000
"""Rows looked at before and behind the one where a page begins; 0.2 us each."""
_SPAN, _TRACE = table_of(SpanRow), table_of(TraceRow)


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of a list, as it was asked for."""

    project_id: int
    vocabulary: Vocabulary
    filter_text: str | None
    order: Order
    cursor: str | None
    limit: int


def filtered_page(
    connection: Connection,
    query: Select[Any],
    asked: Asked,
    condition: ColumnElement[bool] | None,
    *,
    is_led: bool,
) -> Sequence[Any]:
    """The rows of a page and one more, near where it begins where that is enough.

    Args:
        connection: In the snapshot of the query.
        query: The list's, of the project, without its filter.
        asked: With a filter that `compile_filter` took.
        condition: What it made of that filter.
        is_led: Whether the query is led by few hits already.

    Raises:
        BadCursor: If the cursor is not one of this list in this order.
    """
    rows = None if is_led else page_nearby(connection, query, asked)
    if rows is not None:
        return rows
    query = query if condition is None else query.where(condition)
    return connection.execute(_page(connection, query, asked)).all()


def _page(connection: Connection, query: Select[Any], asked: Asked) -> Select[Any]:
    return ordered_page(
        query, asked.order, asked.cursor, asked.limit, dialect=connection.dialect.name
    )


def page_nearby(connection: Connection, query: Select[Any], asked: Asked) -> Sequence[Any] | None:
    """The rows of a page and one more; None where the words are not common, or it is not sure.

    Args:
        connection: In the snapshot of the query.
        query: The list's, of the project, without its filter.
        asked: With a filter that `compile_filter` took.

    Raises:
        BadCursor: If the cursor is not one of this list in this order.
    """
    is_newest = asked.order.text == NEWEST
    # PostgreSQL asks span by span, and gathers nothing.
    if not is_newest or connection.dialect.name != "sqlite":
        return None
    if not has_many_hits(connection, asked.filter_text):
        return None
    place = place_of(asked.order, asked.cursor) if asked.cursor is not None else None
    newest = _SPAN.c.project_id == asked.project_id
    if place is not None:
        newest = and_(newest, _SPAN.c.start_ns <= place.value)
    here = connection.scalar(
        select(_SPAN.c.id).where(newest).order_by(_SPAN.c.start_ns.desc()).limit(1)
    )
    if here is None:
        return None
    within = (here - _NEAR, here + _NEAR)
    near = compile_filter(asked.filter_text, asked.vocabulary, within=within)
    if near is None:
        return None
    rows = connection.execute(_page(connection, query.where(near), asked)).all()
    if len(rows) <= asked.limit:
        return None
    last_ns = rows[-1][-2]
    outside = or_(_SPAN.c.id < within[0], _SPAN.c.id > within[1])
    table = _TRACE if asked.vocabulary is TRACES else _SPAN
    others = select(_SPAN.c.id).where(table.c.project_id == asked.project_id, outside)
    others = others.where(table.c.start_ns >= last_ns)
    if place is not None:
        others = others.where(table.c.start_ns <= place.value)
    if table is _TRACE:  # A trace's spans may come long after it began.
        of_trace = (_SPAN.c.project_id == _TRACE.c.project_id) & (
            _SPAN.c.trace_id == _TRACE.c.trace_id
        )
        others = others.select_from(_TRACE.join(_SPAN, of_trace))
    return rows if connection.execute(others.limit(1)).first() is None else None
