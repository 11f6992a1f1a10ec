"""The tables that a query may read: views of one project with names that people know.

A view is a common table expression in front of the query, so it is part of no schema and needs no
migration.  Ids are lowercase hex, times are nanoseconds (`_ns`) and ISO texts (`_at`), lists and
maps are JSON.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from weave_core.server.filters.previews import preview_sql, trace_preview_sql
from weave_core.server.store.attribute_names import written_out_sql
from weave_core.server.store.shared_texts import spelled_sql

__all__ = ["DIALECTS", "READ_TABLES", "VIEWS", "View", "ViewColumn", "list_tables"]

ColumnType = Literal["text", "integer", "number", "boolean", "json"]


@dataclass(frozen=True)
class _Spelling:
    """What databases spell differently."""

    hex_id: Callable[[str], str]
    preview: Callable[[str], str]
    trace_preview: Callable[[str], str]
    shared: Callable[[str], str]
    """The text in a column that many rows share."""
    attributes: Callable[[str], str]
    """JSON with the names that senders gave."""
    moment: Callable[[str], str]
    """Nanoseconds to `2026-01-31T12:00:00.000Z`."""


DIALECTS: dict[str, _Spelling] = {
    "sqlite": _Spelling(
        hex_id=lambda column: f"CASE WHEN {column} IS NOT NULL THEN lower(hex({column})) END",
        preview=preview_sql,
        trace_preview=trace_preview_sql,
        shared=lambda column: spelled_sql(column, "sqlite"),
        attributes=written_out_sql,
        moment=lambda ns: f"strftime('%Y-%m-%dT%H:%M:%fZ', ({ns}) / 1000000000.0, 'unixepoch')",
    ),
    "postgresql": _Spelling(
        hex_id=lambda column: f"encode({column}, 'hex')",
        preview=lambda name: name,
        trace_preview=lambda name: name,
        shared=lambda column: column,
        attributes=lambda column: f"({written_out_sql(f'({column})::text')})::json",
        moment=lambda ns: (
            f"to_char(to_timestamp(({ns}) / 1000000000.0) AT TIME ZONE 'UTC',"
            """ 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
        ),
    ),
}
READ_TABLES = frozenset(
    (
        *("span", "shared_text", "trace", "log_record", "metric_series", "metric_point"),
        *("run", "run_metric", "feedback"),
    )
)
"""What the views are made of; the database is told to read nothing else."""


@dataclass(frozen=True)
class ViewColumn:
    """One column."""

    name: str
    type: ColumnType
    meaning: str
    source: Callable[[_Spelling], str]
    """Its SQL."""


@dataclass(frozen=True)
class View:
    """One table, as a query sees it."""

    name: str
    meaning: str
    source: str
    """FROM and WHERE, with `{project}` for the project's row id."""
    columns: tuple[ViewColumn, ...]

    def sql(self, dialect: str, project_id: int) -> str:
        """The SELECT behind the name."""
        spelling = DIALECTS[dialect]
        columns = ", ".join(
            f"{column.source(spelling)} AS {column.name}" for column in self.columns
        )
        return f"SELECT {columns} FROM {self.source.format(project=int(project_id))}"  # noqa: S608  # Our own text and a whole number.


def list_tables() -> list[dict[str, object]]:
    """Name, meaning and columns of each view."""
    return [
        {
            "name": view.name,
            "description": view.meaning,
            "columns": [
                {"name": column.name, "type": column.type, "description": column.meaning}
                for column in view.columns
            ],
        }
        for view in VIEWS.values()
    ]


def _plain(kind: ColumnType, name: str, meaning: str = "", source: str = "") -> ViewColumn:
    return ViewColumn(name, kind, meaning, lambda _: source or name)


def _id(name: str, meaning: str, source: str = "") -> ViewColumn:
    return ViewColumn(name, "text", meaning, lambda spelling: spelling.hex_id(source or name))


def _shared(name: str, meaning: str = "", source: str = "") -> ViewColumn:
    return ViewColumn(name, "text", meaning, lambda spelling: spelling.shared(source or name))


