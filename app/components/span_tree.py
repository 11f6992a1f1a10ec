"""The tree and waterfall of a trace: from spans to columns, and the span that was chosen."""

from collections.abc import Sequence
from typing import Final

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.model import KINDS, Kind, SpanColumns, Status

__all__ = ["parent_rows", "span_columns", "span_tree"]

_STATUS: Final[dict[Status, int]] = {"unset": 0, "ok": 1, "error": 2, "pending": 3}
_KIND_ROWS: Final[dict[Kind, int]] = {kind: row for row, kind in enumerate(KINDS)}
_MAX_NAME = 200


def span_tree(columns: bytes, *, key: str) -> str | None:
    """Draw the tree of `span_columns` and return the id of the span chosen there, if any."""
    result = bundle("span_tree", "tree_rows")(key=key, data=columns, on_span_change=lambda: None)
    chosen = result.get("span")
    return chosen if isinstance(chosen, str) else None


def span_columns(trace_id: str, spans: SpanColumns, *, selected: str | None) -> bytes:
    """What the drawing needs of `spans`, as JSON in columns: about 110 bytes a span.

    Times are milliseconds since the first span began.  `parent` is the row of the parent or -1;
    a span whose parent is not there (late, lost, or in a circle) stands at the top.

    Args:
        trace_id: Ties the reader's folds and scroll position to this trace.
        spans: In the order they began.
        selected: Id of the span to open with.
    """
    begin = min(spans.started_ns, default=0)
    models = {
        model: row for row, model in enumerate(sorted(set(spans.model) - {None, ""}, key=str))
    }
    starts = [round((start - begin) / 1e6, 3) for start in spans.started_ns]
    durations = [
        None if lasted is None or status == "pending" else max(0.0, round(lasted, 3))
        for lasted, status in zip(spans.duration_ms, spans.status, strict=True)
    ]
    ends = [start + (lasted or 0.0) for start, lasted in zip(starts, durations, strict=True)]
    return orjson.dumps(
        {
            "trace_id": trace_id,
            "selected": selected,
            "kinds": KINDS,
            "models": [str(model)[:_MAX_NAME] for model in models],
            "total": max(ends, default=0.0),
            "id": spans.span_id,
            "parent": parent_rows(spans.span_id, spans.parent_span_id),
            "name": [name[:_MAX_NAME] for name in spans.name],
            "kind": [_KIND_ROWS[kind] for kind in spans.kind],
            "start": starts,
            "dur": durations,
            "status": [_STATUS[status] for status in spans.status],
            "tokens": spans.total_tokens,
            "cost": spans.cost_usd,
            "model": [models.get(model, -1) for model in spans.model],
        }
    )


def parent_rows(ids: Sequence[str], parent_ids: Sequence[str | None]) -> list[int]:
    """Row of each span's parent, with every circle cut open at the span that began first."""
    rows = {span_id: row for row, span_id in enumerate(ids)}
    parents = [rows.get(parent or "", -1) for parent in parent_ids]
    state = [0] * len(parents)  # 0: not looked at, 1: on the way now, 2: known to reach the top.
    for first in range(len(parents)):
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
