"""The tree and waterfall of a trace: from spans to columns, and the span that was chosen."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import KINDS, Span, Status

__all__ = ["span_columns", "span_tree"]

_STATUS: Final[dict[Status, int]] = {"unset": 0, "ok": 1, "error": 2, "pending": 3}
_MAX_NAME = 200


def span_tree(columns: bytes, *, key: str) -> str | None:
    """Draw the tree of `span_columns` and return the id of the span chosen there, if any."""
    result = bundle("span_tree")(key=key, data=columns, on_span_change=lambda: None)
    chosen = result.get("span")
    return chosen if isinstance(chosen, str) else None


def span_columns(trace_id: str, spans: Sequence[Span], *, selected: str | None) -> bytes:
    """What the tree needs of `spans`, as JSON in columns: about 110 bytes a span.

    Times are milliseconds since the first span began.  `parent` is the row of the parent or -1;
    a span whose parent is not there (late, lost, or in a circle) stands at the top.

    Args:
        trace_id: Ties the reader's folds and scroll position to this trace.
        spans: In the order they began, payload not needed.
        selected: Id of the span to open with.
    """
    begin = min((span.started_ns for span in spans), default=0)
    rows = {span.span_id: row for row, span in enumerate(spans)}
    models = sorted({span.model or span.response_model or "" for span in spans} - {""})
    model_rows = {model: row for row, model in enumerate(models)}
    starts = [_ms(span.started_ns - begin) for span in spans]
    durations = [_duration(span) for span in spans]
    ends = [start + (lasted or 0.0) for start, lasted in zip(starts, durations, strict=True)]
    columns: dict[str, Any] = {
        "trace_id": trace_id,
        "selected": selected,
        "kinds": KINDS,
        "models": [model[:_MAX_NAME] for model in models],
        "total": max(ends, default=0.0),
        "id": [span.span_id for span in spans],
        "parent": _parents(spans, rows),
        "name": [(span.display_name or span.name)[:_MAX_NAME] for span in spans],
        "kind": [KINDS.index(span.kind) for span in spans],
        "start": starts,
        "dur": durations,
        "status": [_STATUS[span.status] for span in spans],
        "tokens": [_tokens(span) for span in spans],
        "cost": [span.cost.total_usd if span.cost else None for span in spans],
        "model": [model_rows.get(span.model or span.response_model or "", -1) for span in spans],
    }
    return orjson.dumps(columns)


def _parents(spans: Sequence[Span], rows: dict[str, int]) -> list[int]:
    """Row of each span's parent, with every circle cut open at the span that began first."""
    parents = [rows.get(span.parent_span_id or "", -1) for span in spans]
    state = [0] * len(spans)  # 0: not looked at, 1: on the way now, 2: known to reach the top.
    for first in range(len(spans)):
        way, row = [], first
        while row >= 0 and state[row] == 0:
            state[row] = 1
            way.append(row)
            row = parents[row]
        if row >= 0 and state[row] == 1:
            parents[min(way[way.index(row) :])] = -1
        for passed in way:
            state[passed] = 2
    return parents


def _tokens(span: Span) -> int | None:
    """Tokens of a model call; a call that another span reported too shows them there."""
    if span.usage is None or span.is_duplicate:
        return None
    usage = span.usage
    if usage.total_tokens is not None:
        return usage.total_tokens
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    return (usage.input_tokens or 0) + (usage.output_tokens or 0)


def _duration(span: Span) -> float | None:
    if span.ended_ns is None or span.status == "pending":
        return None
    return max(0.0, _ms(span.ended_ns - span.started_ns))


def _ms(ns: int) -> float:
    return round(ns / 1e6, 3)
