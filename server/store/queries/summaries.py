"""The summary of a trace straight from its spans, for the moment before the roll-up has it."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Text, cast, literal, select

from weave_core.server.store.queries.shapes import TRACE_COLUMNS as SHOWN_COLUMNS
from weave_core.server.store.queries.shapes import trace_shape
from weave_core.server.store.sums import TRACE_COLUMNS, SpanSums, trace_row
from weave_core.server.store.tables import SpanRow, table_of

__all__ = ["summarise"]

_SPAN = table_of(SpanRow)
_READ: dict[str, ColumnElement[Any]] = {
    "tags": cast(_SPAN.c.tags, Text()).label("tags"),  # As JSON text, as the sums take it.
    "has_content": literal(True).label("has_content"),
}
_COLUMNS: list[ColumnElement[Any]] = [
    _READ[name] if name in _READ else _SPAN.c[name] for name in SpanSums._fields
]


def summarise(
    connection: Connection, project: str, project_id: int, trace_id: bytes
) -> dict[str, Any]:
    """The TraceSummary that the roll-up is about to store; the trace has a span at least.

    Duplicates are those marked so far: finding new ones is the roll-up's work.
    """
    query = select(*_COLUMNS).where(_SPAN.c.project_id == project_id, _SPAN.c.trace_id == trace_id)
    spans = [SpanSums._make(row) for row in connection.execute(query)]
    spans.sort(key=lambda span: (span.start_ns, span.id))
    duplicates = {span.id for span in spans if span.is_duplicate}
    values = trace_row(spans, head=_head(spans), duplicates=duplicates)
    sums = dict(zip(TRACE_COLUMNS, values, strict=True))
    for name in ("models", "tags"):
        sums[name] = orjson.loads(sums[name]) if sums[name] else None
    return trace_shape([sums[str(column.key)] for column in SHOWN_COLUMNS], project)


def _head(spans: Sequence[SpanSums]) -> SpanSums:
    """The root; until it comes, the first span that lacks its parent."""
    known = {span.span_id for span in spans}
    root = next((span for span in spans if span.parent_id is None), None)
    return root or next((span for span in spans if span.parent_id not in known), spans[0])
