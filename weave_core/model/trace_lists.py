"""What is said of a list of traces besides its rows: sums, and what has changed since."""

from weave_core.model.spans import Usage
from weave_core.model.stats import Latency
from weave_core.model.traces import TraceSummary
from weave_core.model.values import Value

__all__ = ["TraceChanges", "TraceSums"]


class TraceSums(Value):
    """Sums over traces, each model call once."""

    count: int
    error_count: int
    """Traces that failed."""
    running_count: int
    """Traces that are not complete."""
    unpriced_count: int
    """Traces with model calls whose cost is not known."""
    latency_ms: Latency
    tokens: Usage | None = None
    cost_usd: float | None = None
    """Of the traces whose cost is known; None when none is."""


class TraceChanges(Value):
    """What a list of traces has to change to be as the store is now."""

    items: list[TraceSummary]
    """New or changed, and passing the filter; in no order."""
    left: list[str]
    """Ids of traces that changed and do not pass the filter now."""
    next: str
    """Give it back as `since` for what comes after; opaque."""
