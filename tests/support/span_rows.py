"""Rows of spans and traces written straight into a database, for tests of filters and plans.

Only what reads is under test with these; how spans come in is tested through the server.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from weave_core.server.store.dialects import connect
from weave_core.server.store.schemas import upgrade
from weave_core.server.store.span_keys import SpanKeys
from weave_core.server.store.tables import SpanRow, TraceRow, table_of
from weave_core.server.store.text_functions import teach_text_functions

__all__ = ["new_store", "span_row", "trace_row"]

_NOTHING: dict[str, dict[str, Any]] = {
    name: dict.fromkeys(column.name for column in table_of(row).columns)
    for name, row in (("span", SpanRow), ("trace", TraceRow))
}


def span_row(number: int, **given: Any) -> dict[str, Any]:
    """A row of `span` that knows only what it must, and what is given."""
    values = _NOTHING["span"] | {
        "id": number,
        "project_id": 1,
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "name": f"span {number}",
        "kind": "span",
        "status": "unset",
        "start_ns": 1_000 + number,
        "is_duplicate": False,
        "origin_id": 1,
    }
    return values | given


def trace_row(number: int, **given: Any) -> dict[str, Any]:
    """A row of `trace` that knows only what it must, and what is given."""
    values = _NOTHING["trace"] | {
        "project_id": 1,
        "trace_id": number.to_bytes(16, "big"),
        "name": f"trace {number}",
        "kind": "span",
        "status": "unset",
        "start_ns": 1_000 + number,
        "span_count": 1,
        "error_count": 0,
        "model_call_count": 0,
        "is_complete": True,
    }
    return values | given


def new_store(
    place: Path | str, spans: Sequence[dict[str, Any]] = (), traces: Sequence[dict[str, Any]] = ()
) -> Engine:
    """A database as migrations make it, with these rows; JSON in it as the writer writes it.

    The engine can read and write.

    Args:
        place: An SQLite file, or the URL of any empty database.
        spans: Rows of `span`.
        traces: Rows of `trace`.
    """
    engines = connect(place if isinstance(place, str) else f"sqlite:///{place}")
    engine = engines.writer
    if engine.dialect.name == "sqlite":
        teach_text_functions(engine)
    upgrade(engine)
    engines.readers.dispose()
    with engine.begin() as connection:
        for row, values in ((SpanRow, spans), (TraceRow, traces)):
            if values:
                connection.execute(table_of(row).insert(), list(values))
        SpanKeys(engines.dialect).add(connection, 0)
    return engine
