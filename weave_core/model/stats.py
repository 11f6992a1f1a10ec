"""Sums over spans: by group and time, by value, by session."""

from pydantic import RootModel

from weave_core.model.scores import SpanScore
from weave_core.model.spans import Usage
from weave_core.model.values import Value

__all__ = ["FacetValue", "Facets", "Latency", "SessionSummary", "Stats"]


class Latency(Value):
    """Milliseconds of spans that have ended; None where there are none."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    mean: float | None = None


class Stats(Value):
    """Sums of one group in one bucket; a group's keys that were not asked for are None.

    Each model call counts once; by tag a span counts for each of its tags.
    """

    bucket_ns: int | None = None
    """Where the bucket begins."""
    agent: str | None = None
    environment: str | None = None
    kind: str | None = None
    model: str | None = None
    name: str | None = None
    op: str | None = None
    provider: str | None = None
    response_model: str | None = None
    run: str | None = None
    service: str | None = None
    session: str | None = None
    status: str | None = None
    tag: str | None = None
    user: str | None = None
    count: int
    error_count: int
    latency_ms: Latency
    tokens: Usage | None = None
    cost_usd: float | None = None


class FacetValue(Value):
    """A value with the number of spans that have it."""

    value: str | bool
    count: int


class Facets(RootModel[dict[str, list[FacetValue]]]):
    """Field to its most frequent values, most first."""


class SessionSummary(Value):
    """A conversation: traces with the same session."""

    session_id: str
    trace_count: int
    error_count: int
    first_ns: int
    last_ns: int
    """End of the last trace."""
    user_id: str | None = None
    input_preview: str | None = None
    """What its first trace was asked; with a filter, the first that passed."""
    tokens: Usage | None = None
    cost_usd: float | None = None
    scores: list[SpanScore] = []
    """Feedback on the session itself, the newest last."""
