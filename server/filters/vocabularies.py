"""Which names a filter may use, and what each stands for.

Four vocabularies: spans, traces, runs, feedback.  In that of traces a name of the summary
(`status`, `name`, `duration_ms`, `cost_usd`, ...) means the trace, every other name a span of it;
`span.status` says so explicitly.  `kind` means a span's there as well, since "traces with an LLM
call" is what people ask: the root's own is `root_kind`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    String,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
)

from weave_core.model import FEEDBACK_SOURCES, KINDS, RUN_STATES, Status
from weave_core.server.filters.constructs import JsonIs, JsonNumber, Unindexed
from weave_core.server.filters.feedback import (
    FEEDBACK_TABLE,
    FeedbackTest,
    of_run,
    of_session,
    of_span,
    of_trace,
)
from weave_core.server.filters.previews import PreviewText, TracePreviewText
from weave_core.server.store.run_tables import RunMetricRow, RunRow
from weave_core.server.store.span_keys import REPLY_END, HasKey
from weave_core.server.store.tables import SpanRow, TraceRow, table_of

__all__ = [
    "FEEDBACK",
    "RUNS",
    "RUN_STATE",
    "SILENT_S",
    "SPANS",
    "TRACES",
    "Field",
    "FieldKind",
    "Vocabulary",
    "run_metric",
]

FieldKind = Literal[
    "text", "number", "milliseconds", "time", "bool", "id", "texts", "json", "feedback"
]

SILENT_S = 90.0
"""A run that should be running and was not heard of for so long has crashed; writers that have
nothing to say speak every 15 seconds."""

SPAN: Table = table_of(SpanRow)
RUN: Table = table_of(RunRow)
RUN_METRIC: Table = table_of(RunMetricRow)
TRACE: Table = table_of(TraceRow)
_STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True)
class Field:
    """A name that filters may use."""

    name: str
    kind: FieldKind
    """How it compares: `milliseconds` are stored as nanoseconds, `id` as bytes, `texts` is a JSON
    array, `json` an object that takes a key in brackets, and `feedback` a name."""
    column: ColumnElement[Any]
    is_of_span: bool = False
    """In a filter of traces: it means a span of the trace."""
    values: tuple[str, ...] = ()
    """All texts there are; empty: any."""
    by_key: Callable[[str], ColumnElement[Any]] | None = None
    """Of a field that takes a key in brackets and is no JSON column: the number under that key."""
    key_of: Callable[[Any], ColumnElement[Any]] | None = None
    """The key by which rows with a value are found, where it is one of those of `span_keys`."""
    given: FeedbackTest | None = None
    """Of feedback: whether some is there that passes a condition."""

    def is_one_of(self, values: Sequence[Any]) -> ColumnElement[bool]:
        """Whether the column is one of `values`."""
        found = self.column.in_(values)
        if self.key_of is None:
            return found
        return and_(found, HasKey(SPAN.c.id, [self.key_of(value) for value in values]))


@dataclass(frozen=True)
class Vocabulary:
    """The names of one kind of list."""

    name: Literal["spans", "traces", "runs", "feedback"]
    fields: dict[str, Field]
    searched: tuple[ColumnElement[Any], ...]
    """Columns of a span that `text_search` looks at, beside its previews."""

    @property
    def is_of_traces(self) -> bool:
        """Whether span fields need a look at the trace's spans."""
        return self.name == "traces"


def _tokens(table: Table) -> dict[str, Any]:
    names = ("input", "output", "cache_read", "cache_write", "reasoning", "audio")
    columns: dict[str, Any] = {f"{name}_tokens": table.c[f"{name}_tokens"] for name in names}
    given, made = table.c.input_tokens, table.c.output_tokens
    return columns | {"total_tokens": func.coalesce(given + made, given, made)}


