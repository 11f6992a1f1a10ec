"""Spans as a Parquet file, written row group by row group.

pyarrow is not needed to run a server, so it is imported here when a file is asked for.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from weave_core.errors import MissingExtra
from weave_core.server.encoding import json_bytes

__all__ = ["parquet_chunks", "require_pyarrow"]

_GROUP_ROWS = 5_000
_GROUP_BYTES = 16 * 1024 * 1024
"""A row group ends with the page that reaches one of these two."""

_TEXTS = (
    *("trace_id", "span_id", "parent_span_id", "name", "display_name", "kind", "status"),
    *("status_message", "service_name", "environment", "provider", "model", "response_model"),
    *("response_id", "agent_name", "session_id", "user_id", "run_id"),
    *("input_preview", "output_preview"),
)
_NUMBERS = ("duration_ms", "time_to_first_token_ms")
_BOOLEANS = ("is_duplicate", "is_stream")
_TOKENS = (
    *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "audio_tokens"),
)
_COSTS = {"input_cost_usd": "input_usd", "output_cost_usd": "output_usd", "cost_usd": "total_usd"}
_JSON = (
    *("error", "op", "params", "metadata", "inputs", "outputs", "messages", "tools", "tool"),
    *("documents", "embedding_inputs", "scores", "attributes", "events", "links", "resource"),
    *("scope", "dropped", "otel"),
)


def require_pyarrow() -> None:
    """Refuse to begin what could not be written.

    Raises:
        MissingExtra: If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # type: ignore[import-untyped]  # noqa: F401  # Not needed otherwise.
    except ImportError as error:
        raise MissingExtra(
            "format=parquet needs pyarrow, and this server does not have it",
            'pip install "weave-core[data]" beside the server, or take format=jsonl',
        ) from error


class _Sink(io.RawIOBase):
    """A file that hands out what was written since the last time."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size_bytes += len(part)
        return len(part)

    def tell(self) -> int:
        return self._size_bytes

    def take(self) -> bytes:
        """The new bytes."""
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole


def parquet_chunks(pages: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """The bytes of a Parquet file that holds the Spans of `pages`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(pa)
    sink = _Sink()
    parts: list[Any] = []
    row_count = size_bytes = 0
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for page in pages:
            # Arrow's columns take a tenth of what the same rows take as dicts.
            parts.append(pa.Table.from_pylist([_row(shape) for shape in page], schema=schema))
            row_count += len(page)
            size_bytes += parts[-1].nbytes
            if row_count >= _GROUP_ROWS or size_bytes >= _GROUP_BYTES:
                writer.write_table(pa.concat_tables(parts))
                parts, row_count, size_bytes = [], 0, 0
                yield sink.take()
        if parts:
            writer.write_table(pa.concat_tables(parts))
    yield sink.take()


def _schema(pa: Any) -> Any:
    moment = pa.timestamp("ns", tz="UTC")
    return pa.schema(
        [
            *((name, pa.string()) for name in _TEXTS),
            ("started_at", moment),
            ("ended_at", moment),
            *((name, pa.float64()) for name in (*_NUMBERS, *_COSTS)),
            *((name, pa.bool_()) for name in _BOOLEANS),
            *((name, pa.int64()) for name in _TOKENS),
            ("tags", pa.list_(pa.string())),
            ("finish_reasons", pa.list_(pa.string())),
            *((name, pa.string()) for name in _JSON),
        ]
    )


def _row(shape: dict[str, Any]) -> dict[str, Any]:
    """A Span, flat; what has parts is JSON text."""
    usage, cost = shape["usage"] or {}, shape["cost"] or {}
    row = {name: shape[name] for name in (*_TEXTS, *_NUMBERS, *_BOOLEANS)}
    row |= {name: usage.get(name) for name in _TOKENS}
    row |= {name: cost.get(key) for name, key in _COSTS.items()}
    row |= {"started_at": shape["started_ns"], "ended_at": shape["ended_ns"]}
    row |= {"tags": shape["tags"], "finish_reasons": shape["finish_reasons"]}
    for name in _JSON:
        value = shape[name]
        row[name] = None if value is None else json_bytes(value).decode()
    return row
