"""The summary of a trace straight from its spans, for the moment before the roll-up has it."""

from typing import Any

import orjson
from sqlalchemy import Connection

from weave_core.server.store.dialects import SQLITE, Dialect
from weave_core.server.store.queries.shapes import TRACE_COLUMNS, trace_shape
from weave_core.server.store.rollups import TraceRollups

__all__ = ["summarise"]


def summarise(
    connection: Connection, project: str, project_id: int, trace_id: bytes
) -> dict[str, Any]:
    """The TraceSummary that the roll-up is about to store; the trace has a span at least."""
    kind = connection.dialect.name
    dialect = SQLITE if kind == SQLITE.name else Dialect(name=kind, placeholder="%s")
    sums = TraceRollups(dialect).find_sums(connection, project_id, trace_id) or {}
    for name in ("models", "tags"):
        sums[name] = orjson.loads(sums[name]) if sums[name] else None
    return trace_shape([sums[str(column.key)] for column in TRACE_COLUMNS], project)
