"""The sums above a list of traces; pure functions over summaries."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from weave_core.model import TraceSummary

__all__ = ["Headline", "headline_of"]


@dataclass(frozen=True)
class Headline:
    """Sums over traces."""

    count: int
    is_partial: bool
    """There are more traces than were looked at."""
    error_share: float
    p50_ms: float | None
    p95_ms: float | None
    total_tokens: int | None
    cost_usd: float | None
    """Of the traces whose cost is known; None when none is."""
    unpriced: int
    """Traces with model calls whose cost is not known."""


def headline_of(traces: Sequence[TraceSummary], *, is_partial: bool) -> Headline:
    """Sums over `traces`; percentiles are of those that have ended (nearest rank)."""
    ended = sorted(trace.duration_ms for trace in traces if trace.duration_ms is not None)
    costs = [trace.cost_usd for trace in traces if trace.cost_usd is not None]
    counts = [trace.usage.total_tokens for trace in traces if trace.usage]
    tokens = [count for count in counts if count is not None]
    failed = sum(trace.status == "error" for trace in traces)
    return Headline(
        count=len(traces),
        is_partial=is_partial,
        error_share=failed / len(traces) if traces else 0.0,
        p50_ms=_rank(ended, 0.50),
        p95_ms=_rank(ended, 0.95),
        total_tokens=sum(tokens) if tokens else None,
        cost_usd=math.fsum(costs) if costs else None,
        unpriced=sum(bool(trace.model_call_count) and trace.cost_usd is None for trace in traces),
    )


def _rank(values: list[float], share: float) -> float | None:
    if not values:
        return None
    return values[max(0, math.ceil(share * len(values)) - 1)]