def _times(table: Table) -> list[Field]:
    ended = table.c.start_ns + table.c.duration_ns
    return [
        Field("started_ns", "time", table.c.start_ns),
        Field("started_at", "time", table.c.start_ns),
        Field("ended_ns", "time", ended),
        Field("ended_at", "time", ended),
        Field("duration_ms", "milliseconds", table.c.duration_ns),
        Field("latency_ms", "milliseconds", table.c.duration_ns),
    ]


def _texts(table: Table, *names: str) -> list[Field]:
    return [Field(name, "text", table.c[name]) for name in names]


def _end_of_reply(reply: str) -> ColumnElement[str]:
    return func.substr(literal(reply, String()), literal_column(str(REPLY_END)))


def _feedback(name: str, given: FeedbackTest) -> Field:
    return Field(name, "feedback", FEEDBACK_TABLE.c.value, given=given)


def _numbers(columns: dict[str, Any]) -> list[Field]:
    return [Field(name, "number", column) for name, column in columns.items()]


_SPAN_FIELDS = [
    Field("trace_id", "id", SPAN.c.trace_id),
    Field("span_id", "id", SPAN.c.span_id, key_of=literal),
    Field("parent_span_id", "id", SPAN.c.parent_id),
    Field("kind", "text", SPAN.c.kind, values=KINDS),
    Field("status", "text", SPAN.c.status, values=_STATUSES),
    Field("display_name", "text", func.coalesce(SPAN.c.display_name, SPAN.c.name)),
    *_texts(SPAN, "name", "status_message", "error_type", "service_name", "environment"),
    *_texts(SPAN, "op_name", "op_version", "provider"),
    Field("response_id", "text", SPAN.c.response_id, key_of=_end_of_reply),
    Field("model", "text", SPAN.c.request_model),
    Field("response_model", "text", SPAN.c.model),
    *_texts(SPAN, "agent_name", "session_id", "user_id", "run_id"),
    *(Field(name, "text", PreviewText(name)) for name in ("input_preview", "output_preview")),
    *_times(SPAN),
    *_numbers(_tokens(SPAN)),
    *_numbers({name: SPAN.c[name] for name in ("cost_usd", "input_cost_usd", "output_cost_usd")}),
    Field("time_to_first_token_ms", "number", SPAN.c.time_to_first_token_ms),
    Field("is_duplicate", "bool", SPAN.c.is_duplicate),
    Field("is_root", "bool", SPAN.c.parent_id.is_(None)),
    Field("tags", "texts", SPAN.c.tags),
    # Metadata lies among the filterable attributes under its bare key.
    Field("attributes", "json", SPAN.c.attributes),
    Field("metadata", "json", SPAN.c.attributes),
    _feedback("feedback", of_span),
]

_TRACE_FIELDS = [
    Field("trace_id", "id", TRACE.c.trace_id),
    Field("root_span_id", "id", TRACE.c.root_span_id),
    Field("root_kind", "text", TRACE.c.kind, values=KINDS),
    Field("status", "text", TRACE.c.status, values=_STATUSES),
    *_texts(TRACE, "name", "service_name", "environment", "session_id", "user_id"),
    *(Field(name, "text", TracePreviewText(name)) for name in ("input_preview", "output_preview")),
    *_times(TRACE),
    *_numbers(_tokens(TRACE)),
    *_numbers({name: TRACE.c[name] for name in ("span_count", "error_count", "model_call_count")}),
    Field("cost_usd", "number", TRACE.c.cost_usd),
    Field("is_complete", "bool", TRACE.c.is_complete),
    Field("tags", "texts", TRACE.c.tags),
    Field("models", "texts", TRACE.c.models),
    _feedback("feedback", of_trace),
    _feedback("session_feedback", of_session),
]

_SEARCHED = (SPAN.c.name, SPAN.c.display_name, SPAN.c.status_message)


