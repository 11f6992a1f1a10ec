"""Rows to the JSON shapes of the API: `TraceSummary`, and `Span` without its payload.

Written out as tuples and dict literals: a trace of 50,000 spans is one call of `span_shape` each.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, type_coerce
from sqlalchemy.types import NullType

from weave_core.server.filters.previews import TracePreviewText
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = ["NO_PAYLOAD", "SPAN_COLUMNS", "TRACE_COLUMNS", "span_shape", "trace_shape"]

_NS_PER_MS = 1_000_000
_SPAN, _TRACE = table_of(SpanRow), table_of(TraceRow)

_PREVIEWS = ("input_preview", "output_preview")

# Shared by all shapes of an answer: they are read, never changed.
_NONE: list[Any] = []
_EMPTY: dict[str, Any] = {}
_EMPTY_PAYLOAD: dict[str, Any] = {
    "inputs": None,
    "outputs": None,
    "messages": None,
    "tools": _NONE,
    "tool": None,
    "documents": _NONE,
    "embedding_inputs": _NONE,
    "scores": _NONE,
    "attributes": _EMPTY,
    "events": _NONE,
    "links": _NONE,
    "resource": _EMPTY,
    "scope": {"name": "", "version": ""},
    "dropped": {"attributes": 0, "events": 0, "links": 0},
    "otel": None,
    "sources": _EMPTY,
}
_FIRST = next(iter(_EMPTY_PAYLOAD))
NO_PAYLOAD: dict[str, Any] = {
    # JSON of all fields but for the name of the first, which stands before its value.
    _FIRST: orjson.Fragment(orjson.dumps(_EMPTY_PAYLOAD)[len(f'{{"{_FIRST}":') : -1])
}
"""An empty payload that nobody fills: written as one piece, for spans by the thousand."""

SPAN_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    # As the driver has it: SQLAlchemy's reader of JSON took a third of a row's time, for null.
    type_coerce(_SPAN.c.tags, NullType()) if name == "tags" else _SPAN.c[name]
    for name in (
        *("trace_id", "span_id", "parent_id", "name", "display_name", "kind", "status"),
        *("status_message", "error_type", "start_ns", "duration_ns", "is_duplicate"),
        *("service_name", "environment", "provider", "request_model", "model", "response_id"),
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
        *("reasoning_tokens", "audio_tokens", "input_cost_usd", "output_cost_usd", "cost_usd"),
        *("cost_source", "time_to_first_token_ms", "agent_name", "session_id", "user_id"),
        *("run_id", "op_name", "op_version", "input_preview", "output_preview", "tags"),
        "has_content",
    )
)
"""What `span_shape` reads, in its order, and whether there are previews to be read."""

TRACE_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    TracePreviewText(name) if name in _PREVIEWS else _TRACE.c[name]
    for name in (
        *("trace_id", "root_span_id", "service_name", "name", "kind", "status", "start_ns"),
        *("duration_ns", "span_count", "error_count", "input_preview", "output_preview"),
        *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
        *("reasoning_tokens", "audio_tokens", "model_call_count", "cost_usd", "models"),
        *("session_id", "user_id", "tags", "is_complete"),
    )
)
"""What `trace_shape` reads, in its order."""


def span_shape(
    row: Sequence[Any], project: str, payload: Mapping[str, Any] = _EMPTY_PAYLOAD
) -> dict[str, Any]:
    """`SPAN_COLUMNS` as a Span whose payload is empty."""
    (trace_id, span_id, parent_id, name, display_name, kind, status) = row[:7]
    (status_message, error_type, start_ns, duration_ns, is_duplicate) = row[7:12]
    (service_name, environment, provider, request_model, model, response_id) = row[12:18]
    (input_cost, output_cost, cost, cost_source, first_token_ms) = row[24:29]
    (agent_name, session_id, user_id, run_id, op_name, op_version) = row[29:35]
    (input_preview, output_preview, tags) = row[35:38]
    is_answered = model != request_model or response_id is not None
    return {
        "project": project,
        "trace_id": trace_id.hex(),
        "span_id": span_id.hex(),
        "parent_span_id": parent_id.hex() if parent_id else None,
        "name": name,
        "display_name": name if display_name is None else display_name,
        "kind": kind,
        "status": status,
        "status_message": status_message,
        "error": {"type": error_type, "message": status_message, "stack": None}
        if status == "error"
        else None,
        "started_ns": start_ns,
        "ended_ns": None if duration_ns is None else start_ns + duration_ns,
        "duration_ms": None if duration_ns is None else duration_ns / _NS_PER_MS,
        "is_duplicate": bool(is_duplicate),
        "service_name": service_name,
        "environment": environment,
        "provider": provider,
        "model": request_model,
        "response_model": model if is_answered else None,
        "response_id": response_id,
        "params": _EMPTY,
        "is_stream": None,
        "usage": usage_shape(*row[18:24]),
        "cost": {
            "input_usd": input_cost,
            "output_usd": output_cost,
            "total_usd": cost,
            "source": cost_source,
        }
        if cost_source
        else None,
        "time_to_first_token_ms": first_token_ms,
        "finish_reasons": _NONE,
        "agent_name": agent_name,
        "session_id": session_id,
        "user_id": user_id,
        "tags": (orjson.loads(tags) if type(tags) is str else tags) or _NONE,
        "metadata": _EMPTY,
        "run_id": run_id,
        "op": {"name": op_name, "version": op_version} if op_name else None,
        "input_preview": input_preview,
        "output_preview": output_preview,
        **payload,
    }


def trace_shape(row: Sequence[Any], project: str) -> dict[str, Any]:
    """`TRACE_COLUMNS` as a TraceSummary."""
    (trace_id, root_span_id, service_name, name, kind, status, start_ns) = row[:7]
    (duration_ns, span_count, error_count, input_preview, output_preview) = row[7:12]
    (model_call_count, cost_usd, models, session_id, user_id, tags, is_complete) = row[18:25]
    return {
        "project": project,
        "trace_id": trace_id.hex(),
        "root_span_id": root_span_id.hex() if root_span_id else None,
        "service_name": service_name,
        "name": name,
        "kind": kind,
        "status": status,
        "started_ns": start_ns,
        "ended_ns": None if duration_ns is None else start_ns + duration_ns,
        "duration_ms": None if duration_ns is None else duration_ns / _NS_PER_MS,
        "span_count": span_count,
        "error_count": error_count,
        "input_preview": input_preview,
        "output_preview": output_preview,
        "usage": usage_shape(*row[12:18]),
        "model_call_count": model_call_count,
        "cost_usd": cost_usd,
        "models": models or _NONE,
        "session_id": session_id,
        "user_id": user_id,
        "tags": tags or _NONE,
        "is_complete": bool(is_complete),
    }


def usage_shape(  # noqa: PLR0917  # The six columns of both tables, in their order.
    input_tokens: int | None,
    output_tokens: int | None,
    cache_read_tokens: int | None,
    cache_write_tokens: int | None,
    reasoning_tokens: int | None,
    audio_tokens: int | None,
) -> dict[str, int | None] | None:
    """The counts as a Usage; None when nothing is known."""
    if input_tokens is None and output_tokens is None:
        total = None
        rest = (cache_read_tokens, cache_write_tokens, reasoning_tokens, audio_tokens)
        if rest == (None, None, None, None):
            return None
    else:
        total = (input_tokens or 0) + (output_tokens or 0)
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": total,
        "cache_read_tokens": cache_read_tokens,
        "cache_write_tokens": cache_write_tokens,
        "reasoning_tokens": reasoning_tokens,
        "audio_tokens": audio_tokens,
    }
