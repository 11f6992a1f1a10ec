"""Rows to the JSON shapes of the API: `TraceSummary`, and `Span` without its payload.

A trace of 50,000 spans is one call of `SpanShapes.shape` each.  What a span has in common with its
neighbours is worked out once, and made JSON once for those who make JSON of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, type_coerce
from sqlalchemy.types import NullType

from weave_core.server.encoding import json_bytes
from weave_core.server.filters.previews import TracePreviewText
from weave_core.server.store.tables import SpanRow, TraceRow, table_of
from weave_core.server.store.text_codes import texts_of_codes

__all__ = [
    "NO_PAYLOAD",
    "SPAN_COLUMNS",
    "TRACE_AND_SPAN",
    "TRACE_COLUMNS",
    "SpanShapes",
    "json_piece",
    "trace_shape",
]

_NS_PER_MS = 1_000_000
_SPAN, _TRACE = table_of(SpanRow), table_of(TraceRow)

_PREVIEWS = ("input_preview", "output_preview")
_MAX_PIECES = 2_000
"""Pieces that are remembered, then forgotten: the spans of a list may have little in common."""

# Shared by all shapes of an answer: they are read, never changed.
_NONE: list[Any] = []
_EMPTY: dict[str, Any] = {}


def json_piece(fields: Mapping[str, Any]) -> dict[str, orjson.Fragment]:
    """`fields` as one entry of a dict that becomes JSON: the first name, before all the rest."""
    first = next(iter(fields))
    return {first: orjson.Fragment(json_bytes(fields)[len(f'{{"{first}":') : -1])}


_BARE: dict[str, Any] = {
    "params": _EMPTY,
    "is_stream": None,
    "finish_reasons": _NONE,
    "metadata": _EMPTY,
    "inputs": None,
    "outputs": None,
    "messages": None,
    "tools": _NONE,
    "tool": None,
    "documents": _NONE,
    "embedding_inputs": _NONE,
    "attributes": _EMPTY,
    "events": _NONE,
    "links": _NONE,
    "resource": _EMPTY,
    "scope": {"name": "", "version": ""},
    "dropped": {"attributes": 0, "events": 0, "links": 0},
    "otel": None,
    "sources": _EMPTY,
}
NO_PAYLOAD: dict[str, Any] = {
    **json_piece(_BARE),
    "scores": _NONE,  # On its own, since feedback is added to it.
}
"""The fields of an empty payload."""

_COMMON = (
    *("trace_id", "name", "display_name", "kind", "status", "status_message", "is_duplicate"),
    *("service_name", "environment", "provider", "agent_name", "session_id", "user_id", "run_id"),
    *("op_name", "op_version", "request_model", "model", "error_type", "cost_source"),
)
"""What many spans of an answer have alike."""
_KEY = len(_COMMON)
_OWN = (
    *("span_id", "parent_id", "start_ns", "duration_ns", "response_id"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "audio_tokens", "input_cost_usd", "output_cost_usd", "cost_usd"),
    *("time_to_first_token_ms", "input_preview", "output_preview", "tags", "origin_id"),
    "has_content",
)
TRACE_AND_SPAN = itemgetter(0, _KEY)
"""The ids of a row of `SPAN_COLUMNS`."""
_USAGE, _COST = (_KEY + _OWN.index(name) for name in ("input_tokens", "input_cost_usd"))
SPAN_COLUMNS: tuple[ColumnElement[Any], ...] = tuple(
    # As the driver has it: to read every text by its code, or JSON that is null, took longer than
    # the rest of a row.
    type_coerce(_SPAN.c[name], NullType()).label(name)
    for name in (*_COMMON, *_OWN)
)
"""What `SpanShapes` reads, in its order, and whether there are previews to be read."""

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


@dataclass(frozen=True, slots=True)
class _Common:
    """What spans with the same `_COMMON` say alike."""

    fields: Mapping[str, Any]
    request_model: str | None
    model: str | None
    error: dict[str, str | None] | None
    cost_source: str | None


class SpanShapes:
    """Spans of one project for one answer.

    Args:
        connection: In the snapshot of the query.
        project: Its name.
        in_pieces: What spans have in common stands in their dicts as a `json_piece`.
    """

    def __init__(self, connection: Connection, project: str, *, in_pieces: bool = False) -> None:
        self._connection = connection
        self._made = json_piece if in_pieces else dict
        self._project = project
        self._known: dict[Sequence[Any], _Common] = {}

    def shape(self, row: Sequence[Any]) -> dict[str, Any]:
        """`SPAN_COLUMNS` as a Span, but for the fields of `NO_PAYLOAD`."""
        key = row[:_KEY]
        common = self._known.get(key) or self._new(key)
        (span_id, parent_id, start_ns, duration_ns, response_id) = row[_KEY:_USAGE]
        (input_cost, output_cost, cost, first_token_ms) = row[_COST : _COST + 4]
        (input_preview, output_preview, tags) = row[_COST + 4 : _COST + 7]
        is_answered = response_id is not None or common.model != common.request_model
        return {
            **common.fields,
            "span_id": span_id.hex(),
            "parent_span_id": parent_id.hex() if parent_id else None,
            "error": common.error,
            "started_ns": start_ns,
            "ended_ns": None if duration_ns is None else start_ns + duration_ns,
            "duration_ms": None if duration_ns is None else duration_ns / _NS_PER_MS,
            "model": common.request_model,
            "response_model": common.model if is_answered else None,
            "response_id": response_id,
            "usage": usage_shape(*row[_USAGE:_COST]),
            "cost": {
                "input_usd": input_cost,
                "output_usd": output_cost,
                "total_usd": cost,
                "source": common.cost_source,
            }
            if common.cost_source
            else None,
            "time_to_first_token_ms": first_token_ms,
            "tags": (orjson.loads(tags) if type(tags) is str else tags) or _NONE,
            "input_preview": input_preview,
            "output_preview": output_preview,
        }

    def _new(self, key: Sequence[Any]) -> _Common:
        trace_id, *held = key
        codes = [value for value in held if type(value) is bytes]
        texts: Mapping[Any, str] = texts_of_codes(self._connection, codes)
        told = [texts.get(value, value) for value in held]
        (name, display_name, kind, status, status_message, is_duplicate, *rest) = told
        (service_name, environment, provider, agent_name, session_id, user_id, run_id) = rest[:7]
        (op_name, op_version, request_model, model, error_type, cost_source) = rest[7:]
        fields = self._made(
            {
                "project": self._project,
                "trace_id": trace_id.hex(),
                "name": name,
                "display_name": name if display_name is None else display_name,
                "kind": kind,
                "status": status,
                "status_message": status_message,
                "is_duplicate": bool(is_duplicate),
                "service_name": service_name,
                "environment": environment,
                "provider": provider,
                "agent_name": agent_name,
                "session_id": session_id,
                "user_id": user_id,
                "run_id": run_id,
                "op": {"name": op_name, "version": op_version} if op_name else None,
            }
        )
        has_failed = status == "error"
        error = {"type": error_type, "message": status_message, "stack": None}
        common = _Common(fields, request_model, model, error if has_failed else None, cost_source)
        if len(self._known) >= _MAX_PIECES:
            self._known.clear()
        self._known[key] = common
        return common


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
        "scores": _NONE,
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