def _of_span(field: Field, name: str) -> Field:
    """The field in a filter of traces.

    The spans of each trace are found by their trace id.  Without statistics SQLite would rather
    take `newest_spans_by_model` and walk all calls of a model for every trace, 40 times slower.
    """
    column = Unindexed(field.column) if isinstance(field.column, Column) else field.column
    return Field(name, field.kind, column, is_of_span=True, values=field.values, given=field.given)


SPANS = Vocabulary("spans", {field.name: field for field in _SPAN_FIELDS}, _SEARCHED)
TRACES = Vocabulary(
    "traces",
    {field.name: _of_span(field, field.name) for field in _SPAN_FIELDS}
    | {f"span.{field.name}": _of_span(field, f"span.{field.name}") for field in _SPAN_FIELDS}
    | {field.name: field for field in _TRACE_FIELDS},
    _SEARCHED,
)


def _silent_since_ns() -> int:
    return time.time_ns() - int(SILENT_S * 1e9)


RUN_STATE: ColumnElement[str] = case(
    (
        and_(
            RUN.c.state == "running",
            # Asked for as the statement runs, which may be long after it was made.
            RUN.c.seen_ns
            < bindparam("silent_since_ns", None, BigInteger, callable_=_silent_since_ns),
        ),
        "crashed",
    ),
    else_=RUN.c.state,
)
"""The state of a run as of now."""


def run_metric(key: str) -> ColumnElement[Any]:
    """What stands for a key: a number that was set by hand, else what its points come to."""
    packed = (
        select(RUN_METRIC.c.summary)
        .where(RUN_METRIC.c.run_row_id == RUN.c.id, RUN_METRIC.c.key == key)
        .order_by(RUN_METRIC.c.rank)
        .limit(1)
        .correlate(RUN)
        .scalar_subquery()
    )
    by_hand = JsonNumber(RUN.c.summary, key)
    return case((JsonIs(RUN.c.summary, key, "number"), by_hand), else_=packed)


_RUN_DURATION_NS = func.coalesce(RUN.c.ended_ns, RUN.c.heartbeat_ns) - RUN.c.started_ns
_RUN_FIELDS = [
    *_texts(RUN, "run_id", "name", "group_name", "job_type", "notes", "error"),
    Field("state", "text", RUN_STATE, values=RUN_STATES),
    Field("forked_from", "text", RUN.c.parent_run_id),
    *(Field(name, "time", RUN.c.started_ns) for name in ("started_ns", "started_at")),
    *(Field(name, "time", RUN.c.ended_ns) for name in ("ended_ns", "ended_at")),
    *(Field(name, "time", RUN.c.heartbeat_ns) for name in ("heartbeat_ns", "heartbeat_at")),
    Field("duration_ms", "milliseconds", _RUN_DURATION_NS),
    Field("last_step", "number", RUN.c.last_step),
    Field("tags", "texts", RUN.c.tags),
    Field("config", "json", RUN.c.config_flat),
    *(Field(name, "json", RUN.c.summary, by_key=run_metric) for name in ("metrics", "summary")),
    _feedback("feedback", of_run),
]
RUNS = Vocabulary("runs", {field.name: field for field in _RUN_FIELDS}, ())

_FEEDBACK_FIELDS = [
    *_texts(FEEDBACK_TABLE, "feedback_id", "name", "label", "text", "author"),
    *_texts(FEEDBACK_TABLE, "run_id", "session_id", "queue_id"),
    Field("source", "text", FEEDBACK_TABLE.c.source, values=FEEDBACK_SOURCES),
    Field("value", "number", FEEDBACK_TABLE.c.value),
    *(Field(name, "id", FEEDBACK_TABLE.c[name]) for name in ("trace_id", "span_id")),
    *(
        Field(f"{name}_{unit}", "time", FEEDBACK_TABLE.c[f"{name}_ns"])
        for name in ("created", "updated")
        for unit in ("ns", "at")
    ),
]
FEEDBACK = Vocabulary("feedback", {field.name: field for field in _FEEDBACK_FIELDS}, ())