def _preview(name: str) -> ViewColumn:
    return ViewColumn(
        name, "text", "The first 200 characters", lambda spelling: spelling.preview(name)
    )


def _trace_preview(name: str) -> ViewColumn:
    return ViewColumn(name, "text", "", lambda spelling: spelling.trace_preview(name))


def _moment(name: str, meaning: str, source: str) -> list[ViewColumn]:
    return [
        ViewColumn(f"{name}_ns", "integer", f"{meaning}, in nanoseconds", lambda _: source),
        ViewColumn(f"{name}_at", "text", f"{meaning}, ISO in UTC", lambda s: s.moment(source)),
    ]


def _each(kind: ColumnType, names: str) -> Iterable[ViewColumn]:
    return [_plain(kind, name) for name in names.split()]


_TIMES = [
    *_moment("started", "Start", "start_ns"),
    *_moment("ended", "End; null while pending", "start_ns + duration_ns"),
    _plain("number", "duration_ms", "End minus start", "duration_ns / 1000000.0"),
]
_TOKENS = [
    _plain("integer", "input_tokens", "With cached ones"),
    _plain("integer", "output_tokens", "With reasoning"),
    _plain(
        "integer",
        "total_tokens",
        "Of both",
        "COALESCE(input_tokens + output_tokens, input_tokens, output_tokens)",
    ),
    *_each("integer", "cache_read_tokens cache_write_tokens reasoning_tokens audio_tokens"),
]

_SPANS = View(
    "spans",
    "One row a span. Sums over model calls say `where not is_duplicate`: a call that two"
    " instrumentations report has two spans.",
    "span WHERE project_id = {project}",
    (
        _id("trace_id", "Its trace"),
        _id("span_id", "Its own"),
        _id("parent_span_id", "Null on roots", "parent_id"),
        _shared("name", "As sent"),
        _shared("display_name", "As shown", "COALESCE(display_name, name)"),
        _plain("text", "kind", "llm, tool, agent, ..."),
        _plain("text", "status", "ok, error, unset or pending"),
        _plain("text", "status_message"),
        _shared("error_type"),
        *_TIMES,
        *map(_shared, ("service_name", "environment", "op_name", "op_version", "provider")),
        _shared("model", "As requested", "request_model"),
        _shared("response_model", "The one that answered, else the requested", "model"),
        _plain("text", "response_id", "The provider's"),
        *_TOKENS,
        *_each("number", "input_cost_usd output_cost_usd"),
        _plain("number", "cost_usd", "Null where unknown"),
        _shared("cost_source", "given or computed"),
        _plain("boolean", "is_duplicate", "Another span reports the same model call"),
        _shared("agent_name"),
        *_each("text", "session_id user_id run_id"),
        _plain("number", "time_to_first_token_ms"),
        _preview("input_preview"),
        _preview("output_preview"),
        _plain("json", "tags", "A list of texts"),
        ViewColumn(
            "attributes",
            "json",
            "Short ones, and metadata: attributes ->> 'tier'",
            lambda spelling: spelling.attributes("attributes"),
        ),
    ),
)
_TRACES = View(
    "traces",
    "One row a trace, with sums that count each model call once; a second or so behind its spans.",
    "trace WHERE project_id = {project}",
    (
        _id("trace_id", "Its own"),
        _id("root_span_id", "Null while the root has not arrived"),
        *_each("text", "service_name name"),
        _plain("text", "kind", "Of the root"),
        _plain("text", "status", "Of the root"),
        *_TIMES,
        *_each("integer", "span_count error_count model_call_count"),
        *_TOKENS,
        _plain("number", "cost_usd", "Null where unknown"),
        _plain("json", "models", "A list of texts"),
        *_each("text", "session_id user_id environment"),
        _plain("json", "tags", "A list of texts"),
        _trace_preview("input_preview"),
        _trace_preview("output_preview"),
        _plain("boolean", "is_complete", "The root is here and nothing is pending"),
    ),
)
_LOGS = View(
    "logs",
    "One row a log record, without its body.",
    "log_record WHERE project_id = {project}",
    (
        _id("trace_id", "Null on records outside of traces"),
        _id("span_id", "Likewise"),
        *_moment("time", "When it happened, else when it was seen", "time_ns"),
        _plain("integer", "severity_number", "1 to 24, more is worse; 0: not given"),
        _plain("text", "event_name"),
        _plain("boolean", "is_event", "Read as an event of its span"),
    ),
)
_METRICS = View(
    "metrics",
    "One row a metric point.",
    "metric_series AS s JOIN metric_point AS p ON p.series_id = s.id"
    " WHERE s.project_id = {project}",
    (
        _plain("text", "name", "Of the metric", "s.name"),
        _plain("text", "unit", "", "s.unit"),
        _plain("text", "kind", "gauge, sum, histogram, ...", "s.kind"),
        _plain("text", "temporality", "delta, cumulative or empty", "s.temporality"),
        _plain("json", "attributes", "Of the line that the point is on", "s.attributes"),
        *_moment("time", "When it was measured", "p.time_ns"),
        _plain("number", "value", "Of gauges and sums", "p.value"),
        _plain("integer", "count", "Of histograms and summaries, as the next three", "p.count"),
        _plain("number", "sum", "", "p.sum"),
        _plain("number", "min", "", "p.min"),
        _plain("number", "max", "", "p.max"),
    ),
)

