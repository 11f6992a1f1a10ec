"""How far the background is behind what was committed."""

from sqlalchemy import Connection, func, select

from weave_core.server.store.queries.settling import count_unsettled
from weave_core.server.store.rollup_tables import TEXT_CURSOR, BackgroundCursorRow
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["MAX_COUNTED", "count_behind"]

MAX_COUNTED = 100_000
"""Traces with stale sums are counted up to this for `/metrics`."""

_CURSOR, _SPAN = table_of(BackgroundCursorRow), table_of(SpanRow)


def count_behind(connection: Connection) -> tuple[int, int]:
    """Traces whose sums are stale, and spans that wait for the full-text index."""
    position = select(_CURSOR.c.position).where(_CURSOR.c.name == TEXT_CURSOR).scalar_subquery()
    # Row ids grow with arrival, so their distance is the count but for what was deleted since.
    waiting = connection.scalar(
        select(func.max(_SPAN.c.id) - func.coalesce(position, func.max(_SPAN.c.id)))
    )
    return count_unsettled(connection, None, most=MAX_COUNTED), max(int(waiting or 0), 0)
