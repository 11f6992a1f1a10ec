"""Decoded spans made by hand, and a store of a test's own, for tests below the HTTP door."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text

from weave_core.server.otlp.records import RawOrigin, RawSpan
from weave_core.server.store.stores import Store
from weave_core.settings import Settings

__all__ = ["llm_call", "open_store", "raw_span", "read_trace", "rows_of", "store_spans"]

START_NS = 1_767_225_600_000_000_000
"""2026-01-01T00:00:00Z."""
_WAIT_S = 10.0


def raw_span(number: int, *, trace: int = 1, parent: int | None = None, **given: Any) -> RawSpan:
    """A span that ended a second after it began; `given` replaces any of its fields."""
    values: dict[str, Any] = {
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "parent_id": parent.to_bytes(8, "big") if parent is not None else None,
        "name": f"span {number}",
        "otel_kind": 1,
        "start_ns": START_NS + number,
        "end_ns": START_NS + number + 1_000_000_000,
        "status_code": 0,
        "status_message": "",
        "attributes": {},
        "events": [],
        "links": [],
        "origin": RawOrigin(resource={"service.name": "tests"}),
    }
    return RawSpan(**values | given)


def llm_call(number: int, *, given: dict[str, Any] | None = None, **place: Any) -> RawSpan:
    """A model call with 100 tokens in and 10 out; `given` are more attributes."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
    }
    known = {key: value for key, value in (attributes | (given or {})).items() if value is not None}
    return raw_span(number, attributes=known, **place)


@contextmanager
def open_store(home: Path, **given: Any) -> Iterator[Store]:
    """A store of this process on `home`."""
    store = Store.open(Settings(home=home, **given))
    try:
        yield store
    finally:
        store.close()


def store_spans(store: Store, *spans: RawSpan, project: str = "p") -> None:
    """Store `spans`; they are committed when this returns."""
    store.add_spans(project, spans).result(timeout=30)


def rows_of(store: Store, query: str, **values: Any) -> list[Row[Any]]:
    """Rows of an SQL query."""
    with store.engine.connect() as connection:
        return list(connection.execute(text(query), values))


def read_trace(store: Store, trace: int = 1) -> Row[Any]:
    """The sums of a trace, once no mark says that they are behind."""
    deadline = time.monotonic() + _WAIT_S
    while rows_of(store, "SELECT 1 FROM trace_dirty"):
        assert time.monotonic() < deadline, "the sums did not catch up"
        time.sleep(0.005)
    key = trace.to_bytes(16, "big")
    (row,) = rows_of(store, "SELECT * FROM trace WHERE trace_id = :key", key=key)
    return row
