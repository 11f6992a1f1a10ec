"""Sums of traces, recomputed from their spans whenever some arrive.

Never in the acknowledging path: the transaction that stores spans marks their traces as dirty, and
this step works the marks off.  It reads and replaces, so doing it twice changes nothing, and a late
root, a late child or a better record of a span needs no rule of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from weave_core.server.store.dialects import Dialect
from weave_core.server.store.rows import COUNTED_KINDS

__all__ = ["TraceRollups"]

_TRACES_A_STEP = 400
_MAX_SPANS_A_STEP = 20_000
"""Bound of one step's memory and time; a single longer trace is still done whole."""
_MAX_LISTED = 50
"""Models and tags kept of one trace."""


class _Span(NamedTuple):
    """The columns that sums are made of, in the order of the query."""

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
    output_preview: str | None


_ROOT_ONLY = ("input_preview", "output_preview")
"""Read of roots alone: they are most of a row's text, and only the head's are shown."""

_TOKENS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_tokens",
)
_token_counts: Callable[[_Span], tuple[int | None, ...]] = attrgetter(*_TOKENS)
_COLUMNS = (
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
    *_TOKENS,
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
_KEY = ("project_id", "trace_id")

_DIRTY = """
SELECT d.project_id, d.trace_id, COALESCE(t.span_count, 0)
FROM trace_dirty AS d
LEFT JOIN trace AS t ON t.project_id = d.project_id AND t.trace_id = d.trace_id
ORDER BY d.project_id, d.trace_id LIMIT ?
"""
_SELECTED = ", ".join(
    f"CASE WHEN s.parent_id IS NULL THEN s.{name} END" if name in _ROOT_ONLY else f"s.{name}"
    for name in _Span._fields
)
# The marks lead (SQLite takes CROSS JOIN as an order), each finding its spans by their identity;
# asked to sort by time, SQLite walked the whole project instead, which was 20 times slower.
_SPANS = f"""
SELECT {_SELECTED} FROM trace_dirty AS d CROSS JOIN span AS s
WHERE s.project_id = d.project_id AND s.trace_id = d.trace_id
AND (d.project_id, d.trace_id) <= (?, ?)
"""  # noqa: S608  # Names of our own columns.
_PREVIEWS = """
SELECT input_preview, output_preview FROM span
WHERE project_id = ? AND trace_id = ? AND span_id = ?
"""


class TraceRollups:
    """Works off the marks of `trace_dirty`."""

    def __init__(self, dialect: Dialect) -> None:
        self._dirty = dialect.sql(_DIRTY)
        self._spans = dialect.sql(_SPANS)
        self._previews = dialect.sql(_PREVIEWS)
        self._replace = dialect.upsert("trace", _COLUMNS, _KEY)
        self._clear = dialect.sql("DELETE FROM trace_dirty WHERE project_id = ? AND trace_id = ?")

    def step(self, connection: Connection) -> bool:
        """Recompute some dirty traces, in the caller's transaction; whether more are waiting."""
        marks = connection.exec_driver_sql(self._dirty, (_TRACES_A_STEP,)).all()
        if not marks:
            return False
        keys = _affordable(marks)
        by_trace: dict[tuple[int, bytes], list[_Span]] = {key: [] for key in keys}
        for row in connection.exec_driver_sql(self._spans, keys[-1]):
            span = _Span._make(row)
            by_trace[span.project_id, span.trace_id].append(span)
        rows = [self._row(connection, spans) for spans in by_trace.values() if spans]
        if rows:
            connection.exec_driver_sql(self._replace, rows)
        connection.exec_driver_sql(self._clear, keys)
        return len(keys) < len(marks) or len(marks) == _TRACES_A_STEP

    def _row(self, connection: Connection, spans: list[_Span]) -> tuple[Any, ...]:
        spans.sort(key=_by_start)
        root = next((span for span in spans if span.parent_id is None), None)
        # Until the root comes, the first span that lacks its parent stands for the trace.
        head = root or self._stand_in(connection, spans)
        sums = _sums(spans)
        return (
            head.project_id,
            head.trace_id,
            root.span_id if root else None,
            head.service_name,
            head.name,
            head.kind,
            head.status,
            spans[0].start_ns,
            _duration_ns(spans, head),
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
            root is not None and not sums.is_pending,
        )

    def _stand_in(self, connection: Connection, spans: Sequence[_Span]) -> _Span:
        known = {span.span_id for span in spans}
        head = next((span for span in spans if span.parent_id not in known), spans[0])
        key = (head.project_id, head.trace_id, head.span_id)
        previews = connection.exec_driver_sql(self._previews, key).one()
        return head._replace(input_preview=previews[0], output_preview=previews[1])


_by_start = attrgetter("start_ns", "span_id")


def _affordable(marks: Sequence[Any]) -> list[tuple[int, bytes]]:
    """The first of `marks` that one step can take, at least one; by the size last seen."""
    keys: list[tuple[int, bytes]] = []
    span_count = 0
    for project_id, trace_id, known_count in marks:
        span_count += known_count
        if keys and span_count > _MAX_SPANS_A_STEP:
            break
        keys.append((project_id, trace_id))
    return keys


@dataclass(slots=True)
class _Sums:
    error_count: int = 0
    model_call_count: int = 0
    tokens: list[int | None] = field(default_factory=lambda: [None] * len(_TOKENS))
    cost_usd: float | None = None
    models: dict[str, None] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    is_pending: bool = False


def _sums(spans: Iterable[_Span]) -> _Sums:
    """Sums over `spans`; usage and cost count model calls only, each once."""
    sums = _Sums()
    for span in spans:
        if span.status == "error":
            sums.error_count += 1
        if span.duration_ns is None:
            sums.is_pending = True
        if span.tags:
            sums.tags.update(dict.fromkeys(orjson.loads(span.tags)))
        if span.kind in COUNTED_KINDS and not span.is_duplicate:
            _add_call(sums, span)
    return sums


def _add_call(sums: _Sums, span: _Span) -> None:
    sums.model_call_count += 1
    if span.model:
        sums.models[span.model] = None
    if span.cost_usd is not None:
        sums.cost_usd = (sums.cost_usd or 0.0) + span.cost_usd
    for index, count in enumerate(_token_counts(span)):
        if count is not None:
            sums.tokens[index] = (sums.tokens[index] or 0) + count


def _duration_ns(spans: Sequence[_Span], head: _Span) -> int | None:
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
