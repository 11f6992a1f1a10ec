"""What a trace's sums are made of, and the adding up: no database here."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from weave_core.server.normalise.kinds import COUNTED_KINDS

__all__ = ["TOKEN_COLUMNS", "TRACE_COLUMNS", "SpanSums", "trace_row"]

_MAX_LISTED = 50
"""Models and tags kept of one trace."""


class SpanSums(NamedTuple):
    """The columns that sums are made of, in the order of the query."""

    id: int
    project_id: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    name: str
    kind: str
    status: str
    start_ns: int
    duration_ns: int | None
    service_name: str | None
    environment: str | None
    model: str | None
    request_model: str | None
    response_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    reasoning_tokens: int | None
    audio_tokens: int | None
    cost_usd: float | None
    is_duplicate: bool
    session_id: str | None
    user_id: str | None
    tags: str | None
    input_preview: str | None
    """Of the head alone."""
    output_preview: str | None
    has_content: bool
    """Whether there is something to preview, root or not."""


TOKEN_COLUMNS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_tokens",
)
TRACE_COLUMNS = (
    "project_id",
    "trace_id",
    "root_span_id",
    "service_name",
    "name",
    "kind",
    "status",
    "start_ns",
    "duration_ns",
    "span_count",
    "error_count",
    "model_call_count",
    *TOKEN_COLUMNS,
    "cost_usd",
    "models",
    "session_id",
    "user_id",
    "environment",
    "tags",
    "input_preview",
    "output_preview",
    "is_complete",
)
_token_counts: Callable[[SpanSums], tuple[int | None, ...]] = attrgetter(*TOKEN_COLUMNS)


def trace_row(
    spans: Sequence[SpanSums], *, head: SpanSums, duplicates: Container[int]
) -> tuple[Any, ...]:
    """The row of a trace, in the order of `TRACE_COLUMNS`.

    Args:
        spans: All of the trace, by start; at least one.
        head: The root; until it comes, the one that stands for the trace.
        duplicates: Row ids of spans that must not be counted.
    """
    sums = _sums(spans, duplicates)
    has_root = head.parent_id is None
    return (
        head.project_id,
        head.trace_id,
        head.span_id if has_root else None,
        head.service_name,
        head.name,
        head.kind,
        head.status,
        spans[0].start_ns,
        _wall_ns(spans, head),
        len(spans),
        sums.error_count,
        sums.model_call_count,
        *sums.tokens,
        sums.cost_usd,
        _json_list(sums.models),
        head.session_id or _most_frequent(span.session_id for span in spans),
        head.user_id or _most_frequent(span.user_id for span in spans),
        head.environment or _most_frequent(span.environment for span in spans),
        _json_list(sums.tags),
        head.input_preview,
        head.output_preview,
        has_root and not sums.is_pending,
    )


@dataclass(slots=True)
class _TraceSums:
    error_count: int = 0
    model_call_count: int = 0
    tokens: list[int | None] = field(default_factory=lambda: [None] * len(TOKEN_COLUMNS))
    cost_usd: float | None = None
    models: dict[str, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    is_pending: bool = False


def _sums(spans: Iterable[SpanSums], duplicates: Container[int]) -> _TraceSums:
    """Sums over `spans`; usage and cost count model calls only, each once."""
    sums = _TraceSums()
    for span in spans:
        if span.status == "error":
            sums.error_count += 1
        if span.duration_ns is None:
            sums.is_pending = True
        if span.tags:
            sums.tags.update(dict.fromkeys(orjson.loads(span.tags)))
        if span.kind in COUNTED_KINDS and span.id not in duplicates:
            _add_call(sums, span)
    return sums


def _add_call(sums: _TraceSums, span: SpanSums) -> None:
    sums.model_call_count += 1
    if span.model:
        sums.models[span.model] = None
    if span.cost_usd is not None:
        sums.cost_usd = (sums.cost_usd or 0.0) + span.cost_usd
    for index, count in enumerate(_token_counts(span)):
        if count is not None:
            sums.tokens[index] = (sums.tokens[index] or 0) + count


def _wall_ns(spans: Sequence[SpanSums], head: SpanSums) -> int | None:
    """From the first start to the last end; None while the head runs."""
    if head.duration_ns is None:
        return None
    ends = (span.start_ns + span.duration_ns for span in spans if span.duration_ns is not None)
    return max(ends) - spans[0].start_ns


def _most_frequent(values: Iterable[str | None]) -> str | None:
    counts = Counter(value for value in values if value)
    return counts.most_common(1)[0][0] if counts else None


def _json_list(values: Iterable[str]) -> str | None:
    kept = list(values)[:_MAX_LISTED]
    return orjson.dumps(kept).decode() if kept else None