_RUNS = View(
    "runs",
    "One row a training run.",
    "run WHERE project_id = {project}",
    (
        _plain("text", "run_id"),
        _plain("text", "name"),
        _plain("text", "group_name", "Shared by runs of one experiment"),
        _plain("text", "job_type"),
        _plain("text", "state", "As its programs told it: one that went silent is still running"),
        *_moment("started", "Start", "started_ns"),
        *_moment("ended", "End; null while it runs", "ended_ns"),
        *_moment("heard", "When a program of it was last heard of", "heartbeat_ns"),
        _plain("integer", "last_step"),
        *_each("text", "error notes"),
        _plain("text", "forked_from", "Id of the run it began with", "parent_run_id"),
        _plain("json", "tags", "A list of texts"),
        _plain("json", "config", "Nested keys with dots: config ->> 'model.depth'", "config_flat"),
        _plain("json", "summary", "Values that were set by hand"),
    ),
)
_RUN_METRICS = View(
    "run_metrics",
    "One row a metric of a run by one of its ranks, some seconds behind what is logged.",
    "run AS r JOIN run_metric AS m ON m.run_row_id = r.id WHERE r.project_id = {project}",
    (
        _plain("text", "run_id", "", "r.run_id"),
        _plain("text", "key", "The metric", "m.key"),
        _plain("integer", "rank", "Of the program that logged it", "m.rank"),
        _plain("number", "value", "What stands for it, as define_metric says", "m.summary"),
        _plain("integer", "count", "Points", "m.count"),
        _plain("integer", "bad_count", "Points that are NaN or infinite", "m.nan_count"),
        _plain("number", "min", "Of the finite ones", "m.min"),
        _plain("number", "max", "Likewise", "m.max"),
        _plain("number", "first", "", "m.first"),
        _plain("number", "last", "", "m.last"),
        _plain("integer", "first_step", "", "m.first_step"),
        _plain("integer", "last_step", "", "m.last_step"),
    ),
)
_FEEDBACK = View(
    "feedbacks",  # Not as the table: SQLite takes that for a circle.
    "One row a verdict of somebody on a trace, a span, a run or a session.",
    "feedback WHERE project_id = {project}",
    (
        _plain("text", "feedback_id"),
        _plain("text", "name", "What is judged"),
        _plain("number", "value"),
        *_each("text", "label text"),
        _plain("text", "source", "human, code, llm or end_user"),
        _plain("text", "author"),
        _id("trace_id", "Of the trace; null on runs and sessions"),
        _id("span_id", "Null: of the trace as a whole"),
        *_each("text", "run_id session_id"),
        _plain("text", "queue_id", "Of the annotation queue it was given in"),
        *_moment("created", "When it was given", "created_ns"),
    ),
)

VIEWS: dict[str, View] = {
    view.name: view for view in (_SPANS, _TRACES, _LOGS, _METRICS, _RUNS, _RUN_METRICS, _FEEDBACK)
}
