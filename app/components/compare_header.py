"""The head of a comparison: both traces with their sums and what changed between them."""

from typing import Any

import orjson

from weave_core.app.components.bundles import bundle
from weave_core.app.formats import money
from weave_core.app.state import trace_url
from weave_core.model import TraceSummary

__all__ = ["compare_header", "compare_sums"]


def compare_header(content: bytes, *, key: str) -> None:
    """Draw what `compare_sums` gave."""
    bundle("compare_header", "deltas")(key=key, data=content)


def compare_sums(first: TraceSummary, second: TraceSummary, *, back: str) -> bytes:
    """JSON of both traces for the head; `back` is the address of the list they come from."""
    return orjson.dumps({"back": back, "sides": [_side("A", first), _side("B", second)]})


def _side(mark: str, trace: TraceSummary) -> dict[str, Any]:
    return {
        "mark": mark,
        "trace_id": trace.trace_id,
        "name": trace.name,
        "kind": trace.kind,
        "status": trace.status,
        "is_complete": trace.is_complete,
        "started_ms": trace.started_ns / 1e6,
        "duration_ms": trace.duration_ms,
        "span_count": trace.span_count,
        "error_count": trace.error_count,
        "model_call_count": trace.model_call_count,
        "tokens": trace.usage.total_tokens if trace.usage else None,
        "cost_usd": trace.cost_usd,
        "cost": money(trace.cost_usd),
        "models": trace.models,
        "url": trace_url(trace.project, trace.trace_id),
    }
